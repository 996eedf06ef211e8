// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/rootfs/overlay.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/rootfs/as_box_root.h"

namespace boxctl::rootfs {
namespace {

/// The kernel keeps the credentials of whoever makes an overlay, and makes its work directory and
/// copies files up with them. The id has to exist on the layers' mount, while the power over files
/// of any owner, which a change of the id takes away by default, has to stay.
Result<os::UniqueFd> make_as(uint32_t id_base,
                             const std::vector<std::pair<std::string, std::string>>& options,
                             uint64_t attributes) {
    const int bits = prctl(PR_GET_SECUREBITS);
    if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0) {
        return errno_error("keep capabilities");
    }
    auto made = [&]() -> Result<os::UniqueFd> {
        const AsBoxRoot as_box_root(id_base);
        BOX_TRY(as_box_root.check());
        return os::make_filesystem("overlay", "overlay", options, attributes);
    }();
    if (prctl(PR_SET_SECUREBITS, bits) < 0) return errno_error("stop keeping capabilities");
    return made;
}

}  // namespace

Result<os::UniqueFd> make_scratch_layers(os::BorrowedFd model, uint32_t id_base,
                                         OverlayLayers& layers) {
    const struct stat as = BOX_TRY(os::status_of(model));
    const std::string owner = format("%u", id_base);
    os::UniqueFd scratch = BOX_TRY(os::make_filesystem(
            "tmpfs", "scratch", {{"mode", "0700"}, {"size", "50%"}, {"uid", owner}, {"gid", owner}},
            0));
    for (const char* name : {"upper", "work"}) {
        if (mkdirat(scratch.get(), name, 0755) < 0) return errno_error("make the scratch layer");
    }
    os::UniqueFd upper = BOX_TRY(os::open_in(scratch, "/upper", O_RDONLY | O_DIRECTORY));
    os::UniqueFd work = BOX_TRY(os::open_in(scratch, "/work", O_PATH | O_DIRECTORY));
    if (fchown(upper.get(), as.st_uid, as.st_gid) < 0 ||
        fchmod(upper.get(), as.st_mode & 07777U) < 0) {
        return errno_error("shape the scratch layer");
    }
    layers.upper = os::fd_path(upper);
    layers.work = os::fd_path(work);
    layers.held.push_back(std::move(upper));
    layers.held.push_back(std::move(work));
    return scratch;
}

Result<os::UniqueFd> make_overlay(const OverlayLayers& layers, uint64_t attributes) {
    std::vector<std::pair<std::string, std::string>> options = {
            {"lowerdir", join(layers.lowers, ":")},
            {"redirect_dir", "nofollow"},
            {"metacopy", "off"},
    };
    if (!layers.upper.empty()) {
        options.emplace_back("upperdir", layers.upper);
        options.emplace_back("workdir", layers.work);
    }
    return make_as(layers.id_base, options, attributes);
}

}  // namespace boxctl::rootfs
