// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/host/facts.h"
#include "lib/os/file.h"

namespace boxctl::host {
namespace {

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> endings) {
    for (const std::string_view ending : endings) {
        if (text.ends_with(ending)) return true;
    }
    return false;
}

// What to do with a root that is a file, judged by its name.
std::string hint_for_file(const std::string& path) {
    if (ends_with_any(path,
                      {".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tar.bz2"})) {
        return "it looks like an archive: unpack it into a directory first (tar -xf FILE -C DIR)";
    }
    if (ends_with_any(path, {".squashfs", ".sqfs", ".erofs", ".iso"})) {
        return "it looks like a file system image: mount it first (mount -o loop,ro FILE DIR)";
    }
    if (ends_with_any(path, {".raw", ".img", ".ext4"})) {
        return "it looks like a disk image: mount its root file system on a directory first";
    }
    if (ends_with_any(path, {".qcow2", ".vmdk", ".vdi", ".vhd", ".vhdx"})) {
        return "it looks like the disk of a virtual machine: convert and mount it first";
    }
    return {};
}

Error open_error(const std::string& path, Error error) {
    if (error.code() == ENOENT) return Error("root " + quote(path) + " does not exist");
    if (error.code() == ELOOP) {
        return Error("root " + quote(path) + " leads through a loop or a link of /proc");
    }
    if (error.code() == ENOTDIR) {
        Error refusal("root " + quote(path) + " is not a directory");
        refusal.set_hint(hint_for_file(path));
        return refusal;
    }
    error.add_context("root");
    return error;
}

}  // namespace

Result<os::UniqueFd> open_root(const std::string& directory) {
    if (directory.empty()) return Error("no root directory was given");
    auto opened = os::open_named(directory, O_PATH | O_DIRECTORY);
    if (!opened) return open_error(directory, std::move(opened).error());
    os::UniqueFd root = std::move(opened).value();
    // A descriptor with O_PATH comes without read permission; a box needs both.
    if (faccessat(root.get(), ".", R_OK | X_OK, AT_EACCESS) < 0) {
        return errno_error("read root " + quote(directory));
    }
    const struct stat status = BOX_TRY(os::status_of(root));
    struct stat host = {};
    if (stat("/", &host) < 0) return errno_error("stat '/'");
    // Also true for a bind mount of it, whatever its path.
    if (status.st_dev == host.st_dev && status.st_ino == host.st_ino) {
        return Error("root " + quote(directory) + " is the host's own root directory");
    }
    return root;
}

Result<os::UniqueFd> open_pivoted(os::UniqueFd root, const settings::PivotRoot& pivot) {
    if (pivot.new_root.empty()) return root;
    return os::open_in(root, pivot.new_root, O_PATH | O_DIRECTORY).context("--pivot-root");
}

}  // namespace boxctl::host
