// SPDX-License-Identifier: LGPL-2.1-or-later
// Services that an image says by its labels. They reach a host in the config.json of an OCI bundle,
// beside the tree in BUNDLE/rootfs: as "annotations" of a runtime configuration, which tools that
// unpack images make of labels (image-spec, conversion.md), or as "Labels" in the "config" of an
// image configuration.
//
//     io.boxctl.services=PATH         a directory or file of the tree, for box-init --services
//     io.boxctl.service.NAME=TEXT     one service: the text of a service file, or its command
//
// They are data of the image, as the tree is: nothing in them means anything outside of the box.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::host {

/// The text of NAME.service.ini.
struct ServiceText {
    std::string name;
    std::string text;
};

/// One of the two is empty.
struct ServiceLabels {
    std::string path;                ///< absolute, in the tree
    std::vector<ServiceText> texts;  ///< in the file's order
};

/// From a config.json. Nullopt: it has no label of ours. Errors: it is no JSON; a label is no text,
/// has no absolute path or a name that is none of a service's; one that is misspelt; both kinds.
Result<std::optional<ServiceLabels>> parse_service_labels(std::string_view text);

/// Of the bundle that `root` is the rootfs of; nullopt also when it is none: it has another name,
/// or no config.json is beside it. Errors moreover: the file is no regular file or larger than 1
/// MiB, the label's path is not in the tree.
Result<std::optional<ServiceLabels>> read_service_labels(os::BorrowedFd root);

/// BUNDLE/rootfs for a directory that is an OCI bundle: it has a config.json, a rootfs and no usr,
/// so that it is no tree itself. Empty for any other, and for what cannot be opened.
std::string rootfs_of_bundle(const std::string& directory);

}  // namespace boxctl::host
