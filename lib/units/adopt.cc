// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/units/adopt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/bus/connection.h"
#include "lib/os/file.h"
#include "lib/units/service_section.h"

namespace boxctl::units {
namespace {

constexpr const char* kFileName = "boxctl.conf";
constexpr std::string_view kMark = "# Made by 'boxctl adopt'.";
constexpr size_t kLongestFile = 64U << 10U;

std::string folder_of(const std::string& directory, const std::string& name) {
    return directory + "/systemd-nspawn@" + name + ".service.d";
}

/// The text of the file, empty when there is none; EEXIST when somebody else
/// made it.
Result<std::string> read_ours(const std::string& path) {
    auto fd = os::open_host(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fd && fd.error().code() == ENOENT) return std::string();
    Error foreign(EEXIST, quote(path) + " was not made by boxctl adopt");
    foreign.set_hint("move it away first");
    if (!fd && fd.error().code() == ELOOP) return foreign;
    if (!fd) return std::move(fd).error();
    if (!S_ISREG(BOX_TRY(os::status_of(*fd)).st_mode)) return foreign;
    std::string text = BOX_TRY(os::read_fd(*fd, kLongestFile).context("read " + quote(path)));
    if (!text.starts_with(kMark)) return foreign;
    return text;
}

Result<void> sync_to_disk(os::BorrowedFd directory) {
    const os::UniqueFd file = BOX_TRY(os::open_in(directory, kFileName, O_RDONLY | O_NOFOLLOW));
    if (fsync(file.get()) < 0 || fsync(directory.get()) < 0) return errno_error("sync to disk");
    return {};
}

}  // namespace

std::string drop_in_text() {
    return std::string(kMark) +
           " 'boxctl adopt --undo NAME' removes it.\n"
           "# It has 'machinectl start NAME' and its kin start the machine with "
           "boxctl.\n"
           "[Unit]\n"
           "Documentation=man:boxctl(1)\n"
           "StartLimitIntervalSec=10\n"
           "StartLimitBurst=20\n"
           "\n"
           "[Service]\n"
           "ExecStart=\n"
           "ExecReload=\n"
           "ExecStopPost=\n"
           "DeviceAllow=\n"
           "\n" +
           kServiceSection;
}

std::string drop_in_path(const std::string& directory, const std::string& name) {
    return folder_of(directory, name) + "/" + kFileName;
}

Result<bool> adopt(const std::string& directory, const std::string& name) {
    const std::string path = drop_in_path(directory, name);
    const std::string text = drop_in_text();
    if (BOX_TRY(read_ours(path)) == text) return false;
    const os::UniqueFd folder =
            BOX_TRY(os::make_host_directories(folder_of(directory, name), 0755));
    BOX_TRY(os::replace_file_at(folder, kFileName, text, 0644).context("write " + quote(path)));
    BOX_TRY(sync_to_disk(folder).context("write " + quote(path)));
    return true;
}

Result<bool> undo_adopt(const std::string& directory, const std::string& name) {
    const std::string path = drop_in_path(directory, name);
    if (BOX_TRY(read_ours(path)).empty()) return false;
    if (unlink(path.c_str()) < 0) return errno_error("remove " + quote(path));
    const std::string folder = folder_of(directory, name);
    // Others may have drop-ins there.
    if (rmdir(folder.c_str()) < 0 && errno != ENOTEMPTY && errno != EEXIST) {
        return errno_error("remove " + quote(folder));
    }
    return true;
}

bool is_directory(const std::string& path) {
    struct stat status = {};
    return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<bool> reload_units() {
    // sd_booted(3)
    struct stat status = {};
    if (lstat("/run/systemd/system", &status) < 0) return false;
    const auto manager = BOX_TRY(bus::Connection::open(bus::Peer::manager, bus::kManager));
    const bus::Address systemd = {"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                  "org.freedesktop.systemd1.Manager"};
    bus::Message request = BOX_TRY(manager->make_call(systemd, "Reload"));
    BOX_TRY(manager->call(request).context("have systemd read its units anew"));
    return true;
}

}  // namespace boxctl::units
