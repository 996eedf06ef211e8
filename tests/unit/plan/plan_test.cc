// SPDX-License-Identifier: LGPL-2.1-or-later
// Single decisions of the planner. What whole command lines lead to is in tests/plan.
#include "lib/plan/plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include <sched.h>
#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "lib/plan/init_kinds.h"

using namespace boxctl;
using host::InitKind;
using Words = std::vector<std::string>;

namespace {

constexpr const char* kFreshId = "0123456789abcdef0123456789abcdef";

settings::Settings wishes(settings::Mode mode = settings::Mode::boot) {
    settings::Settings wanted;
    wanted.mode = mode;
    return wanted;
}

host::HostFacts machine() {
    host::HostFacts have;
    have.fresh_id = kFreshId;
    return have;
}

host::RootFacts tree() {
    host::RootFacts root;
    root.path = "/srv/box";
    root.tree = root.path;
    root.init = "/sbin/init";
    return root;
}

plan::Plan need(const settings::Settings& wanted, const host::HostFacts& have,
                const host::RootFacts& root) {
    auto made = plan::make_plan(wanted, have, root);
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
    return std::move(made).value();
}

Words candidates(const std::string& command, const std::string& path,
                 const std::string& directory = "") {
    settings::Settings wanted = wishes(settings::Mode::run);
    wanted.exec.arguments.value = {command};
    wanted.exec.environment.value = {{"PATH", path}};
    wanted.exec.working_directory.value = directory;
    return need(wanted, machine(), tree()).process.candidates;
}

Words named(const plan::Plan& plan, const std::string& name) {
    Words found;
    for (const std::string& variable : plan.process.environment) {
        if (variable.starts_with(name + "=")) found.push_back(variable.substr(name.size() + 1));
    }
    return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_init_is_asked_in_its_own_language) {
    const struct {
        InitKind kind;
        const char* poweroff;
        const char* reboot;
    } cases[] = {
            {InitKind::systemd, "SIGRTMIN+4", "SIGRTMIN+5"},
            {InitKind::box_init, "SIGRTMIN+4", "SIGRTMIN+5"},
            {InitKind::busybox, "SIGUSR2", "SIGTERM"},
            {InitKind::sysvinit, "run /sbin/telinit 0", "run /sbin/telinit 6"},
            {InitKind::openrc, "SIGTERM", "SIGINT"},
            {InitKind::runit, "run /sbin/init 0", "run /sbin/init 6"},
            {InitKind::s6, "SIGUSR2", "SIGTERM"},
            {InitKind::dinit, "SIGQUIT", "SIGINT"},
            {InitKind::unknown, "SIGTERM", "SIGINT"},
    };
    BOOST_CHECK_EQUAL(std::size(cases), static_cast<size_t>(InitKind::unknown) + 1);
    for (const auto& [kind, poweroff, reboot] : cases) {
        const plan::InitLanguage language = plan::language_of(kind);
        BOOST_CHECK_EQUAL(describe(language.poweroff), poweroff);
        BOOST_CHECK_EQUAL(describe(language.reboot), reboot);
        BOOST_CHECK(!language.poweroff.empty() && !language.reboot.empty());
        // The kernel would drop it: PID 1 cannot have a handler for these.
        BOOST_CHECK(language.poweroff.signal != SIGKILL && language.poweroff.signal != SIGSTOP);
    }
    BOOST_CHECK_EQUAL(plan::describe({}), "nothing");
    BOOST_CHECK(plan::InitRequest{}.empty());
    BOOST_CHECK_EQUAL(plan::describe({0, {"/bin/x\x1b"}}), "run /bin/x\\x1b");
}

BOOST_AUTO_TEST_CASE(machine_names_come_from_the_directory) {
    const std::string long_name(100, 'a');
    const struct {
        std::string path;
        std::string name;  // empty: an error
    } cases[] = {
            {"/srv/web", "web"},
            {"/srv/Web-1.example", "Web-1.example"},
            {"/srv/my box", "mybox"},
            {"/srv/a_b", "ab"},
            {"/srv/-web", "web"},
            {"/srv/.web", "web"},
            {"/srv/web-", "web"},
            {"/srv/web.", "web"},
            {"/srv/web.-", "web"},
            {"/srv/a..b", "a.b"},
            {"/srv/a.-b", "a.b"},
            {"/srv/a-.b", "a-b"},
            {"/srv/a--b", "a--b"},
            {"/srv/b\xc3\xbc"
             "cher",
             "bcher"},
            {"/srv/" + long_name, std::string(64, 'a')},
            {"/srv/" + std::string(63, 'a') + ".b", std::string(63, 'a')},
            // F1: names that mean something to machined or to a path.
            {"/srv/.host", "host"},
            {"/srv/..", ""},
            {"/srv/___", ""},
            {"/srv/-.-", ""},
            {"/", ""},
    };
    for (const auto& [path, name] : cases) {
        const auto made = plan::machine_name(wishes(), path, kFreshId);
        BOOST_CHECK_MESSAGE(made.has_value() == !name.empty(), path);
        if (!made) {
            BOOST_CHECK_EQUAL(made.error().hint(), "name it with --machine=NAME");
            continue;
        }
        BOOST_CHECK_EQUAL(*made, name);
        BOOST_CHECK_EQUAL(settings::machine_name_fault(*made), "");
    }
}

BOOST_AUTO_TEST_CASE(asked_names_are_taken_as_they_are_or_refused) {
    settings::Settings wanted = wishes();
    for (const char* name : {"web", "a", "A.b-c"}) {
        wanted.image.machine.value = name;
        BOOST_CHECK_EQUAL(*plan::machine_name(wanted, "/srv/x", kFreshId), name);
    }
    for (const std::string name :
         {".host", "..", ".", "a/b", "-a", "a-", "a b", "a..b", "a\n", "../x", "\xc3\xa9"}) {
        wanted.image.machine.value = name;
        BOOST_CHECK_MESSAGE(!plan::machine_name(wanted, "/srv/x", kFreshId), name);
    }
    wanted.image.machine.value = std::string(65, 'a');
    BOOST_CHECK(!plan::machine_name(wanted, "/srv/x", kFreshId));
}

BOOST_AUTO_TEST_CASE(ephemeral_boxes_of_one_tree_have_different_names) {
    settings::Settings wanted = wishes();
    wanted.image.ephemeral.value = true;
    BOOST_CHECK_EQUAL(*plan::machine_name(wanted, "/srv/web", kFreshId), "web-0123456789abcdef");
    const auto name = plan::machine_name(wanted, "/srv/" + std::string(100, 'a'), kFreshId);
    BOOST_CHECK_EQUAL(*name, std::string(47, 'a') + "-0123456789abcdef");
    BOOST_CHECK_EQUAL(settings::machine_name_fault(*name), "");
    wanted.image.machine.value = "fixed";
    BOOST_CHECK_EQUAL(*plan::machine_name(wanted, "/srv/web", kFreshId), "fixed");
    // Cut within a name that has a '.' right there.
    wanted.image.machine.value.clear();
    const auto cut =
            plan::machine_name(wanted, "/srv/" + std::string(46, 'a') + ".bcdefgh", kFreshId);
    BOOST_REQUIRE_MESSAGE(cut, (cut ? "" : cut.error().message()));
    BOOST_CHECK_EQUAL(*cut, std::string(46, 'a') + "-0123456789abcdef");
}

BOOST_AUTO_TEST_CASE(commands_are_searched_like_execvp_but_only_absolutely) {
    BOOST_CHECK(candidates("sh", "/a:/b") == Words({"/a/sh", "/b/sh"}));
    BOOST_CHECK(candidates("sh", "/a/:relative:::/b/../c") == Words({"/a/sh", "/c/sh"}));
    BOOST_CHECK(candidates("sh", "").empty());
    BOOST_CHECK(candidates("/bin/sh", "/a") == Words({"/bin/sh"}));
    BOOST_CHECK(candidates("./sh", "/a") == Words({"/sh"}));
    BOOST_CHECK(candidates("./sh", "/a", "/srv") == Words({"/srv/sh"}));
    BOOST_CHECK(candidates("bin/sh", "/a", "/srv") == Words({"/srv/bin/sh"}));
}

BOOST_AUTO_TEST_CASE(the_users_environment_wins_and_the_last_wins_among_them) {
    settings::Settings wanted = wishes();
    for (const char* name : {"PATH", "container", "TERM", "HOME", "USER", "LOGNAME",
                             "container_uuid", "NOTIFY_SOCKET", "container_host_id", "OWN"}) {
        wanted.exec.environment.value.push_back({name, std::string("mine-") + name});
    }
    host::HostFacts have = machine();
    have.os_release = {
            {"ID", "debian"}, {"NAME", "Debian"}, {"VARIANT_ID", "x"}, {"BUILD_ID", "b"}};
    const plan::Plan plan = need(wanted, have, tree());
    for (const settings::Variable& variable : wanted.exec.environment.value) {
        BOOST_CHECK(named(plan, variable.name) == Words({variable.value}));
    }
    BOOST_CHECK(named(plan, "container_host_variant_id") == Words({"x"}));
    BOOST_CHECK(named(plan, "container_host_build_id") == Words({"b"}));
    BOOST_CHECK(named(plan, "container_host_name").empty());
}

BOOST_AUTO_TEST_CASE(term_is_the_callers_only_where_the_box_is_on_the_callers_terminal) {
    host::HostFacts have = machine();
    have.term = "xterm";
    BOOST_CHECK(named(need(wishes(), have, tree()), "TERM") == Words({"linux"}));
    have.input_tty = have.output_tty = have.error_tty = true;
    BOOST_CHECK(named(need(wishes(), have, tree()), "TERM") == Words({"xterm"}));
    have.term.clear();
    BOOST_CHECK(named(need(wishes(), have, tree()), "TERM") == Words({"linux"}));
    settings::Settings wanted = wishes(settings::Mode::run);
    wanted.exec.arguments.value = {"/bin/true"};
    BOOST_CHECK(named(need(wanted, have, tree()), "TERM") == Words({"dumb"}));
}

BOOST_AUTO_TEST_CASE(a_terminal_of_the_caller_is_never_passed) {
    settings::Settings wanted = wishes(settings::Mode::run);
    wanted.exec.arguments.value = {"/bin/true"};
    wanted.console.console.value = settings::Console::pipe;
    for (unsigned ttys = 0; ttys < 8; ttys++) {
        host::HostFacts have = machine();
        have.input_tty = (ttys & 1U) != 0;
        have.output_tty = (ttys & 2U) != 0;
        have.error_tty = (ttys & 4U) != 0;
        const plan::ConsolePlan console = need(wanted, have, tree()).console;
        BOOST_CHECK(console.mode == plan::ConsoleMode::pipe);
        for (size_t i = 0; i < 3; i++)
            BOOST_CHECK_EQUAL(console.passed[i], (ttys & (1U << i)) == 0);
        BOOST_CHECK_EQUAL(console.terminal, ttys != 0);
    }
}

BOOST_AUTO_TEST_CASE(all_eight_namespaces_are_new_by_default) {
    const uint64_t all = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC |
                         CLONE_NEWUTS | CLONE_NEWCGROUP | 0x80UL /* CLONE_NEWTIME */;
    BOOST_CHECK_EQUAL(need(wishes(), machine(), tree()).namespaces.flags(), all);
    settings::Settings wanted = wishes();
    wanted.security.share.value = {true, true, true, true};
    wanted.network.private_network.value = false;
    wanted.exec.private_users.value.kind = settings::UserRange::Kind::no;
    BOOST_CHECK_EQUAL(need(wanted, machine(), tree()).namespaces.flags(),
                      uint64_t{CLONE_NEWNS | CLONE_NEWPID});
}

BOOST_AUTO_TEST_CASE(the_root_is_shared_by_boxes_that_do_not_write_to_it) {
    const auto shared = [](auto change) {
        settings::Settings wanted = wishes();
        change(wanted.image);
        host::RootFacts root = tree();
        root.usr_links = {"bin"};
        return need(wanted, machine(), root).lock.shared;
    };
    BOOST_CHECK(!shared([](auto&) {}));
    BOOST_CHECK(shared([](auto& image) { image.read_only.value = true; }));
    BOOST_CHECK(shared([](auto& image) { image.ephemeral.value = true; }));
    for (const auto mode :
         {settings::Volatile::yes, settings::Volatile::state, settings::Volatile::overlay}) {
        BOOST_CHECK(shared([&](auto& image) { image.volatile_.value = mode; }));
    }
}

BOOST_AUTO_TEST_CASE(ids_beyond_the_map_are_refused_where_there_is_a_map) {
    settings::Settings wanted = wishes(settings::Mode::run);
    wanted.exec.arguments.value = {"/bin/true"};
    host::RootFacts root = tree();
    const auto planned = [&] { return plan::make_plan(wanted, machine(), root).has_value(); };
    root.user = {65535, 65535, {65535}, "u", "/", "/bin/sh"};
    BOOST_CHECK(planned());
    root.user.uid = 65536;
    BOOST_CHECK(!planned());
    root.user = {1, 65536, {}, "u", "/", "/bin/sh"};
    BOOST_CHECK(!planned());
    root.user = {1, 1, {5, 65536}, "u", "/", "/bin/sh"};
    BOOST_CHECK(!planned());
    wanted.exec.private_users.value.kind = settings::UserRange::Kind::no;
    BOOST_CHECK(planned());
}

BOOST_AUTO_TEST_CASE(the_same_facts_give_the_same_plan) {
    const auto text = [] { return plan::print_plan(need(wishes(), machine(), tree())); };
    BOOST_CHECK_EQUAL(text(), text());
}
