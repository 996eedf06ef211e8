// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/rootfs/plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include <sys/mount.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using namespace boxctl::rootfs;

namespace {

struct Wishes {
    settings::Settings settings;
    host::HostFacts have;
    host::RootFacts root;
    MountContext context;
    Wishes() {
        root.path = "/srv/box";
        context.uuid = "0123456789abcdef0123456789abcdef";
    }
    [[nodiscard]] MountPlan plan() const {
        auto made = plan_mounts(settings, have, root, context);
        BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
        return std::move(made).value();
    }
    void bind(const std::string& source, const std::string& destination) {
        settings.files.binds.value.push_back({.source = source, .destination = destination});
    }
};

/// Where in the plan an operation on `target` is, from 0; -1: nowhere.
long position(const MountPlan& plan, const std::string& target) {
    const auto found = std::find_if(plan.ops.rbegin(), plan.ops.rend(),
                                    [&](const MountOp& op) { return op.target == target; });
    return plan.ops.rend() - found - 1;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(binds_are_sorted_by_their_place, Wishes) {
    bind("/3", "/x/y/z");
    bind("/1", "/x");
    bind("/4", "/x-y");
    bind("/2", "/x/y");
    settings.files.tmpfs.value = {{"/x/y/a", ""}};
    settings.files.inaccessible.value = {{"/a"}};
    const MountPlan made = plan();
    const std::vector<std::string> order = {"/a", "/x", "/x-y", "/x/y", "/x/y/a", "/x/y/z"};
    for (size_t i = 0; i < order.size(); i++) {
        BOOST_CHECK_EQUAL(made.ops[made.ops.size() - order.size() + i].target, order[i]);
    }
}

BOOST_FIXTURE_TEST_CASE(the_order_of_options_does_not_matter, Wishes) {
    bind("/1", "/b");
    bind("/2", "/a");
    const std::string one = describe(plan().ops.back());
    std::reverse(settings.files.binds.value.begin(), settings.files.binds.value.end());
    BOOST_CHECK_EQUAL(describe(plan().ops.back()), one);
}

BOOST_FIXTURE_TEST_CASE(a_bound_resolv_conf_that_was_asked_for_is_never_left_out, Wishes) {
    const auto policy = [&] {
        const MountPlan made = plan();
        const long at = position(made, "/etc/resolv.conf");
        BOOST_REQUIRE(at >= 0);
        return made.ops[static_cast<size_t>(at)].missing;
    };
    settings.files.resolv_conf.value = settings::ResolvConf::bind_host;
    root.resolv_conf = host::NodeKind::missing;
    BOOST_CHECK(policy() == Missing::create);
    root.resolv_conf = host::NodeKind::symlink;
    BOOST_CHECK(policy() == Missing::fail);
    // By default a tree is left without, rather than made to carry a file.
    settings.files.resolv_conf.value = settings::ResolvConf::auto_;
    settings.network.private_network.value = false;
    settings.image.read_only.value = true;
    root.resolv_conf = host::NodeKind::missing;
    BOOST_CHECK(policy() == Missing::skip);
}

BOOST_FIXTURE_TEST_CASE(two_wishes_for_one_place_are_a_contradiction, Wishes) {
    bind("/1", "/x");
    settings.files.inaccessible.value = {{"/x"}};
    const auto made = plan_mounts(settings, have, root, context);
    BOOST_REQUIRE(!made);
    BOOST_CHECK_EQUAL(made.error().message(),
                      "'/x' is wanted twice, by --bind=/x and by --inaccessible=/x");
}

BOOST_FIXTURE_TEST_CASE(the_users_mounts_come_after_ours_and_read_only_last, Wishes) {
    settings.image.read_only.value = true;
    settings.files.resolv_conf.value = settings::ResolvConf::copy_host;
    have.localtime = true;
    settings.files.timezone.value = settings::Timezone::copy;
    root.inittab = "x";
    bind("/1", "/etc");
    const MountPlan made = plan();
    for (const char* ours : {"/run", "/proc", "/sys", "/dev", "/tmp", "/etc/resolv.conf",
                             "/etc/localtime", "/etc/inittab"}) {
        BOOST_CHECK_MESSAGE(position(made, ours) >= 0, ours);
        BOOST_CHECK_MESSAGE(position(made, ours) < position(made, "/etc"), ours);
    }
    BOOST_CHECK_EQUAL(made.ops.back().target, "/");
    BOOST_CHECK_EQUAL(describe(made.ops.back()), "/  set +ro  # --read-only");
}

BOOST_FIXTURE_TEST_CASE(what_shows_the_kernel_is_masked_or_read_only, Wishes) {
    const MountPlan made = plan();
    for (const char* masked : {"/proc/kcore", "/proc/kallsyms", "/proc/keys", "/proc/sysrq-trigger",
                               "/proc/timer_list", "/sys/firmware", "/sys/kernel/debug"}) {
        BOOST_CHECK_MESSAGE(position(made, masked) > position(made, "/proc"), masked);
        BOOST_CHECK(std::holds_alternative<Mask>(
                made.ops[static_cast<size_t>(position(made, masked))].what));
    }
    for (const MountOp& op : made.ops) {
        if (const auto* fs = std::get_if<ApiFs>(&op.what)) {
            BOOST_CHECK_MESSAGE((fs->attributes & MOUNT_ATTR_NOSUID) != 0, op.target);
            const bool devices = op.target == "/dev" || op.target == "/dev/pts";
            BOOST_CHECK_MESSAGE(((fs->attributes & MOUNT_ATTR_NODEV) == 0) == devices, op.target);
        }
    }
    // The masks come from /run/host, which is closed before the box could reach it.
    BOOST_CHECK_LT(position(made, "/run/host"), position(made, "/proc"));
}

BOOST_FIXTURE_TEST_CASE(only_a_private_network_has_its_settings_writable, Wishes) {
    BOOST_CHECK_GE(position(plan(), "/proc/sys/net"), 0);
    settings.network.private_network.value = false;
    BOOST_CHECK_EQUAL(position(plan(), "/proc/sys/net"), -1);
}

BOOST_FIXTURE_TEST_CASE(host_files_are_id_mapped_where_ids_differ, Wishes) {
    bind("/1", "/x");
    const auto mapped = [&] { return std::get<Bind>(plan().ops.back().what).idmapped; };
    BOOST_CHECK(mapped());
    context.map_owners = false;
    BOOST_CHECK(!mapped());
    BOOST_CHECK(!plan().root.idmapped);
    context.map_owners = true;
    settings.files.binds.value[0].ids = settings::BindMount::Ids::noidmap;
    BOOST_CHECK(!mapped());
}

BOOST_FIXTURE_TEST_CASE(a_bind_is_guarded_unless_control_is_meant, Wishes) {
    bind("/1", "/x");
    const auto guarded = [&] { return std::get<Bind>(plan().ops.back().what).guarded; };
    BOOST_CHECK(guarded());
    settings.files.binds.value[0].control = true;
    BOOST_CHECK(!guarded());
}

BOOST_FIXTURE_TEST_CASE(flags_of_a_tmpfs_are_those_of_its_mount, Wishes) {
    const struct {
        const char* options;
        uint64_t attributes;
        const char* passed;  // to tmpfs(5)
    } cases[] = {
            {"", MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID, ""},
            {"ro,noexec",
             MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, ""},
            {"suid,dev,ro,rw,noexec,exec", 0, ""},
            {"noatime", MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME, ""},
            {"noatime,strictatime", MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
             ""},
            {"strictatime,relatime", MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID, ""},
            {"nodiratime", MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODIRATIME, ""},
            {"size=10%,huge=never", MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID, "size=10% huge=never "},
    };
    for (const auto& [options, attributes, passed] : cases) {
        settings.files.tmpfs.value = {{"/x", options}};
        const MountOp op = plan().ops.back();
        const auto& fs = std::get<ApiFs>(op.what);
        BOOST_CHECK_EQUAL(fs.attributes, attributes);
        std::string text;
        for (const auto& [key, value] : fs.options) {
            if (key != "mode" && key != "uid" && key != "gid") text += key + "=" + value + " ";
        }
        BOOST_CHECK_EQUAL(text, passed);
    }
}

BOOST_AUTO_TEST_CASE(every_operation_has_its_line) {
    const struct {
        decltype(MountOp::what) what;
        const char* line;
    } cases[] = {
            {ApiFs{"tmpfs", {{"mode", "0755"}, {"flag", ""}}, MOUNT_ATTR_NODEV},
             "tmpfs mode=0755,flag nodev"},
            {ApiFs{"proc", {}, 0}, "proc"},
            {Bind{.source = "/a\n"}, "bind /a\\x0a idmapped"},
            {Bind{.source = "/a",
                  .recursive = false,
                  .idmapped = false,
                  .attributes = MOUNT_ATTR_RDONLY,
                  .propagate = true},
             "bind /a norbind slave ro"},
            {BindInside{.source = "/a", .attributes = MOUNT_ATTR_RDONLY}, "bind +/a ro"},
            {BindInside{.source = "/a", .recursive = false}, "bind +/a norbind"},
            {Mask{}, "mask"},
            {SetAttributes{.set = MOUNT_ATTR_RDONLY, .clear = MOUNT_ATTR_NOEXEC, .tree = true},
             "set +ro -noexec recursive"},
            {Overlay{.lowers = {"/a", "+/b"}, .upper = "", .work = "", .scratch = true},
             "overlay lower=/a:+/b upper=tmpfs idmapped"},
            {Overlay{.lowers = {"/a"},
                     .upper = "/u",
                     .work = "/w",
                     .idmapped = false,
                     .attributes = MOUNT_ATTR_NODEV},
             "overlay lower=/a upper=/u nodev"},
            {Node{S_IFCHR | 0666, 1, 3}, "character device 1:3 mode=0666"},
            {Node{S_IFBLK | 0600, 8, 0}, "block device 8:0 mode=0600"},
            {Node{S_IFIFO | 0600, 0, 0}, "fifo mode=0600"},
            {Node{S_IFSOCK, 0, 0}, "socket mode=0000"},
            {Node{S_IFREG | 0644, 0, 0}, "empty file mode=0644"},
            {Symlink{.to = "/a\x1b"}, "link to /a\\x1b"},
            {Directory{0711}, "directory mode=0711"},
            {File{.content = "abc", .mode = 0400}, "file of 3 bytes mode=0400"},
            {CopyFile{.source = "/a"}, "copy of /a"},
            {RandomId{}, "random uuid"},
            {Remove{}, "remove"},
            {NotifySocket{}, "notify socket"},
            {Terminal{2}, "terminal 2"},
            {SameTerminal{0}, "terminal 0 again"},
    };
    std::vector<bool> seen(std::variant_size_v<decltype(MountOp::what)>);
    for (const auto& [what, line] : cases) {
        seen[what.index()] = true;
        BOOST_CHECK_EQUAL(describe(MountOp{"/x\x7f", what, Missing::fail, "why\n"}),
                          "/x\\x7f  " + std::string(line) + "  # why\\x0a");
    }
    BOOST_CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
    BOOST_CHECK_EQUAL(describe(RootPlan{RootPlan::Kind::usr, "/a", false, true, {}}),
                      "tmpfs with /a/usr ro");
    BOOST_CHECK_EQUAL(describe_attributes(0), "");
}
