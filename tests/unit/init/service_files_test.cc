// SPDX-License-Identifier: LGPL-2.1-or-later
// Service files: what is taken, what is refused and with which words.
#include <cstring>
#include <string>

#include <boost/test/unit_test.hpp>

#include "lib/init/accounts.h"
#include "lib/init/arena.h"
#include "lib/init/load.h"
#include "lib/init/words.h"

using namespace boxctl::init;

namespace {

struct Files {
    Services services;
    ServiceFault fault;
    bool good = false;

    explicit Files(const std::string& text, const char* name = nullptr) {
        reset_memory();
        good = parse_services(text.data(), text.size(), {"f.ini", name}, services, fault) &&
               link_services(services, fault);
    }
    const Service& operator[](const char* name) const {
        const uint32_t index = services.find(name);
        BOOST_REQUIRE(index < services.count);
        return services.list[index];
    }
};

std::string words_of(char* const* words) {
    std::string text;
    for (; words != nullptr && *words != nullptr; ++words)
        text += "<" + std::string(*words) + ">";
    return text;
}

std::string fault_of(const std::string& text, const char* name = nullptr) {
    const Files files(text, name);
    BOOST_TEST(!files.good, text);
    return files.fault.text;
}

/// The fault of a service that has this line as its third.
std::string fault_of_line(const std::string& line) {
    return fault_of("[Service a]\nExecStart=/bin/true\n" + line + "\n");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(service_files)

BOOST_AUTO_TEST_CASE(a_whole_service_is_read) {
    const Files files(R"(# a comment
; another
[Service db]
ExecStart=/bin/db
Type=notify

[Service web]
Description=The web server
ExecStart=/usr/bin/web --name "a b" \
    --quiet
ExecStop=/bin/kill -QUIT 1
Requires=db.service
After=db
Restart=always
RestartSec=500ms
StartLimitBurst=3
StartLimitIntervalSec=2min
OnExit=stop-box
Environment=A=1 "B=x y"
Environment=C=
WorkingDirectory=/srv
LimitNOFILE=4096
MemoryMax=64M
CPUQuota=50%
TasksMax=20
StopSignal=SIGQUIT
TimeoutStartSec=1.5
TimeoutStopSec=infinity
Ready=tcp:80
HealthCheck=http://[::1]:8080/health
HealthIntervalSec=10
HealthTimeoutSec=1
HealthRetries=2
)");
    BOOST_REQUIRE_MESSAGE(files.good, files.fault.text);
    const Service& web = files["web"];
    BOOST_TEST(files.services.count == 2U);
    BOOST_TEST(words_of(web.start) == "</usr/bin/web><--name><a b><--quiet>");
    BOOST_TEST(words_of(web.stop) == "</bin/kill><-QUIT><1>");
    BOOST_TEST(words_of(web.environment) == "<A=1><B=x y><C=>");
    BOOST_TEST(std::string(web.description) == "The web server");
    BOOST_TEST((files["db"].type == ServiceType::notify && web.type == ServiceType::simple));
    BOOST_TEST(web.required == 1U);
    BOOST_TEST(web.after == 1U);
    BOOST_TEST((web.restart == RestartPolicy::always && web.on_exit == EndPolicy::stop_box));
    BOOST_TEST(web.restart_delay == 500);
    BOOST_TEST(web.start_limit == 3U);
    BOOST_TEST(web.start_interval == 120000);
    BOOST_TEST(web.limits.open_files == 4096U);
    BOOST_TEST(web.limits.memory_max == 64U << 20);
    BOOST_TEST(web.limits.cpu_percent == 50U);
    BOOST_TEST(web.limits.tasks_max == 20U);
    BOOST_TEST(web.stop_signal == 3);
    BOOST_TEST(web.start_timeout == 1500);
    BOOST_TEST(web.stop_timeout == -1);
    BOOST_TEST((web.ready.kind == ProbeKind::tcp && web.ready.port == 80));
    BOOST_TEST((web.health.kind == ProbeKind::http && web.health.port == 8080));
    BOOST_TEST(std::string(web.health.host) == "::1");
    BOOST_TEST(std::string(web.health.path) == "/health");
    BOOST_TEST(web.health_retries == 2U);
}

BOOST_AUTO_TEST_CASE(a_file_of_a_directory_names_its_service) {
    const Files files("[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n", "web");
    BOOST_REQUIRE_MESSAGE(files.good, files.fault.text);
    BOOST_TEST(files.services.count == 1U);
    BOOST_TEST(std::string(files["web"].description) == "x");
}

BOOST_AUTO_TEST_CASE(set_up_that_fails_ends_the_box_unless_told_otherwise) {
    const char* setup = "[Service s]\nType=oneshot\nExecStart=/bin/true\n";
    BOOST_TEST((Files(setup)["s"].on_failure == EndPolicy::stop_box));
    BOOST_TEST((Files(std::string(setup) + "OnFailure=ignore\n")["s"].on_failure ==
                EndPolicy::ignore));
    BOOST_TEST((Files("[Service s]\nExecStart=/x\n")["s"].on_failure == EndPolicy::ignore));
}

BOOST_AUTO_TEST_CASE(a_job_that_comes_again_may_fail) {
    const std::string job = "[Service s]\nType=oneshot\nExecStart=/x\nOnUnitActiveSec=2min\n";
    const Files files(job);
    BOOST_TEST(files["s"].period == 120000);
    BOOST_TEST((files["s"].on_failure == EndPolicy::ignore));
    BOOST_TEST((files["s"].restart == RestartPolicy::no));
    const Files told(job + "Restart=on-failure\nOnFailure=stop-box\n");
    BOOST_TEST((told["s"].on_failure == EndPolicy::stop_box));
    BOOST_TEST((told["s"].restart == RestartPolicy::on_failure));
}

BOOST_AUTO_TEST_CASE(faults_name_the_file_and_the_line) {
    const std::pair<const char*, const char*> rows[] = {
            {"", "f.ini:0: has no [Service] section"},
            {"ExecStart=/x\n", "f.ini:1: comes before any section: 'ExecStart'"},
            {"[Service a]\n", "f.ini:1: has no ExecStart: 'a'"},
            {"[Service a]\nExecStart=/x\n\n[Service a]\n", "f.ini:4: is there already: 'a'"},
            {"[Service]\n", "f.ini:1: needs a name: [Service NAME]"},
            {"[Service ../x]\n", "f.ini:1: is no name for a service: '../x'"},
            {"[Service -x]\n", "f.ini:1: is no name for a service: '-x'"},
            {"[Service a\n", "f.ini:1: section without ]"},
            {"[Timer]\n", "f.ini:1: is no section of a service file: 'Timer'"},
            {"[Services a]\n", "f.ini:1: is no section of a service file: 'Services a'"},
            {"\n\nnonsense\n", "f.ini:3: neither [SECTION] nor KEY=VALUE"},
            {"=x\n", "f.ini:1: no key in front of ="},
    };
    for (const auto& [text, fault] : rows)
        BOOST_TEST(fault_of(text) == fault, text);
    BOOST_TEST(fault_of(std::string("a=\0b\n", 5)) == "f.ini:1: has a zero byte");
    BOOST_TEST(fault_of("a=" + std::string(5000, 'x')) == "f.ini:1: is longer than 4095 bytes");
    std::string many;
    for (int i = 0; i < 65; i++)
        many += "[Service s" + std::to_string(i) + "]\nExecStart=/x\n";
    BOOST_TEST(fault_of(many) == "f.ini:129: there are more than 64 services");
}

BOOST_AUTO_TEST_CASE(values_that_mean_nothing_are_refused) {
    for (const char* line : {"Nonsense=1",
                             "ExecStart=",
                             "ExecStart=\"/x",

                             "Type=dbus",
                             "OnUnitActiveSec=0",
                             "OnUnitActiveSec=infinity",
                             "Restart=maybe",
                             "OnExit=explode",
                             "OnFailure=restart",
                             "Environment=A",
                             "Environment==b",
                             "WorkingDirectory=srv",
                             "LimitNOFILE=0",
                             "LimitNOFILE=infinity",
                             "MemoryMax=1X",
                             "MemoryMax=0",
                             "CPUQuota=50",
                             "CPUQuota=0%",
                             "TasksMax=-1",
                             "StopSignal=FOO",
                             "TimeoutStopSec=0",
                             "TimeoutStopSec=1x",
                             "TimeoutStopSec=1.",
                             "TimeoutStopSec=2000000",
                             "RestartSec=infinity",
                             "RestartSec=61",
                             "Ready=udp:1",
                             "Ready=tcp:0",
                             "Ready=tcp:65536",
                             "Ready=tcp:localhost:80",
                             "Ready=fd:2",
                             "Ready=exec:",
                             "HealthCheck=fd:3",
                             "HealthCheck=http://127.0.0.1/",
                             "HealthCheck=http://127.0.0.1:80/a b",
                             "HealthRetries=0",
                             "Enabled=perhaps",
                             "User=no-such-user-here",
                             "PIDFile=x"}) {
        const std::string fault = fault_of_line(line);
        BOOST_TEST(fault.starts_with("f.ini:3: "), line << ": " << fault);
    }
    BOOST_TEST(fault_of("[Service a]\nExecStart=/x\nOnUnitActiveSec=5\n") ==
               "f.ini:1: OnUnitActiveSec= is for Type=oneshot, not for 'a'");
    BOOST_TEST(fault_of("[Service a]\nExecStart=/x\nType=oneshot\nRestart=always\n")
                       .starts_with("f.ini:1: a oneshot cannot"));
    BOOST_TEST(fault_of("[Service a]\nExecStart=/x\nType=notify\nReady=tcp:1\n")
                       .starts_with("f.ini:1: Ready= is for"));
}

BOOST_AUTO_TEST_CASE(services_that_wait_for_each_other_are_spelled_out) {
    const auto service = [](const std::string& name, const std::string& more) {
        return "[Service " + name + "]\nExecStart=/x\n" + more + "\n";
    };
    BOOST_TEST(fault_of(service("a", "Requires=b") + service("b", "After=c") +
                        service("c", "Requires=a") + service("d", "After=a")) ==
               "f.ini:1: these services wait for each other: a after b after c after a");
    BOOST_TEST(fault_of(service("a", "After=a")) ==
               "f.ini:1: these services wait for each other: a after a");
    BOOST_TEST(fault_of(service("a", "Requires=gone")) ==
               "f.ini:1: 'a' needs 'gone', which is no service");
    BOOST_TEST(Files(service("a", "After=b\nAfter=c") + service("b", "After=c") + service("c", ""))
                       .good);
}

BOOST_AUTO_TEST_CASE(users_come_from_the_box_s_own_files) {
    const char* passwd = "root:x:0:0::/root:/bin/sh\nbroken\nweb:x:33:34::/srv/web:/bin/false\n";
    const char* group = "wheel:x:10:root,web\nweb:x:34:\nlog:x:44:web\nother:x:45:webber,aweb\n";
    Identity user;
    reset_memory();
    BOOST_TEST(find_user("web", passwd, group, user) == nullptr);
    BOOST_TEST(user.uid == 33U);
    BOOST_TEST(user.gid == 34U);
    BOOST_TEST(user.group_count == 2U);
    BOOST_TEST(user.groups[0] == 10U);
    BOOST_TEST(user.groups[1] == 44U);
    BOOST_TEST(std::string(user.home) == "/srv/web");
    BOOST_TEST(find_user("33", passwd, group, user) == nullptr);
    BOOST_TEST(std::string(user.name) == "web");
    BOOST_TEST(find_user("4242", passwd, group, user) == nullptr);
    BOOST_TEST((user.uid == 4242U && user.gid == 4242U && user.group_count == 0U));
    BOOST_TEST(find_user("broken", passwd, group, user) != nullptr);
    BOOST_TEST(find_user("", passwd, group, user) != nullptr);
}

BOOST_AUTO_TEST_CASE(memory_that_is_used_up_is_an_error) {
    std::string text = "[Service a]\nExecStart=/x\n";
    while (text.size() < 8 * kMaxServiceText)
        text += "Description=" + std::string(4000, 'x') + "\n";
    BOOST_TEST(fault_of(text).find("too large together") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
