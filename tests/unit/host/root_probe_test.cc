// SPDX-License-Identifier: LGPL-2.1-or-later
#include <chrono>
#include <filesystem>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/host/facts.h"
#include "lib/host/probe.h"
#include "tests/unit/host/tree.h"

using namespace boxctl;
using namespace boxctl::host;

namespace {

constexpr const char* kPasswd =
        "root:x:0:0:root:/root:/bin/ash\nalice:x:1001:100::/home/alice:/bin/sh\n";
constexpr const char* kId = "0123456789abcdef0123456789abcdef";

settings::Settings wanted(settings::Mode mode, const char* user = nullptr) {
    settings::Settings settings;
    settings.mode = mode;
    if (user != nullptr) settings.exec.user = {user, {settings::Source::option, "--user"}};
    return settings;
}

Result<RootFacts> probe(const Tree& tree, const settings::Settings& settings) {
    return probe_root(settings, HostFacts(), tree.open());
}

RootFacts facts_of(const Tree& tree, settings::Mode mode = settings::Mode::boot) {
    auto facts = probe(tree, wanted(mode));
    BOOST_REQUIRE_EQUAL(facts ? "" : facts.error().message(), "");
    return std::move(facts).value();
}

std::string refusal(const Tree& tree, const settings::Settings& settings) {
    const auto facts = probe(tree, settings);
    return facts ? "" : facts.error().message();
}

bool others_can_enter(const std::string& directory) {
    for (std::filesystem::path at = directory; at != "/"; at = at.parent_path()) {
        struct stat status = {};
        if (stat(at.c_str(), &status) < 0 || (status.st_mode & S_IXOTH) == 0) return false;
    }
    struct statvfs mount = {};
    return statvfs(directory.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) == 0;
}

struct AsRoot {
    boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
        if (geteuid() == 0) return true;
        BOOST_TEST_MESSAGE("skipped: needs root");
        return false;
    }
};

struct NotRoot {
    boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
        if (geteuid() != 0) return true;
        BOOST_TEST_MESSAGE("skipped: root reads files of mode 000");
        return false;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_empty_directory_is_a_tree_without_anything) {
    const Tree tree;
    const RootFacts facts = facts_of(tree);
    BOOST_CHECK_EQUAL(facts.path, tree.path());
    BOOST_CHECK(facts.init.empty());
    BOOST_CHECK(!facts.has_usr && !facts.has_os_release && !facts.is_host_root);
    BOOST_CHECK_EQUAL(facts.missing_directories.size(), 5U);
    BOOST_CHECK_EQUAL(facts.user.home, "/root");
}

BOOST_AUTO_TEST_CASE(a_tree_is_exposed_when_others_can_enter_all_the_way) {
    const Tree tree;
    const std::string above = std::filesystem::path(tree.path()).parent_path();
    chmod(tree.path().c_str(), 0755);
    const bool open_above = facts_of(tree).exposed == std::vector<std::string>{tree.path()};
    BOOST_CHECK_EQUAL(open_above, others_can_enter(above));
    chmod(tree.path().c_str(), 0750);
    BOOST_CHECK(facts_of(tree).exposed.empty());
}

BOOST_AUTO_TEST_CASE(what_a_box_cannot_write_on_disk_is_not_exposed) {
    const Tree tree;
    const Tree data;
    chmod(tree.path().c_str(), 0750);
    chmod(data.path().c_str(), 0755);
    const bool reachable = others_can_enter(std::filesystem::path(data.path()).parent_path());
    const auto exposed = [&](settings::BindMount bind) {
        settings::Settings settings = wanted(settings::Mode::run);
        bind.source = data.path();
        settings.files.binds.value = {bind};
        const auto facts = probe(tree, settings);
        return facts && facts->exposed == std::vector<std::string>{data.path()};
    };
    settings::BindMount bind;
    BOOST_CHECK_EQUAL(exposed(bind), reachable);
    bind.ids = settings::BindMount::Ids::noidmap;
    BOOST_CHECK(!exposed(bind));
    bind.ids = settings::BindMount::Ids::automatic;
    bind.read_only = true;
    BOOST_CHECK(!exposed(bind));
    chmod(tree.path().c_str(), 0755);
    settings::Settings ephemeral = wanted(settings::Mode::run);
    ephemeral.image.ephemeral.value = true;
    BOOST_CHECK(probe(tree, ephemeral)->exposed.empty());
}

