// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/live_maps.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"

using namespace boxctl;
using namespace boxctl::userns;

namespace {

/// A directory that looks like /proc.
class FakeProc {
 public:
    FakeProc() { BOOST_REQUIRE(mkdtemp(root_)); }
    FakeProc(const FakeProc&) = delete;
    FakeProc& operator=(const FakeProc&) = delete;
    FakeProc(FakeProc&&) = delete;
    FakeProc& operator=(FakeProc&&) = delete;
    ~FakeProc() { std::filesystem::remove_all(root_); }

    [[nodiscard]] std::string path() const { return root_; }
    void link(const std::string& name, const std::string& to) const {
        make_room(name);
        std::filesystem::remove(path() + "/" + name);
        std::filesystem::create_symlink(to, path() + "/" + name);
    }
    void file(const std::string& name, const std::string& text) const {
        make_room(name);
        std::ofstream(path() + "/" + name) << text;
    }
    /// A process in the user namespace `number`, which maps its 0 to `first`.
    void process(const std::string& pid, const std::string& number,
                 const std::string& first) const {
        link(pid + "/ns/user", "user:[" + number + "]");
        file(pid + "/uid_map", "0 " + first + " 10\n");
        file(pid + "/gid_map", "0 " + first + " 10\n");
    }

 private:
    void make_room(const std::string& name) const {
        std::filesystem::create_directories(
                std::filesystem::path(path() + "/" + name).parent_path());
    }
    char root_[32] = "/tmp/boxctl-proc-XXXXXX";
};

/// The places where the maps of `proc` begin.
std::string beginnings(const Result<std::vector<NamedSpan>>& spans) {
    BOOST_REQUIRE(spans);
    std::vector<std::string> found;
    for (const NamedSpan& named : *spans)
        found.push_back(std::to_string(named.span.first));
    std::sort(found.begin(), found.end());
    std::string text;
    for (const std::string& first : found)
        text += first + " ";
    return text;
}

std::string live(const FakeProc& proc) {
    return beginnings(read_live_maps(proc.path()));
}

/// Where looks are left.
class Folder {
 public:
    Folder() {
        BOOST_REQUIRE(mkdtemp(name_));
        fd = os::UniqueFd(open(name_, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        BOOST_REQUIRE(fd.valid());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    Folder(Folder&&) = delete;
    Folder& operator=(Folder&&) = delete;
    ~Folder() { std::filesystem::remove_all(name_); }
    [[nodiscard]] std::string look() const { return std::string(name_) + "/.look"; }
    os::UniqueFd fd;

 private:
    char name_[32] = "/tmp/boxctl-looks-XXXXXX";
};

bool nobodys(const IdSpan&) {
    return false;
}

std::string recent(const FakeProc& proc, const Folder& folder, const IsOurs& ours = nobodys) {
    return beginnings(read_recent_maps(proc.path(), folder.fd, ours));
}

/// A /proc of the first PID namespace with one foreign process, 11.
void begin(const FakeProc& proc) {
    proc.link("self/ns/pid", "pid:[7]");
    proc.link("self/ns/user", "user:[1]");
    proc.process("11", "2", "2000");
    proc.file("loadavg", "0.00 0.01 0.05 1/50 11\n");
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_foreign_user_namespace_is_read_once) {
    const FakeProc proc;
    proc.link("self/ns/pid", "pid:[7]");
    proc.link("self/ns/user", "user:[1]");
    proc.process("10", "1", "1000");  // our own
    proc.process("11", "2", "2000");
    proc.process("12", "2", "2000");  // the same once more
    proc.process("not-a-process", "3", "4000");
    BOOST_CHECK_EQUAL(live(proc), "2000 2000 ");
}

BOOST_AUTO_TEST_CASE(threads_of_the_kernel_are_passed_over_where_they_can_be_told) {
    const FakeProc proc;
    proc.link("self/ns/pid", "pid:[4026531836]");
    proc.link("self/ns/user", "user:[1]");
    proc.file("2/task/2/children", "30 4 ");
    proc.link("2/ns/user", "user:[1]");
    proc.process("4", "8", "4000");
    proc.process("30", "9", "30000");
    proc.process("3", "7", "3000");
    BOOST_CHECK_EQUAL(live(proc), "3000 3000 ");
    // In another PID namespace process 2 is anybody, and so are its children.
    proc.link("self/ns/pid", "pid:[7]");
    BOOST_CHECK_EQUAL(live(proc), "3000 3000 30000 30000 4000 4000 ");
    proc.link("self/ns/pid", "pid:[4026531836]");
    std::filesystem::remove(proc.path() + "/2/task/2/children");
    BOOST_CHECK_EQUAL(live(proc), "3000 3000 30000 30000 4000 4000 ");
}

BOOST_AUTO_TEST_CASE(a_second_look_is_at_new_processes_only) {
    const FakeProc proc;
    const Folder folder;
    begin(proc);
    BOOST_TEST(recent(proc, folder) == "2000 2000 ");
    // 10 was there before: only who looks at all of them finds it.
    proc.process("10", "3", "3000");
    proc.process("12", "4", "4000");
    proc.process("13", "4", "4000");
    proc.file("loadavg", "0.00 0.01 0.05 1/50 13\n");
    BOOST_TEST(recent(proc, folder) == "2000 2000 4000 4000 ");
    std::filesystem::remove(folder.look());
    BOOST_TEST(recent(proc, folder) == "2000 2000 3000 3000 4000 4000 ");  // control
}

BOOST_AUTO_TEST_CASE(what_is_ours_is_not_kept) {
    const FakeProc proc;
    const Folder folder;
    begin(proc);
    const auto ours = [](const IdSpan& span) { return span == IdSpan{2000, 10}; };
    BOOST_TEST(recent(proc, folder, ours).empty());
    BOOST_TEST(recent(proc, folder).empty());
}

BOOST_AUTO_TEST_CASE(a_look_that_is_no_whole_one_is_none) {
    const FakeProc proc;
    const Folder folder;
    begin(proc);
    for (const char* text : {"", "boxctl-look-1 1 11\n", "other 1 11\nend\n", "\xff"}) {
        std::ofstream(folder.look()) << text;
        BOOST_TEST(recent(proc, folder) == "2000 2000 ");
    }
    std::filesystem::remove(folder.look());
    std::filesystem::create_symlink("/dev/zero", folder.look());
    BOOST_TEST(recent(proc, folder) == "2000 2000 ");
}

BOOST_AUTO_TEST_CASE(a_kernel_that_does_not_tell_the_newest_process) {
    const FakeProc proc;
    const Folder folder;
    begin(proc);
    std::filesystem::remove(proc.path() + "/loadavg");
    BOOST_TEST(recent(proc, folder) == "2000 2000 ");
    proc.process("10", "3", "3000");
    BOOST_TEST(recent(proc, folder) == "2000 2000 3000 3000 ");
}

BOOST_AUTO_TEST_CASE(the_look_is_its_owners_alone) {
    const FakeProc proc;
    const Folder folder;
    begin(proc);
    BOOST_TEST(recent(proc, folder) == "2000 2000 ");
    struct stat status = {};
    BOOST_REQUIRE(stat(folder.look().c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 07777U) == 0600U);
}

BOOST_AUTO_TEST_CASE(a_look_serves_for_a_while_and_for_a_few_processes) {
    const Look look = {10000000, 100, {}};
    BOOST_TEST(look.serves(10000000, 100));
    BOOST_TEST(look.serves(14999999, 164));
    BOOST_TEST(!look.serves(15000000, 100));
    BOOST_TEST(!look.serves(9999999, 100));  // of another boot
    BOOST_TEST(!look.serves(10000000, 165));
    BOOST_TEST(!look.serves(10000000, 99));  // numbers have begun anew
    BOOST_TEST(!(Look{10000000, 0, {}}.serves(10000000, 0)));
}

BOOST_AUTO_TEST_CASE(a_look_reads_back_as_written) {
    const Look look = {123456, 78, {{{2000, 10}, "/proc/11/uid_map"}, {{0, 1}, ""}}};
    const auto again = parse_look(write_look(look));
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST(write_look(*again) == write_look(look));
    BOOST_TEST(!parse_look(write_look(look).substr(0, 40)).has_value());
    BOOST_TEST(!parse_look("boxctl-look-1 1 2\n5 0 x\nend\n").has_value());
    // What a longer one left behind it.
    BOOST_TEST(parse_look(write_look(look) + "rest\n").has_value());
}

BOOST_AUTO_TEST_CASE(without_processes_there_is_an_error) {
    const Folder folder;
    BOOST_TEST(!read_live_maps("/nowhere"));
    BOOST_TEST(!read_recent_maps("/nowhere", folder.fd, nobodys));
}
