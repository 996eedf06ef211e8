// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/transient.h"

#include <functional>
#include <string>

#include <boost/test/unit_test.hpp>

#include "lib/endpoint/unit_view.h"

using namespace boxctl;
using dbus::Writer;
using endpoint::Refusal;
using endpoint::UnitRequest;

namespace {

using Extra = std::function<void(Writer&)>;

void add_command(Writer& body, const std::string& path) {
    body.structure().string("ExecStart").variant("a(sasb)");
    const auto commands = body.array('(');
    body.structure().string(path).strings({"sh", "-c", "true"}).boolean(true);
    body.end(commands);
}

void add_text(Writer& body, const std::string& name, const std::string& value) {
    body.structure().string(name).variant("s").string(value);
}

void add_flag(Writer& body, const std::string& name, bool value) {
    body.structure().string(name).variant("b").boolean(value);
}

dbus::Message request(const std::string& name, const Extra& extra, bool command = true) {
    dbus::Message message;
    message.serial = 2;
    message.path = endpoint::kSystemdPath;
    message.interface = endpoint::kManagerInterface;
    message.member = "StartTransientUnit";
    message.signature = "ssa(sv)a(sa(sv))";
    message.fds = 3;
    Writer body;
    body.string(name).string("fail");
    const auto properties = body.array('(');
    if (command) add_command(body, "/bin/sh");
    extra(body);
    body.end(properties);
    body.end(body.array('('));
    message.body = std::move(body).take();
    // As it arrives.
    auto parsed = dbus::parse_message(dbus::to_bytes(message));
    BOOST_REQUIRE(parsed);
    return *parsed;
}

/// What machined sends for a shell, in its order.
void machined(Writer& body) {
    add_text(body, "Description", "Shell for User root");
    uint32_t index = 0;
    for (const char* name : {"StandardInputFileDescriptor", "StandardOutputFileDescriptor",
                             "StandardErrorFileDescriptor"})
        body.structure().string(name).variant("h").u32(index++);
    add_flag(body, "SendSIGHUP", true);
    add_flag(body, "IgnoreSIGPIPE", false);
    add_text(body, "KillMode", "mixed");
    add_text(body, "TTYPath", "/dev/pts/3");
    add_flag(body, "TTYReset", true);
    add_text(body, "UtmpIdentifier", "pts/3");
    add_text(body, "UtmpMode", "user");
    add_text(body, "PAMName", "login");
    add_text(body, "WorkingDirectory", "-~");
    add_text(body, "User", "root");
    body.structure().string("Environment").variant("as").strings({"TERM=xterm", "A=b=c"});
}

std::string refused(const Extra& extra) {
    const auto parsed = endpoint::parse_transient(request("x.service", extra));
    const auto* refusal = std::get_if<Refusal>(&parsed);
    return refusal == nullptr ? "" : refusal->name;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_shell_of_machined_is_understood) {
    const auto parsed = endpoint::parse_transient(request("container-shell@3.service", machined));
    BOOST_REQUIRE(std::holds_alternative<UnitRequest>(parsed));
    const auto& unit = std::get<UnitRequest>(parsed);
    BOOST_TEST(unit.name == "container-shell@3.service");
    BOOST_TEST(unit.path == "/bin/sh");
    BOOST_TEST(unit.command.size() == 3U);
    BOOST_TEST(unit.ignore_failure);
    BOOST_TEST(unit.fds[2] == 2);
    BOOST_TEST(unit.send_hangup);
    BOOST_TEST(!unit.ignore_sigpipe);
    BOOST_TEST((unit.kill_mode == endpoint::KillMode::mixed));
    BOOST_TEST(unit.home);
    BOOST_TEST(unit.directory_optional);
    BOOST_TEST(unit.user == "root");
    BOOST_TEST(unit.environment.back() == "A=b=c");
}

BOOST_AUTO_TEST_CASE(what_would_act_on_the_host_is_refused) {
    for (const char* name : {"RootDirectory", "RootImage", "BindPaths", "StandardOutputFile",
                             "ExecStartPre", "Group", "NetworkNamespacePath", "LoadCredential"}) {
        BOOST_TEST(refused([&](Writer& body) { add_text(body, name, "/"); }) ==
                           endpoint::kNotSupported,
                   name);
    }
    BOOST_TEST(refused([](Writer& body) {
                   body.structure().string("AmbientCapabilities").variant("t").u64(~0ULL);
               }) == endpoint::kNotSupported);
    BOOST_TEST(refused(machined).empty());  // control
}

BOOST_AUTO_TEST_CASE(a_terminal_is_one_of_devpts) {
    for (const char* path : {"/proc/1/fd/0", "/dev/pts/../../etc/passwd", "/dev/pts/", "/dev/tty1",
                             "/dev/pts/1/x", "pts/1", "/dev/pts/-1", ""}) {
        BOOST_TEST(refused([&](Writer& body) { add_text(body, "TTYPath", path); }) ==
                           endpoint::kInvalidArgs,
                   path);
    }
}

BOOST_AUTO_TEST_CASE(values_of_the_wrong_kind_are_refused) {
    const auto invalid = [](const Extra& extra) {
        return refused(extra) == endpoint::kInvalidArgs;
    };
    BOOST_TEST(invalid([](Writer& body) { add_flag(body, "User", true); }));
    BOOST_TEST(invalid([](Writer& body) { add_text(body, "KillMode", "sometimes"); }));
    BOOST_TEST(invalid([](Writer& body) { add_text(body, "WorkingDirectory", "relative"); }));
    BOOST_TEST(invalid([](Writer& body) { add_text(body, "Type", "notify"); }));
    BOOST_TEST(invalid([](Writer& body) {
        body.structure().string("Environment").variant("as").strings({"=x"});
    }));
    BOOST_TEST(invalid([](Writer& body) {
        body.structure().string("StandardInputFileDescriptor").variant("h").u32(3);
    }));
    BOOST_TEST(invalid(
            [](Writer& body) { body.structure().string("KillSignal").variant("i").i32(-1); }));
}

BOOST_AUTO_TEST_CASE(a_command_runs_with_the_rights_of_its_user_only) {
    const auto with_flag = [](const char* flag) {
        return [=](Writer& body) {
            body.structure().string("ExecStartEx").variant("a(sasas)");
            const auto commands = body.array('(');
            body.structure().string("/bin/sh").strings({"sh"}).strings({flag});
            body.end(commands);
        };
    };
    for (const char* flag : {"privileged", "no-setuid", "ambient", "via-shell"})
        BOOST_TEST(refused(with_flag(flag)) == endpoint::kInvalidArgs, flag);
    BOOST_TEST(refused(with_flag("ignore-failure")).empty());  // control
}

BOOST_AUTO_TEST_CASE(only_services_are_started) {
    for (const char* name :
         {"x.scope", "x.timer", ".service", "a/b.service", "a b.service", "x", "", "x.service\n"}) {
        const auto parsed = endpoint::parse_transient(request(name, machined));
        BOOST_TEST(std::holds_alternative<Refusal>(parsed), name);
    }
}

BOOST_AUTO_TEST_CASE(a_unit_needs_one_command) {
    const auto none = endpoint::parse_transient(request("x.service", machined, false));
    BOOST_TEST(std::holds_alternative<Refusal>(none));
    BOOST_TEST(refused([](Writer& body) {
                   body.structure().string("ExecStart").variant("a(sasb)");
                   const auto commands = body.array('(');
                   for (int i = 0; i < 2; i++)
                       body.structure().string("/bin/sh").strings({"sh"}).boolean(false);
                   body.end(commands);
               }) == endpoint::kInvalidArgs);
}

BOOST_AUTO_TEST_CASE(names_of_units_become_paths_and_back) {
    for (const char* name : {"run-u1.service", "container-shell@3.service", "9x.service", "a_b"})
        BOOST_TEST(endpoint::unit_name(endpoint::unit_path(name)) == name);
    BOOST_TEST(endpoint::unit_path("run-u1.service") ==
               "/org/freedesktop/systemd1/unit/run_2du1_2eservice");
    BOOST_TEST(endpoint::unit_name("/org/freedesktop/systemd1").empty());
}