BOOST_AUTO_TEST_CASE(a_tree_is_read_through_links_that_stay_inside) {
    const Tree tree;
    for (const char* name : {"/proc", "/sys", "/dev", "/run", "/usr/lib"})
        tree.directory(name);
    tree.link("/tmp", "/var/tmp");
    tree.link("/lib", "usr/lib");
    tree.link("/bin", "elsewhere");
    tree.put("/usr/lib/os-release", "ID=alpine\n");
    tree.link("/etc/os-release", "../usr/lib/os-release");
    tree.put("/busy/busybox", "x", 0755);
    tree.link("/sbin/init", "/busy/busybox");
    tree.put("/etc/inittab", "tty3::respawn:x\n");
    tree.put("/etc/machine-id", kId);
    tree.link("/etc/resolv.conf", "/run/resolv.conf");
    tree.put("/etc/localtime", "TZif");
    const RootFacts facts = facts_of(tree);
    BOOST_CHECK_EQUAL(facts.init, "/sbin/init");
    BOOST_CHECK(facts.init_kind == InitKind::busybox);
    BOOST_CHECK(facts.ttys == std::vector<int>{3});
    BOOST_CHECK_EQUAL(facts.os_release.at(0).second, "alpine");
    BOOST_CHECK_EQUAL(facts.machine_id, kId);
    BOOST_CHECK(facts.resolv_conf == NodeKind::symlink);
    BOOST_CHECK(facts.localtime == NodeKind::file);
    BOOST_CHECK(facts.missing_directories.empty());
    BOOST_CHECK(facts.usr_links == std::vector<std::string>{"lib"});
}

BOOST_AUTO_TEST_CASE(mount_points_must_be_real_directories) {
    for (const char* name : {"/proc", "/sys", "/dev", "/run"}) {
        const std::string where = std::string(name) + " of the box is ";
        const Tree tree;
        tree.link(name, "/tmp");
        BOOST_CHECK_EQUAL(refusal(tree, wanted(settings::Mode::run)),
                          where + "a symbolic link, not a directory");
        tree.clear(name);
        tree.put(name, "");
        BOOST_CHECK_EQUAL(refusal(tree, wanted(settings::Mode::run)),
                          where + "a file, not a directory");
    }
}

// Every file that is read, in every shape: quick, without a host byte, and right where the content
// is there.
BOOST_AUTO_TEST_CASE(hostile_shapes_do_no_harm) {
    struct File {
        const char* name;
        std::string good;
        bool (*seen)(const RootFacts& facts);
    };
    const File files[] = {
            {"/etc/os-release", "ID=alpine\n",
             [](const RootFacts& f) { return !f.os_release.empty(); }},
            {"/etc/machine-id", std::string(kId) + "\n",
             [](const RootFacts& f) { return f.machine_id == kId; }},
            {"/etc/inittab", "tty3::respawn:x\n",
             [](const RootFacts& f) { return f.ttys == std::vector<int>{3}; }},
    };
    for (const File& file : files) {
        for (const Shape& shape : kShapes) {
            const Tree tree;
            tree.directory("/etc");
            shape.make(tree, file.name, file.good);
            const auto start = std::chrono::steady_clock::now();
            const RootFacts facts = facts_of(tree);
            const auto spent = std::chrono::steady_clock::now() - start;
            const bool id_with_junk = std::string(file.name) == "/etc/machine-id" &&
                                      std::string(shape.what) == "junk before";
            BOOST_CHECK_MESSAGE(file.seen(facts) == (shape.readable && !id_with_junk),
                                file.name << " as " << shape.what);
            BOOST_CHECK_MESSAGE(spent < std::chrono::seconds(2), file.name << " " << shape.what);
        }
    }
}

