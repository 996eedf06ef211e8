// SPDX-License-Identifier: LGPL-2.1-or-later
// Overlay mounts. Redirects and metadata-only copies are never followed: a layer that came with
// trusted.overlay.* attributes of its own could otherwise show files of other layers (B15).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::rootfs {

/// Directories of one overlay as paths the kernel can resolve (/proc/self/fd/N, no escapes needed).
/// The descriptors behind them must be attached mounts and stay open until the overlay is made.
struct OverlayLayers {
    std::vector<std::string> lowers;  ///< top first, as the kernel wants them
    std::string upper;                ///< empty: read-only
    std::string work;
    /// Upper and work directory are on an id-mapped mount, where only ids from here on exist.
    uint32_t id_base = 0;
    std::vector<os::UniqueFd> held;
};

/// A detached tmpfs with "upper" (owner and mode of `model`) and "work"; names them in `layers`.
Result<os::UniqueFd> make_scratch_layers(os::BorrowedFd model, uint32_t id_base,
                                         OverlayLayers& layers);

/// The detached overlay.
Result<os::UniqueFd> make_overlay(const OverlayLayers& layers, uint64_t attributes);

}  // namespace boxctl::rootfs
