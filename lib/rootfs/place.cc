// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/rootfs/place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/rootfs/as_box_root.h"

namespace boxctl::rootfs {

Result<Place> place_of(const std::string& target, Build& build) {
    auto [directory, name] = os::split_path(target);
    if (!build.place.valid() || build.place_path != directory) {
        build.place = BOX_TRY(os::open_in(build.root, directory, O_PATH | O_DIRECTORY));
        build.place_path = std::move(directory);
    }
    return Place{build.place, std::move(name)};
}

Result<os::UniqueFd> open_target(const MountOp& op, PlaceType type, Build& build) {
    // What is attached there may cover the directory, or one above it.
    build.place.reset();
    auto found = os::open_in(build.root, op.target, O_PATH);
    const bool absent = !found && found.error().code() == ENOENT;
    if (!absent || op.missing != Missing::create) return found;
    const AsBoxRoot as_box_root(build.id_base);
    BOX_TRY(as_box_root.check());
    if (type == PlaceType::directory) return os::make_directories_in(build.root, op.target);
    const auto [directory, name] = os::split_path(op.target);
    const os::UniqueFd parent = BOX_TRY(os::make_directories_in(build.root, directory));
    if (mknodat(parent.get(), name.c_str(), S_IFREG | 0644, 0) < 0) {
        return errno_error("make an empty file " + quote(op.target));
    }
    return os::open_in(build.root, op.target, O_PATH);
}

}  // namespace boxctl::rootfs