BOOST_AUTO_TEST_CASE(hostile_passwd_never_makes_another_user) {
    for (const char* name : {"/etc/passwd", "/etc/group"}) {
        const bool is_passwd = std::string(name) == "/etc/passwd";
        for (const Shape& shape : kShapes) {
            const Tree tree;
            tree.directory("/etc");
            if (!is_passwd) tree.put("/etc/passwd", kPasswd);
            shape.make(tree, name, is_passwd ? kPasswd : "wheel:x:10:alice\n");
            const auto facts = probe(tree, wanted(settings::Mode::run, "alice"));
            const std::string what = std::string(name) + " as " + shape.what;
            if (is_passwd) BOOST_CHECK_MESSAGE(facts.has_value() == shape.readable, what);
            if (!facts) continue;
            BOOST_CHECK_MESSAGE(facts->user.uid == 1001, what);
            BOOST_CHECK_MESSAGE(facts->user.groups.size() <= 1, what);
            BOOST_CHECK_MESSAGE(is_passwd || !shape.readable || facts->user.groups.size() == 1,
                                what);
            const auto nobody = probe(tree, wanted(settings::Mode::run));
            BOOST_CHECK_MESSAGE(nobody && nobody->user.uid == 0, what);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_passwd_that_cannot_be_read_stops_only_who_asks) {
    const Tree tree;
    tree.directory("/etc/passwd");
    BOOST_CHECK_EQUAL(refusal(tree, wanted(settings::Mode::run)), "");
    BOOST_CHECK_EQUAL(refusal(tree, wanted(settings::Mode::run, "alice")),
                      "box: read '/etc/passwd': not a regular file");
}

BOOST_AUTO_TEST_CASE(a_hostile_init_is_passed_over) {
    for (const Shape& shape : kShapes) {
        const Tree tree;
        tree.directory("/sbin");
        shape.make(tree, "/sbin/init", "INIT: version\n");
        const RootFacts facts = facts_of(tree);
        // Shapes are made without the permission to execute them.
        BOOST_CHECK_MESSAGE(facts.init.empty(), shape.what);
    }
}

BOOST_AUTO_TEST_CASE(init_is_searched_in_order_and_told_apart) {
    const Tree tree;
    tree.put("/init", "#!/bin/sh\nexec s6-overlay\n", 0755);
    BOOST_CHECK_EQUAL(facts_of(tree).init, "/init");
    BOOST_CHECK(facts_of(tree).init_kind == InitKind::s6);
    tree.put("/sbin/init", std::string("\177ELF INIT: version 3"), 0755);
    BOOST_CHECK_EQUAL(facts_of(tree).init, "/sbin/init");
    BOOST_CHECK(facts_of(tree).init_kind == InitKind::sysvinit);
    tree.put("/lib/systemd/systemd", "x", 0755);
    tree.put("/etc/inittab", "tty1::respawn:x\n");
    BOOST_CHECK(facts_of(tree).init_kind == InitKind::systemd);
    BOOST_CHECK(facts_of(tree).ttys.empty());
}

BOOST_AUTO_TEST_CASE(a_named_init_must_be_there) {
    const Tree tree;
    tree.put("/sbin/init", "x", 0755);
    tree.put("/sbin/plain", "x", 0644);
    auto settings = wanted(settings::Mode::boot);
    settings.exec.init = {"/sbin/other", {settings::Source::option, "--init"}};
    BOOST_CHECK_EQUAL(refusal(tree, settings),
                      "init of the box: open '/sbin/other': No such file or directory");
    settings.exec.init.value = "/sbin/plain";
    BOOST_CHECK_EQUAL(
            refusal(tree, settings),
            "init of the box: '/sbin/plain' is not an executable file: Permission denied");
    settings.exec.init.value = "/sbin/init";
    BOOST_CHECK_EQUAL(refusal(tree, settings), "");
}

BOOST_AUTO_TEST_CASE(shell_and_zone_are_found_inside) {
    const Tree tree;
    tree.put("/bin/sh", "x", 0755);
    tree.put("/usr/share/zoneinfo/Europe/Berlin", "TZif");
    HostFacts host;
    host.timezone = "Europe/Berlin";
    const auto facts = probe_root(wanted(settings::Mode::run), host, tree.open());
    BOOST_REQUIRE(facts);
    BOOST_CHECK_EQUAL(facts->login_shell, "/bin/sh");
    BOOST_CHECK(facts->has_zone);
    tree.put("/bin/bash", "x", 0755);
    BOOST_CHECK_EQUAL(facts_of(tree).login_shell, "/bin/bash");
    BOOST_CHECK(!facts_of(tree).has_zone);
}

BOOST_AUTO_TEST_CASE(open_root_says_what_is_wrong_in_one_line) {
    const Tree tree;
    tree.put("/file", "");
    tree.put("/alpine.tar.gz", "");
    tree.link("/loop", "loop");
    const std::string at = tree.path();
    const std::pair<std::string, std::string> rows[] = {
            {"", "no root directory was given"},
            {at + "/x", "root '" + at + "/x' does not exist"},
            {at + "/file", "root '" + at + "/file' is not a directory"},
            {at + "/alpine.tar.gz",
             "root '" + at +
                     "/alpine.tar.gz' is not a directory; it looks like an archive: unpack "
                     "it into a directory first (tar -xf FILE -C DIR)"},
            {at + "/loop", "root '" + at + "/loop' leads through a loop or a link of /proc"},
            {"/proc/self/root", "root '/proc/self/root' leads through a loop or a link of /proc"},
            {"/", "root '/' is the host's own root directory"},
            {"/tmp/..", "root '/tmp/..' is the host's own root directory"},
    };
    for (const auto& [path, message] : rows) {
        const auto root = open_root(path);
        BOOST_REQUIRE_MESSAGE(!root, path);
        BOOST_CHECK_EQUAL(root.error().message(), message);
    }
    BOOST_CHECK(open_root(at));
}

BOOST_AUTO_TEST_CASE(a_bind_mount_of_the_host_root_is_refused,
                     *boost::unit_test::precondition(AsRoot())) {
    const Tree tree;
    const pid_t pid = fork();
    if (pid == 0) {
        const bool ready = unshare(CLONE_NEWNS) == 0 &&
                           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           mount("/", tree.path().c_str(), nullptr, MS_BIND, nullptr) == 0;
        _exit(!ready ? 9 : open_root(tree.path()) ? 1 : 0);
    }
    int status = 0;
    BOOST_REQUIRE_EQUAL(waitpid(pid, &status, 0), pid);
    BOOST_CHECK_EQUAL(WEXITSTATUS(status), 0);
}

BOOST_AUTO_TEST_CASE(files_of_mode_000_count_as_unreadable,
                     *boost::unit_test::precondition(NotRoot())) {
    const Tree tree;
    tree.put("/etc/os-release", "ID=x\n", 0);
    tree.put("/etc/passwd", kPasswd, 0);
    BOOST_CHECK(!facts_of(tree).has_os_release);
    BOOST_CHECK_NE(refusal(tree, wanted(settings::Mode::run, "alice")), "");
    BOOST_REQUIRE_EQUAL(chmod(tree.path().c_str(), 0), 0);
    const auto root = open_root(tree.path());
    BOOST_CHECK(!root);
    BOOST_REQUIRE_EQUAL(chmod(tree.path().c_str(), 0755), 0);
}
