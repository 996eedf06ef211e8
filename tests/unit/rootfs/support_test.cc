// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/rootfs/support.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/mount.h"

namespace rootfs_test {

using namespace boxctl;

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result answer(geteuid() == 0);
    answer.message() << "needs root";
    return answer;
}

Field::Field(const std::string& path) : path_(path) {
    for (const std::string& made : {tree(), outside(), outside("/dir"), tree("/etc"), tree("/srv")})
        directory(made);
    put(outside("/secret"), "host");
    put(outside("/dir/file"), "host");
    put(tree("/etc/file"), "box");
}

void Field::put(const std::string& path, std::string_view text) const {
    const os::UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd.valid() || write(fd.get(), text.data(), text.size()) < 0) _exit(90);
}
void Field::directory(const std::string& path) const {
    if (mkdir(path.c_str(), 0755) < 0) _exit(91);
}
void Field::link(const std::string& path, const std::string& to) const {
    if (symlink(to.c_str(), path.c_str()) < 0) _exit(92);
}

rootfs::Build Field::build() const {
    rootfs::Build build;
    auto root = os::open_host(tree(), O_PATH | O_DIRECTORY);
    if (!root) _exit(93);
    build.root = std::move(root).value();
    return build;
}

std::string Field::look_outside() const {
    std::vector<std::string> lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(outside())) {
        struct stat status = {};
        if (lstat(entry.path().c_str(), &status) < 0) _exit(94);
        lines.push_back(entry.path().string() +
                        format(" %o %u:%u %lld ", status.st_mode, status.st_uid, status.st_gid,
                               static_cast<long long>(status.st_size)) +
                        (S_ISREG(status.st_mode) ? content(entry.path()) : ""));
    }
    for (const std::string& line : split(content("/proc/self/mountinfo"), '\n')) {
        if (line.find(" " + outside()) != std::string::npos) lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return join(lines, "\n");
}

void in_child(std::string (*act)(const Field& field)) {
    char path[] = "/tmp/boxctl-rootfs-XXXXXX";
    BOOST_REQUIRE(mkdtemp(path) != nullptr);
    int ends[2];
    BOOST_REQUIRE_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    const os::UniqueFd hears(ends[0]);
    os::UniqueFd tells(ends[1]);
    auto child = os::clone_process({.flags = CLONE_NEWNS});
    BOOST_REQUIRE(child);
    if (child->pid == 0) {
        if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
            mount("field", path, "tmpfs", 0, "mode=0755") < 0) {
            _exit(95);
        }
        umask(0022);
        const std::string wrong = act(Field(path));
        if (write(tells.get(), wrong.data(), wrong.size()) < 0) _exit(96);
        _exit(0);
    }
    tells.reset();
    const auto wrong = os::read_fd(hears);
    const auto status = os::wait_for(child->pidfd);
    rmdir(path);
    BOOST_REQUIRE(wrong && status);
    BOOST_CHECK_EQUAL(*wrong, "");
    BOOST_CHECK_EQUAL(status->shell_code(), 0);
}

std::string content(const std::string& path) {
    const auto text = os::read_file(path);
    return text ? *text : "<" + text.error().message() + ">";
}

bool is_mount(const std::string& path) {
    return content("/proc/self/mountinfo").find(" " + path + " ") != std::string::npos;
}

std::string failure_of(const Result<void>& result) {
    return result ? "" : result.error().message();
}

}  // namespace rootfs_test
