// SPDX-License-Identifier: LGPL-2.1-or-later
// Carrying out mount operations: that they do what they say in a friendly tree, and nothing outside
// of a hostile one.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/mount.h"
#include "tests/unit/rootfs/support.h"

using namespace boxctl;
using namespace boxctl::rootfs;
using rootfs_test::content;
using rootfs_test::failure_of;
using rootfs_test::Field;
using rootfs_test::in_child;
using rootfs_test::is_mount;

namespace {

using What = decltype(MountOp::what);

Result<void> act(Build& build, const std::string& target, What what,
                 Missing missing = Missing::fail) {
    return apply({target, std::move(what), missing, "test"}, build);
}

struct stat status_of(const std::string& path) {
    struct stat status = {};
    lstat(path.c_str(), &status);
    return status;
}

unsigned long flags_of(const std::string& path) {
    struct statvfs status = {};
    return statvfs(path.c_str(), &status) == 0 ? status.f_flag : ~0UL;
}

std::string link_of(const std::string& path) {
    char to[256];
    const ssize_t length = readlink(path.c_str(), to, sizeof to);
    return length < 0 ? "" : std::string(to, static_cast<size_t>(length));
}

/// One operation of each kind that takes a place in the tree.
std::vector<What> every_operation(const Field& field) {
    return {ApiFs{"tmpfs", {{"mode", "0755"}}, MOUNT_ATTR_NODEV},
            Bind{.source = field.tree("/srv")},
            Bind{.source = field.tree("/etc/file")},
            BindInside{.source = "/srv"},
            BindInside{.source = "/etc/file"},
            Overlay{.lowers = {"+/etc", field.tree("/srv")},
                    .upper = "",
                    .work = "",
                    .scratch = true},
            Node{S_IFREG | 0600, 0, 0},
            Node{S_IFCHR | 0666, 1, 3},
            Symlink{.to = "x", .replace = false},
            Symlink{.to = "x", .replace = true},
            Directory{0700},
            File{.content = "written"},
            CopyFile{.source = field.tree("/etc/file")},
            RandomId{},
            Remove{},
            NotifySocket{}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(apply_operations, *boost::unit_test::precondition(rootfs_test::as_root))

BOOST_AUTO_TEST_CASE(files_and_nodes_are_made_as_described) {
    in_child([](const Field& field) -> std::string {
        Build build = field.build();
        DONE(act(build, "/dir", Directory{0711}));
        DONE(act(build, "/dir", Directory{0700}));
        HOLDS(status_of(field.tree("/dir")).st_mode == (S_IFDIR | 0711));
        DONE(act(build, "/dir/file", File{.content = "text", .mode = 0400}));
        HOLDS(content(field.tree("/dir/file")) == "text");
        HOLDS(status_of(field.tree("/dir/file")).st_mode == (S_IFREG | 0400));
        HOLDS(!act(build, "/dir/file", File{.content = "again"}));
        DONE(act(build, "/dir/null", Node{S_IFCHR | 0600, 1, 3}));
        HOLDS(status_of(field.tree("/dir/null")).st_rdev == makedev(1, 3));
        DONE(act(build, "/dir/fifo", Node{S_IFIFO | 0600, 0, 0}));
        HOLDS(S_ISFIFO(status_of(field.tree("/dir/fifo")).st_mode));
        DONE(act(build, "/dir/link", Symlink{.to = "../etc"}));
        HOLDS(!act(build, "/dir/link", Symlink{.to = "x"}));
        DONE(act(build, "/dir/link", Symlink{.to = "/new", .replace = true}));
        HOLDS(link_of(field.tree("/dir/link")) == "/new");
        DONE(act(build, "/dir/copy", CopyFile{.source = field.tree("/etc/file"), .mode = 0640}));
        DONE(act(build, "/dir/copy", CopyFile{.source = field.tree("/etc/file"), .mode = 0640}));
        HOLDS(content(field.tree("/dir/copy")) == "box");
        HOLDS(status_of(field.tree("/dir/copy")).st_mode == (S_IFREG | 0640));
        DONE(act(build, "/dir/id", RandomId{}));
        const std::string id = content(field.tree("/dir/id"));
        HOLDS(id.size() == 37 && id[14] == '4' && id[8] == '-' && id.back() == '\n');
        DONE(act(build, "/dir/copy", Remove{}));
        DONE(act(build, "/dir/copy", Remove{}));
        HOLDS(status_of(field.tree("/dir/copy")).st_ino == 0);
        HOLDS(!act(build, "/dir", Remove{}));
        DONE(act(build, "/dir/notify", NotifySocket{}));
        HOLDS(build.notify.valid());
        HOLDS(status_of(field.tree("/dir/notify")).st_mode == (S_IFSOCK | 0200));
        return "";
    });
}

BOOST_AUTO_TEST_CASE(what_is_made_belongs_to_the_boxs_root) {
    in_child([](const Field& field) -> std::string {
        if (chown(field.tree("/srv").c_str(), 70000, 70000) < 0) return "chown";
        Build build = field.build();
        build.id_base = 70000;
        DONE(act(build, "/srv/dir", Directory{0755}));
        DONE(act(build, "/srv/file", File{.content = ""}));
        DONE(act(build, "/srv/link", Symlink{.to = "x"}));
        DONE(act(build, "/srv/null", Node{S_IFCHR | 0600, 1, 3}));
        DONE(act(build, "/srv/notify", NotifySocket{}));
        DONE(act(build, "/srv/a/b", ApiFs{"tmpfs", {{"uid", "5"}, {"gid", "6"}}, 0},
                 Missing::create));
        for (const char* name : {"dir", "file", "link", "null", "notify", "a"}) {
            const struct stat status = status_of(field.tree("/srv/") + name);
            if (status.st_uid != 70000 || status.st_gid != 70000) return name;
        }
        HOLDS(status_of(field.tree("/srv/a/b")).st_uid == 70005);
        HOLDS(status_of(field.tree("/srv/a/b")).st_gid == 70006);
        HOLDS(geteuid() == 0);
        return "";
    });
}

BOOST_AUTO_TEST_CASE(mounts_have_their_flags) {
    in_child([](const Field& field) -> std::string {
        Build build = field.build();
        DONE(act(build, "/m/tmpfs", ApiFs{"tmpfs", {{"size", "1m"}}, MOUNT_ATTR_NOEXEC},
                 Missing::create));
        HOLDS(is_mount(field.tree("/m/tmpfs")));
        HOLDS((flags_of(field.tree("/m/tmpfs")) & ST_NOEXEC) != 0);
        DONE(act(build, "/m/bind",
                 Bind{.source = field.outside("/dir"),
                      .attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV},
                 Missing::create));
        HOLDS(content(field.tree("/m/bind/file")) == "host");
        HOLDS((flags_of(field.tree("/m/bind")) & (ST_RDONLY | ST_NODEV)) == (ST_RDONLY | ST_NODEV));
        HOLDS((flags_of(field.outside("/dir")) & ST_RDONLY) == 0);
        DONE(act(build, "/m/file", Bind{.source = field.outside("/secret")}, Missing::create));
        HOLDS(content(field.tree("/m/file")) == "host");
        DONE(act(build, "/m/etc", BindInside{.source = "/etc", .attributes = MOUNT_ATTR_RDONLY},
                 Missing::create));
        HOLDS((flags_of(field.tree("/m/etc")) & ST_RDONLY) != 0);
        DONE(act(build, "/m/etc", SetAttributes{.clear = MOUNT_ATTR_RDONLY}));
        HOLDS((flags_of(field.tree("/m/etc")) & ST_RDONLY) == 0);
        HOLDS(!act(build, "/none", ApiFs{"tmpfs", {}, 0}));
        DONE(act(build, "/none", ApiFs{"tmpfs", {}, 0}, Missing::skip));
        DONE(act(build, "/none", BindInside{.source = "/etc/none"}, Missing::skip));
        HOLDS(!act(build, "/none", BindInside{.source = "/etc/none"}, Missing::create));
        HOLDS(!act(build, "/m/x", ApiFs{"nosuchfs", {}, 0}, Missing::create));
        return "";
    });
}

BOOST_AUTO_TEST_CASE(masks_hide_files_and_directories) {
    in_child([](const Field& field) -> std::string {
        Build build = field.build();
        for (const char* name : {"/run", "/run/host", "/run/host/inaccessible"})
            field.directory(field.tree(name));
        DONE(act(build, "/run/host/inaccessible/reg", Node{S_IFREG, 0, 0}));
        DONE(act(build, "/run/host/inaccessible/dir", Directory{0}));
        DONE(act(build, "/etc/file", Mask{}));
        HOLDS(content(field.tree("/etc/file")).empty());
        HOLDS((status_of(field.tree("/etc/file")).st_mode & 07777U) == 0);
        DONE(act(build, "/etc", Mask{}));
        HOLDS((status_of(field.tree("/etc")).st_mode & 07777U) == 0);
        HOLDS(status_of(field.tree("/etc/file")).st_ino == 0);
        HOLDS((flags_of(field.tree("/etc")) & ST_RDONLY) != 0);
        DONE(act(build, "/none", Mask{}, Missing::skip));
        HOLDS(!act(build, "/none", Mask{}));
        return "";
    });
}

BOOST_AUTO_TEST_CASE(overlays_unite_directories_of_host_and_box) {
    in_child([](const Field& field) -> std::string {
        Build build = field.build();
        field.directory(field.tree("/upper"));
        // Read-only, the box's own directory at the bottom.
        DONE(act(build, "/u/ro",
                 Overlay{.lowers = {"+/etc", field.outside("/dir")}, .upper = "", .work = ""},
                 Missing::create));
        HOLDS(content(field.tree("/u/ro/file")) == "host");  // the upper one of two names
        HOLDS((flags_of(field.tree("/u/ro")) & ST_RDONLY) != 0 ||
              open(field.tree("/u/ro/new").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0);
        // Writes end on a tmpfs.
        DONE(act(build, "/etc",
                 Overlay{.lowers = {"+/etc"}, .upper = "", .work = "", .scratch = true}));
        field.put(field.tree("/etc/new"), "x");
        HOLDS(content(field.tree("/etc/file")) == "box");
        // Writes end in a directory of the host, and in one of the box.
        field.directory(field.outside("/up"));
        DONE(act(build, "/u/host",
                 Overlay{.lowers = {"+/srv"},
                         .upper = field.outside("/up"),
                         .work = field.outside("/.#up.work")},
                 Missing::create));
        field.put(field.tree("/u/host/new"), "y");
        HOLDS(content(field.outside("/up/new")) == "y");
        DONE(act(build, "/u/box",
                 Overlay{.lowers = {"+/srv"}, .upper = "+/upper", .work = "+/.#upper.work"},
                 Missing::create));
        field.put(field.tree("/u/box/new"), "z");
        HOLDS(content(field.tree("/upper/new")) == "z");
        return "";
    });
}

BOOST_AUTO_TEST_CASE(terminals_are_the_boxs_own) {
    in_child([](const Field& field) -> std::string {
        Build build = field.build();
        for (const char* name : {"/dev", "/dev/pts"})
            field.directory(field.tree(name));
        DONE(act(build, "/dev/pts", ApiFs{"devpts", {{"ptmxmode", "0666"}, {"mode", "0620"}}, 0}));
        // The slave's path must not run through a link of the tree, so "/dev/pts" is real here.
        for (const char* name : {"/dev/console", "/dev/tty1", "/dev/tty2"})
            DONE(act(build, name, Node{S_IFREG | 0600, 0, 0}));
        HOLDS(!act(build, "/dev/tty1", SameTerminal{0}));
        DONE(act(build, "/dev/console", Terminal{0}));
        DONE(act(build, "/dev/tty1", SameTerminal{0}));
        DONE(act(build, "/dev/tty2", Terminal{2}));
        HOLDS(build.terminals.size() == 2 && build.terminals[1].index == 2);
        const os::UniqueFd console(
                open(field.tree("/dev/tty1").c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        HOLDS(console.valid() && write(console.get(), "hi", 2) == 2);
        char got[8] = {};
        HOLDS(read(build.terminals[0].master.get(), got, sizeof got) == 2);
        HOLDS(std::string(got) == "hi");
        return "";
    });
}

BOOST_AUTO_TEST_CASE(no_hostile_target_leads_outside) {
    in_child([](const Field& field) -> std::string {
        field.link(field.tree("/up"), "../outside");
        field.link(field.tree("/absolute"), field.outside());
        field.link(field.tree("/climb"), "../../../../../../.." + field.outside("/dir"));
        field.link(field.tree("/to-file"), "../outside/secret");
        field.link(field.tree("/absolute-file"), field.outside("/secret"));
        field.link(field.tree("/dangling"), field.outside("/new"));
        field.link(field.tree("/dangling-up"), "../outside/new");
        field.link(field.tree("/loop"), "loop");
        if (mkfifo(field.tree("/fifo").c_str(), 0644) < 0) return "mkfifo";
        // Positive control: these names do lead outside for whoever follows them.
        HOLDS(content(field.tree("/up/secret")) == "host");
        HOLDS(content(field.tree("/climb/file")) == "host");
        HOLDS(content(field.tree("/absolute-file")) == "host");
        const std::string before = field.look_outside();
        HOLDS(before.find("secret") != std::string::npos);
        for (const char* target : {"/up",
                                   "/up/secret",
                                   "/up/new",
                                   "/up/dir/file",
                                   "/absolute",
                                   "/absolute/secret",
                                   "/absolute/new",
                                   "/climb",
                                   "/climb/file",
                                   "/climb/new",
                                   "/to-file",
                                   "/absolute-file",
                                   "/dangling",
                                   "/dangling-up",
                                   "/dangling/x",
                                   "/loop",
                                   "/loop/x",
                                   "/fifo",
                                   "/fifo/x",
                                   "/../outside/secret",
                                   "/../outside/new",
                                   "/srv/../../outside/new",
                                   "/etc/file/x"}) {
            for (const Missing missing : {Missing::fail, Missing::create, Missing::skip}) {
                for (What& what : every_operation(field)) {
                    Build build = field.build();
                    const std::string told =
                            failure_of(act(build, target, std::move(what), missing));
                    if (field.look_outside() != before) {
                        return std::string(target) + ": outside changed (" + told + ")";
                    }
                }
            }
        }
        return "";
    });
}

BOOST_AUTO_TEST_CASE(a_look_outside_finds_a_change) {
    in_child([](const Field& field) -> std::string {
        const std::string before = field.look_outside();
        field.put(field.outside("/new"), "");
        HOLDS(field.look_outside() != before);
        HOLDS(unlink(field.outside("/new").c_str()) == 0 && field.look_outside() == before);
        HOLDS(mount("x", field.outside("/dir").c_str(), "tmpfs", 0, nullptr) == 0);
        HOLDS(field.look_outside() != before);
        return "";
    });
}

BOOST_AUTO_TEST_CASE(a_target_that_is_swapped_all_the_time_leads_nowhere_else) {
    in_child([](const Field& field) -> std::string {
        field.directory(field.tree("/swap"));
        field.link(field.tree("/trap"), "../outside/dir");
        const std::string before = field.look_outside();
        auto swapper = os::clone_process({});
        if (!swapper) return "clone";
        if (swapper->pid == 0) {
            while (renameat2(AT_FDCWD, field.tree("/swap").c_str(), AT_FDCWD,
                             field.tree("/trap").c_str(), RENAME_EXCHANGE) == 0) {
            }
            _exit(1);
        }
        std::string wrong;
        size_t inside = 0;
        for (int i = 0; i < 300 && wrong.empty(); i++) {
            Build build = field.build();
            const std::string name = format("/swap/%d", i);
            inside += act(build, name, File{.content = "x"}) ? 1U : 0U;
            (void)act(build, name + "d/e", ApiFs{"tmpfs", {}, 0}, Missing::create).has_value();
            (void)act(build, "/swap/file", CopyFile{.source = field.tree("/etc/file")}).has_value();
            (void)act(build, "/swap/file", Remove{}).has_value();
            if (i % 20 == 0 && field.look_outside() != before) wrong = "outside changed";
        }
        if (!os::send_signal(swapper->pidfd, SIGKILL)) wrong = "the swapper gave up";
        const auto ended = os::wait_for(swapper->pidfd);
        if (!ended || ended->signal != SIGKILL) wrong = "the swapper ended by itself";
        if (field.look_outside() != before) wrong = "outside changed";
        if (inside == 0) wrong = "nothing was ever written";  // else the race was never run
        return wrong;
    });
}

BOOST_AUTO_TEST_CASE(roots_are_built_over_the_tree) {
    in_child([](const Field& field) -> std::string {
        field.directory(field.tree("/usr"));
        field.directory(field.tree("/usr/bin"));
        field.put(field.tree("/usr/bin/tool"), "tool");
        using Kind = RootPlan::Kind;
        for (const Kind kind : {Kind::tree, Kind::overlay, Kind::usr}) {
            const auto tree = os::open_host(field.tree(), O_PATH | O_DIRECTORY);
            HOLDS(tree);
            auto copy = os::clone_mount(*tree, "", os::Recursion::tree);
            HOLDS(copy);
            RootPlan plan;
            plan.kind = kind;
            plan.path = field.tree();
            plan.usr_links = {"bin"};
            Build build;
            const auto place = os::open_host(field.outside("/dir"), O_PATH | O_DIRECTORY);
            HOLDS(place);
            DONE(build_root(plan, std::move(copy).value(), *place, build));
            const auto etc = os::read_untrusted(build.root, "/etc/file", 100);
            HOLDS(etc.has_value() == (kind != Kind::usr));
            const auto tool = os::read_untrusted(build.root, "/usr/bin/tool", 100);
            HOLDS(tool && *tool == "tool");
            if (kind == Kind::usr) HOLDS(os::read_untrusted(build.root, "/bin/tool", 100));
            const std::string name = format("new%d", static_cast<int>(kind));
            DONE(act(build, "/" + name, File{.content = "x"}));
            const bool kept = status_of(field.tree("/" + name)).st_ino != 0;
            HOLDS(kept == (kind == Kind::tree));
            HOLDS(act(build, "/usr/new", File{.content = "x"}).has_value() == (kind != Kind::usr));
            if (umount2(field.outside("/dir").c_str(), MNT_DETACH) < 0) return "umount";
            unlink(field.tree("/usr/new").c_str());
        }
        return "";
    });
}

BOOST_AUTO_TEST_SUITE_END()
