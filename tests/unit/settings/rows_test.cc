// SPDX-License-Identifier: LGPL-2.1-or-later
// Every row of the table: texts it takes (and what they come out as), texts it refuses.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/settings/table.h"

using boxctl::quote;
using namespace std::string_literals;
namespace settings = boxctl::settings;

namespace {

struct Good {
    std::string text;
    std::string written;  // as the row writes the value; "" where it writes nothing
};

struct Case {
    std::vector<Good> good;
    std::vector<std::string> bad;
};

// Paths are based on /home/u; HOME is set, NOWHERE is not.
const settings::Caller kCaller{"/home/u", {"HOME=/home/u", "HOMER=x"}};

const Case kFlag{{{"yes", "yes"}, {"on", "yes"}, {"1", "yes"}, {"no", "no"}, {"False", "no"}},
                 {"", "maybe", "2", "yes "}};
const Case kMountPoint{{{"/srv", "/srv"}, {"//a///b/./c/", "/a/b/c"}, {"/a..b/...", "/a..b/..."}},
                       {"", "srv", "/", "/./", "/a/../b", "/..", "/" + std::string(300, 'x'),
                        std::string(5000, '/') + "a/" + std::string(20, '/') + "../b"}};
const Case kUserName{
        {{"root", "root"},
         {"_apt", "_apt"},
         {"a.b-c_1", "a.b-c_1"},
         {"pc$", "pc$"},
         {"0", "0"},
         {"1000", "1000"},
         {"0000", "0"},
         {"2147483648", "2147483648"},
         {"4294967294", "4294967294"}},
        {"", "4294967295", "4294967296", "-1", " 0", "0 ", "0x0", "1e3", "1:4294967296", "\xd9\xa3",
         "a b", "-u", "a/b", "$", "a$b", "user:group", "a\nb", "1000x", std::string(256, 'a')}};
const Case kUserRange{{{"pick", "pick"},
                       {"yes", "pick"},
                       {"no", "no"},
                       {"identity", "identity"},
                       {"65536", "65536:65536"},
                       {"524288:1000", "524288:1000"},
                       {"65536:1", "65536:1"},
                       {"4294901759:65536", "4294901759:65536"},
                       {"4294967294:1", "4294967294:1"}},
                      {"",
                       "managed",
                       "4294901760:65536",
                       "4294901761:65536",
                       "-1:1",
                       "1:0",
                       "65536:0",
                       "65535:1",
                       "1000:10",
                       "65536:",
                       ":65536",
                       "65536:+1",
                       " 65536",
                       "0x10000",
                       "65536:1:1",
                       "4294967295:1",
                       "4294967296",
                       "65536:4294967296",
                       "99999999999999999999",
                       "pick:1",
                       "6553\xd9\xa3"}};
const Case kCapabilities{{{"CAP_SYS_TIME", "CAP_SYS_TIME"},
                          {"sys_time", "CAP_SYS_TIME"},
                          {"all", "all"},
                          {"net_raw,CHOWN", "CAP_CHOWN,CAP_NET_RAW"}},
                         {"", "CAP_TIME", "SYS_TIME,NOPE", "63"}};
const Case kModeWords{{{"auto", "auto"}}, {"", "Auto", "auto ", "nowhere"}};

Case with(Case base, std::vector<Good> good, std::vector<std::string> bad = {}) {
    base.good.insert(base.good.end(), good.begin(), good.end());
    base.bad.insert(base.bad.end(), bad.begin(), bad.end());
    return base;
}

std::vector<std::string> bind_faults() {
    return {"",
            ":",
            "::rbind",
            "a:b",
            "/a:/",
            "/",
            "/a:b/c",
            "/a:/b/../c",
            "/a/../b",
            "+a",
            "+",
            "+/a/../b:/c",
            "/a:/b:rw",
            "+/a:/b:rootidmap",
            ":/b:owneridmap",
            "/a:/b:map",
            "/a:/b:map=HOST/BOX",
            "/a:/b:map=",
            "/a:/b:map=1",
            "/a:/b:map=1/x",
            "/a:/b:map=1/2/0",
            "/a:/b:map=1/2/3/4",
            "/a:/b:map=4294967295/0",
            "/a:/b:map=1/2/4294967295",
            "/a:/b:map=1/2,map=1/3",
            "/a:/b:map=1/2/5,map=9/6",
            "/a:/b:rbind,",
            "/a:/b:rbind:x",
            "/a\\",
            "a/../b:/c"};
}

std::vector<Good> bind_values() {
    return {{"/srv", "/srv:/srv"},
            {"/srv:", "/srv:/srv"},
            {"/srv:/mnt", "/srv:/mnt"},
            {"data", "/home/u/data:/home/u/data"},
            {".:/here", "/home/u:/here"},
            {"../v/data:/d", "/home/v/data:/d"},
            {"../../../../x:/d", "/x:/d"},
            {"/:/host", "/:/host"},
            {"/a\\:b:/c\\:d", "/a\\:b:/c\\:d"},
            {"/a\\\\b:/c", "/a\\\\b:/c"},
            {"+/var/lib:/lib2", "+/var/lib:/lib2"},
            {"+/opt", "+/opt:/opt"},
            {":/scratch", ":/scratch"},
            {"/a:/b:norbind", "/a:/b:norbind"},
            {"/a:/b:norbind,rbind", "/a:/b"},
            {"/a:/b:noidmap,norbind", "/a:/b:norbind,noidmap"},
            {"/a:/b:idmap", "/a:/b:idmap"},
            {"/a:/b:rootidmap", "/a:/b:rootidmap"},
            {"/a:/b:norbind,owneridmap", "/a:/b:norbind,owneridmap"},
            {"/a:/b:map=1000/0", "/a:/b:map=1000/0"},
            {"/a:/b:map=1000/0,map=33/33/2", "/a:/b:map=1000/0,map=33/33/2"},
            {"/a:/b:map=1000/0,idmap", "/a:/b:idmap"},
            {"/run/dbus:/b:control,norbind", "/run/dbus:/b:norbind,control"},
            {"//a/./b/:/c//d/", "/a/b:/c/d"}};
}

const std::map<std::string, Case>& cases() {
    static const std::map<std::string, Case> all = {
            {"--boot", kFlag},
            {"--set-credential",
             {{{"a:b", "a:b"},
               {"a.b_c:", "a.b_c:"},
               {"a:x\\n\\x41\\101:y", "a:x\\x0aAA:y"},
               {"a:\\\\", "a:\\x5c"},
               {"a:\xff", "a:\\xff"}},
              {"", "a", ":b", "a/b:c", "..:c", "a b:c", "a:\\", "a:\\q", "a:\\x4", "a:\\400"}}},
            {"--load-credential",
             {{{"a:/run/x", "a:/run/x"}, {"a:b", "a:b"}, {"a:/x//y/", "a:/x/y"}},
              {"", "a", ":b", "a:", "a:b/c", "a:/x/../y"}}},
            {"--link-journal", with(kModeWords, {{"no", "no"},
                                                 {"host", "host"},
                                                 {"try-host", "try-host"},
                                                 {"guest", "guest"},
                                                 {"try-guest", "try-guest"}})},
            {"-j", with(kModeWords, {{"try-guest", "try-guest"}})},
            {"--personality",
             {{{"x86", "x86"}, {"x86-64", "x86-64"}, {"arm64", "arm64"}},
              {"", "X86", "mips", "none"}}},
            {"--private-users-ownership",
             with(kModeWords, {{"map", "map"}, {"off", "off"}}, {"chown", "foreign", "no"})},
            {"--ambient-capability", kCapabilities},
            {"--system-call-filter",
             {{{"@clock", "@clock"},
               {" read\twrite  ", "read write"},
               {"~@mount keyctl", "~@mount keyctl"},
               {"no_such_call", "no_such_call"}},
              {"", "~", "@clokc", "read,write", "read:EPERM", "read ~write", "READ", "\n"}}},
            {"--restrict-address-families",
             {{{"AF_UNIX", "AF_UNIX"},
               {"AF_INET  AF_LOCAL", "AF_INET AF_UNIX"},
               {"~AF_PACKET", "~AF_PACKET"},
               {"none", "none"},
               {"", ""}},
              {"~", " ", "AF_INTE", "INET", "af_unix", "2", "AF_UNIX,AF_INET", "~none"}}},
            {"--suppress-sync", kFlag},
            {"--oom-score-adjust",
             {{{"0", "0"}, {"-1000", "-1000"}, {"1000", "1000"}, {"-0", "0"}},
              {"", "-", "1001", "-1001", "+1", "1.5", " 1"}}},
            {"--cpu-affinity",
             {{{"0", "0"}, {"0-3,5", "0-3,5"}, {"5 3,4", "3-5"}, {"1,1", "1"}},
              {"", ",", "3-1", "a", "-1", "9999", "0-"}}},
            {"Parameters=", {{{"a", "a"}, {"", ""}, {"a b", "a b"}}, {}}},
            {"--template", {{{"./root", "./root"}, {"/", "/"}}, {""}}},
            {"--directory", {{{"./root", "./root"}, {"/", "/"}}, {""}}},
            {"--read-only", kFlag},
            {"--volatile",
             {{{"yes", "yes"},
               {"no", "no"},
               {"state", "state"},
               {"overlay", "overlay"},
               {"true", "yes"}},
              {"", "State", "tmpfs"}}},
            {"--ephemeral", kFlag},
            {"--init", kMountPoint},
            {"--chdir",
             with({{{"/", "/"}, {"/srv//x/", "/srv/x"}, {"/process", "/process"}},
                   {"", "srv", "/a/..", "/proc", "/proc/self/fd/7", "/sys/fs", "/dev", "//proc/1"}},
                  {})},
            {"--setenv",
             {{{"A=1", "A=1"},
               {"A=", "A="},
               {"_b2=x=y z", "_b2=x=y z"},
               {"HOME", "HOME=/home/u"},
               {"NOWHERE", ""},
               {"A=1\nhook=/bin/x", "A=1\nhook=/bin/x"}},
              {"", "=x", "1A=2", "A B=1", "A-B=1", "\xc3\xa9=1", "A\n=1"}}},
            {"--user", kUserName},
            {"--uid", kUserName},
            {"--kill-signal",
             {{{"SIGTERM", "SIGTERM"},
               {"TERM", "SIGTERM"},
               {"15", "SIGTERM"},
               {"SIGRTMIN+3", "SIGRTMIN+3"},
               {"RTMIN+30", "SIGRTMIN+30"},
               {"RTMIN", "SIGRTMIN+0"},
               {"RTMAX-14", "SIGRTMIN+16"},
               {"64", "SIGRTMIN+30"},
               {"32", "32"}},
              {"", "0", "65", "-15", "SIGNOPE", "sigterm", "RTMIN+31", "RTMIN-1", "RTMAX+1",
               "RTMAX-31", "RTMIN+", "SIG", "+15"}}},
            {"--stop-timeout",
             {{{"30", "30"}, {"0", "0"}, {"none", "none"}, {"infinity", "none"}},
              {"", "-1", "30s", "1.5", "4294967295", "4294967296"}}},
            {"--ready",
             {{{"started", "started"},
               {"notify", "notify"},
               {"tcp:80", "tcp:80"},
               {"tcp:65535", "tcp:65535"},
               {"unix:/run//x.sock", "unix:/run/x.sock"},
               {"file:/run/up", "file:/run/up"},
               {"log:login: $", "log:login: $"},
               {"log:a\\.b|[(]c", "log:a\\.b|[(]c"},
               {"exec:test -e /x && true: y", "exec:test -e /x && true: y"}},
              {"",
               "ready",
               "Started",
               "tcp",
               "tcp:",
               "tcp:0",
               "tcp:65536",
               "tcp:+1",
               "tcp:http",
               "unix:",
               "unix:x",
               "unix:/../x",
               "file:x",
               "file:/a/../b",
               "log:",
               "log:(",
               "log:[a",
               "log:(a)\\1",
               "log:" + std::string(1025, 'x'),
               "exec:",
               "exec",
               "started:x",
               "notify:",
               ":80"}}},
            {"--notify-ready", {{{"yes", "yes"}, {"off", "no"}}, {"", "maybe", "notify"}}},
            {"--keep-unit", kFlag},
            {"--register",
             {{{"auto", "auto"}, {"yes", "yes"}, {"1", "yes"}, {"off", "no"}},
              {"", "maybe", "Auto"}}},
            {"--machine",
             {{{"web", "web"}, {"web-1.example", "web-1.example"}},
              {"", ".host", "-web", "a_b", "a/b"}}},
            {"--hostname",
             {{{"web", "web"}, {"Web_1.example", "Web_1.example"}},
              {"", ".", "a b", "-a", "a-", "a..b", "a\nb", "\xc3\xa9", std::string(65, 'a')}}},
            {"--uuid",
             {{{"00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff"},
               {"00112233-4455-6677-8899-AABBCCDDEEFF", "00112233445566778899aabbccddeeff"}},
              {"", "00000000000000000000000000000000", "00000000-0000-0000-0000-000000000000",
               "0011223344556677-8899-aabbccddeeff", "00112233445566778899aabbccddeefg",
               "0112233445566778899aabbccddeeff", "00112233-4455-6677-8899aabbccddeeff-"}}},
            {"--clock-offset", kFlag},
            {"--as-pid2", kFlag},
            {"--private-users", kUserRange},
            {"-U", kUserRange},
            {"--bind", {bind_values(), bind_faults()}},
            {"--bind-ro", {bind_values(), bind_faults()}},
            {"--tmpfs",
             with(kMountPoint,
                  {{"/t:size=10%,mode=1777", "/t:size=10%,mode=1777"},
                   {"/t\\:u:ro", "/t\\:u:ro"},
                   {"/t:mpol=bind:0-3", "/t:mpol=bind:0-3"}},
                  {"/t:", "/t:sizes=1", "/t:size=1,,ro", "/t\\", "t:ro", "/t:usrquota"})},
            {"--overlay",
             {{{"/a:/b", "/a:/b:/b"},
               {"/a:/b:/c", "/a:/b:/c"},
               {"/a:/b:/c:/d", "/a:/b:/c:/d"},
               {"+/var::/var", "+/var::/var"},
               {"/a:+/b", "/a:+/b:/b"},
               {"low:up:/d", "/home/u/low:/home/u/up:/d"},
               {"/a\\:1:/b:/c", "/a\\:1:/b:/c"}},
              {"", "/a", ":/b:/c", "/a:/b:/", "/a:/b:c", "/a:", "/a:/b:/c/..", "/a/../b:/c:/d",
               "+a:/b:/c", "/a::/b:/c\\"}}},
            {"--overlay-ro",
             {{{"/a:/b", "/a:/b:/b"}, {"/a:/b:/c", "/a:/b:/c"}, {"+/a:/b:/c", "+/a:/b:/c"}},
              {"", "/a", "/a::/c", "/a:/b:/"}}},
            {"--inaccessible", kMountPoint},
            {"--bind-user",
             {{{"lee", "lee"}, {"a.b-c_1", "a.b-c_1"}},
              {"", "1000", "0", "a/b", "..", "lee:x", "-x", "a\nb"}}},
            {"--bind-user-group", {{{"wheel", "wheel"}}, {"", "10", "a:b", "a,b"}}},
            {"--bind-user-shell",
             {{{"no", "no"}, {"yes", "yes"}, {"true", "yes"}, {"/bin//zsh", "/bin/zsh"}},
              {"", "zsh", "maybe", "/", "/a/../b", "/bin/a:b", "/bin/a\nb", "/bin/a\x7f"}}},
            {"--pivot-root",
             {{{"/ostree/1", "/ostree/1"},
               {"/a//b/:/sysroot", "/a/b:/sysroot"},
               {"/a\\:b:/c", "/a\\:b:/c"}},
              {"", "a", "/", "/a:", "/a:/", "/a:b", "/a:/b:/c", "/a/..", "/a:/../b"}}},
            {"--resolv-conf", with(kModeWords, {{"off", "off"},
                                                {"copy-host", "copy-host"},
                                                {"delete", "delete"},
                                                {"replace-stub", "replace-stub"},
                                                {"bind-uplink", "bind-uplink"}})},
            {"--timezone", with(kModeWords, {{"off", "off"},
                                             {"copy", "copy"},
                                             {"bind", "bind"},
                                             {"symlink", "symlink"},
                                             {"delete", "delete"}})},
            {"--private-network", kFlag},
            {"--network-veth", kFlag},
            {"--capability", kCapabilities},
            {"--drop-capability", kCapabilities},
            {"--no-new-privileges", kFlag},
            {"--share",
             {{{"ipc", "ipc"},
               {"time,uts", "uts,time"},
               {"ipc,uts,cgroup,time", "ipc,uts,cgroup,time"}},
              {"", "net", "ipc,", "ipc uts", "all"}}},
            {"--rlimit",
             {{{"NOFILE=1024:2048", "NOFILE=1024:2048"}, {"RLIMIT_CORE=0", "CORE=0:0"}},
              {"", "NOFILE", "NOFILE=", "NOPE=1", "NOFILE=2:1", "NOFILE=-1", "NOFILE=1:2:3"}}},
            {"--property",
             {{{"MemoryMax=512M", "MemoryMax=512M"},
               {"MemoryHigh=1G", "MemoryHigh=1G"},
               {"MemorySwapMax=infinity", "MemorySwapMax=infinity"},
               {"CPUQuota=150%", "CPUQuota=150%"},
               {"CPUQuota=12.5%", "CPUQuota=12.5%"},
               {"CPUWeight=10000", "CPUWeight=10000"},
               {"TasksMax=100", "TasksMax=100"},
               {"IOWeight=1", "IOWeight=1"},
               {"AllowedCPUs=0-3,5", "AllowedCPUs=0-3,5"},
               {"AllowedCPUs=0 2", "AllowedCPUs=0 2"},
               {"MemoryMax=50%", "MemoryMax=50%"},
               {"MemoryMax=", "MemoryMax="},
               {"DeviceAllow=/dev/kvm rw", "DeviceAllow=/dev/kvm rw"}},
              {"",
               "MemoryMax",
               "=1",
               "MemoryMx=1",
               "memorymax=1",
               "MemoryMax=1Q",
               "MemoryMax=-1",
               "CPUQuota=0%",
               "CPUQuota=150",
               "CPUQuota=1.234%",
               "CPUQuota=%",
               "CPUWeight=0",
               "CPUWeight=10001",
               "TasksMax=0",
               "IOWeight=x",
               "AllowedCPUs=3-1",
               "AllowedCPUs=1,,2",
               "AllowedCPUs=9999",
               "DeviceAllow=kvm",
               "Slice=x.slice",
               "ExecStart=/bin/sh"}}},
            {"--slice",
             {{{"web", "web.slice"}, {"a-b.slice", "a-b.slice"}, {"-.slice", "-.slice"}},
              {"", "a/b", "a--b", "-a", "a b", "\n", ".slice"}}},
            {"--console", with(kModeWords, {{"interactive", "interactive"},
                                            {"read-only", "read-only"},
                                            {"passive", "passive"},
                                            {"pipe", "pipe"},
                                            {"autopipe", "autopipe"}})},
            {"--pipe", with(kModeWords, {{"pipe", "pipe"}})},
            {"--quiet", kFlag},
            {"--settings",
             {{{"yes", "yes"}, {"0", "no"}, {"override", "override"}, {"trusted", "trusted"}},
              {"", "always", "Trusted"}}},
            {"--dry-run", kFlag},
            {"--json", kFlag},
            {"--log-level",
             {{{"debug", "debug"}, {"7", "debug"}, {"err", "err"}, {"error", "err"}},
              {"", "8", "verbose", "-1"}}},
    };
    return all;
}

boxctl::Result<void> give(const settings::Row& row, settings::Settings& to, std::string_view text,
                          settings::Source source = settings::Source::option) {
    const settings::Origin origin{source, "test"};
    return settings::assign(row, to, {text, origin, kCaller});
}

std::string written(const settings::Row& row, const settings::Settings& from) {
    return boxctl::join(row.access.write(from), "|");
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_row_has_accepted_and_refused_texts) {
    std::vector<std::string> tested;
    for (const settings::Row& row : settings::rows()) {
        const auto found = cases().find(settings::spelling(row));
        BOOST_REQUIRE_MESSAGE(found != cases().end(), settings::spelling(row) << " has no case");
        BOOST_TEST(!found->second.good.empty(), found->first);
        // An argument may be anything.
        BOOST_TEST(found->second.bad.empty() == (row.key == "Parameters"), found->first);
        tested.push_back(found->first);
    }
    for (const auto& [name, ignored] : cases()) {
        BOOST_TEST((std::find(tested.begin(), tested.end(), name) != tested.end()),
                   name << " is no row");
    }
}

BOOST_AUTO_TEST_CASE(good_texts_are_taken_and_written_back) {
    for (const settings::Row& row : settings::rows()) {
        for (const Good& good : cases().find(settings::spelling(row))->second.good) {
            settings::Settings made;
            const auto taken = give(row, made, good.text);
            BOOST_TEST(taken.has_value(), settings::spelling(row)
                                                  << "=" << quote(good.text) << ": "
                                                  << (taken ? "" : taken.error().message()));
            BOOST_TEST(written(row, made) == good.written,
                       settings::spelling(row) << "=" << quote(good.text) << " became "
                                               << quote(written(row, made)));
            BOOST_TEST(row.access.origin(made).text == "test");
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_back_to_the_same) {
    for (const settings::Row& row : settings::rows()) {
        for (const Good& good : cases().find(settings::spelling(row))->second.good) {
            if (good.written.empty()) continue;
            settings::Settings again;
            BOOST_TEST(give(row, again, good.written).has_value(), quote(good.written));
            BOOST_TEST(written(row, again) == good.written);
        }
    }
}

BOOST_AUTO_TEST_CASE(bad_texts_are_refused_in_words_and_change_nothing) {
    for (const settings::Row& row : settings::rows()) {
        for (const std::string& bad : cases().find(settings::spelling(row))->second.bad) {
            settings::Settings untouched;
            const std::string before = written(row, untouched);
            const auto taken = give(row, untouched, bad);
            BOOST_TEST(!taken.has_value(), settings::spelling(row) << "=" << quote(bad));
            if (taken) continue;
            const std::string message = taken.error().message();
            BOOST_TEST(message.size() > 8U, message);
            BOOST_TEST((boxctl::printable(message) == message), quote(message));
            BOOST_TEST(written(row, untouched) == before);
            BOOST_TEST(!(row.access.origin(untouched).source == settings::Source::option));
        }
    }
}

BOOST_AUTO_TEST_CASE(rows_with_choices_take_each_of_them) {
    for (const settings::Row& row : settings::rows()) {
        if (row.choices == nullptr || row.option == "rlimit" || row.option == "property") continue;
        for (const std::string& choice : row.choices()) {
            settings::Settings made;
            BOOST_TEST(give(row, made, choice).has_value(), settings::spelling(row) << choice);
        }
    }
}

BOOST_AUTO_TEST_CASE(implied_values_are_good_ones) {
    for (const settings::Row& row : settings::rows()) {
        if (settings::arity(row) == settings::Arity::required) continue;
        settings::Settings made;
        BOOST_TEST(give(row, made, row.implied).has_value(), settings::spelling(row));
    }
}

BOOST_AUTO_TEST_CASE(the_image_may_not_set_what_opens_the_host) {
    const settings::Origin origin{settings::Source::file, "web.nspawn:3"};
    for (const settings::Row& row : settings::rows()) {
        settings::Settings made;
        const std::string text = cases().find(settings::spelling(row))->second.good[0].text;
        const auto taken = settings::assign(row, made, {text, origin, kCaller, false});
        BOOST_TEST(taken.has_value() == (row.trust == settings::Trust::any),
                   settings::spelling(row));
    }
    for (const char* opens : {"bind", "bind-ro", "overlay", "capability", "private-users", "share",
                              "private-network", "network-veth", "machine", "rlimit"}) {
        BOOST_TEST((settings::find_option(opens)->trust == settings::Trust::admin), opens);
    }
}

BOOST_AUTO_TEST_CASE(better_sources_replace_and_lesser_ones_are_ignored) {
    const settings::Row& hostname = *settings::find_option("hostname");
    const settings::Row& tmpfs = *settings::find_option("tmpfs");
    settings::Settings made;
    BOOST_TEST(give(hostname, made, "one", settings::Source::file).has_value());
    BOOST_TEST(give(tmpfs, made, "/one", settings::Source::file).has_value());
    BOOST_TEST(give(tmpfs, made, "/two", settings::Source::file).has_value());
    BOOST_TEST(written(tmpfs, made) == "/one|/two");
    BOOST_TEST(give(hostname, made, "two").has_value());
    BOOST_TEST(give(tmpfs, made, "/three").has_value());
    BOOST_TEST(give(hostname, made, "three", settings::Source::file).has_value());
    BOOST_TEST(give(tmpfs, made, "/four", settings::Source::file).has_value());
    BOOST_TEST(!give(tmpfs, made, "four", settings::Source::file).has_value());
    BOOST_TEST(written(hostname, made) == "two");
    BOOST_TEST(written(tmpfs, made) == "/three");
}

BOOST_AUTO_TEST_CASE(values_that_add_up_do) {
    struct Pair {
        const char* option;
        const char* first;
        const char* second;
        const char* both;
    };
    for (const Pair& pair :
         {Pair{"setenv", "A=1", "B=2", "A=1|B=2"}, Pair{"setenv", "A=1", "A=2", "A=2"},
          Pair{"property", "TasksMax=1", "TasksMax=2", "TasksMax=1|TasksMax=2"},
          Pair{"rlimit", "CORE=1", "NOFILE=2", "CORE=1:1|NOFILE=2:2"},
          Pair{"rlimit", "CORE=1", "CORE=2", "CORE=2:2"},
          Pair{"capability", "CHOWN", "NET_RAW", "CAP_CHOWN,CAP_NET_RAW"},
          Pair{"share", "ipc", "uts", "ipc,uts"}, Pair{"inaccessible", "/a", "/b", "/a|/b"},
          Pair{"bind", "/a", "/b", "/a:/a|/b:/b"},
          Pair{"overlay", "/a:/b", "/c:/d", "/a:/b:/b|/c:/d:/d"}}) {
        const settings::Row& row = *settings::find_option(pair.option);
        settings::Settings made;
        BOOST_TEST(give(row, made, pair.first).has_value());
        BOOST_TEST(give(row, made, pair.second).has_value());
        BOOST_TEST(written(row, made) == pair.both, pair.option);
    }
}

BOOST_AUTO_TEST_CASE(a_relative_source_needs_a_current_directory) {
    const settings::Caller removed{"", {}};
    BOOST_TEST(!settings::to_bind("data", removed).has_value());
    BOOST_TEST(settings::to_bind("/data", removed).has_value());
}

BOOST_AUTO_TEST_CASE(read_only_mounts_are_told_apart) {
    settings::Settings made;
    BOOST_TEST(give(*settings::find_option("bind"), made, "/rw").has_value());
    BOOST_TEST(give(*settings::find_option("bind-ro"), made, "/ro").has_value());
    BOOST_TEST(made.files.binds.value.size() == 2U);
    BOOST_TEST(written(*settings::find_option("bind"), made) == "/rw:/rw");
    BOOST_TEST(written(*settings::find_option("bind-ro"), made) == "/ro:/ro");
}

BOOST_AUTO_TEST_CASE(an_overlay_knows_its_parts) {
    const auto full = settings::to_overlay("/low:/mid:/up:/place", kCaller);
    BOOST_TEST(boxctl::join(full->lowers, " ") == "/low /mid");
    BOOST_TEST(full->upper == "/up");
    BOOST_TEST(full->destination == "/place");
    const auto read_only = settings::to_overlay_ro("/low:/mid:/place", kCaller);
    BOOST_TEST(boxctl::join(read_only->lowers, " ") == "/low /mid");
    BOOST_TEST(read_only->upper == "");
    BOOST_TEST(settings::to_overlay("+/var::/var", kCaller)->upper == "");
}
