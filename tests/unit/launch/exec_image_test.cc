// SPDX-License-Identifier: LGPL-2.1-or-later
// The last leg before execve(2), in a child with a user namespace of its own: what it gives up, and
// that it does not go on when a step did not take.
#include "lib/launch/exec_image.h"

#include <functional>
#include <string>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/message.h"
#include "lib/os/process.h"
#include "lib/security/capability.h"

using namespace boxctl;
using launch::ExecFault;
using launch::ExecImage;

namespace {

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result answer(geteuid() == 0);
    answer.message() << "needs root";
    return answer;
}

template <class T>
T need(Result<T> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
    return std::move(result).value();
}

struct Leg {
    plan::ProcessPlan process;
    plan::SecurityPlan security;
    std::function<void(ExecImage&)> change = [](ExecImage&) {};

    Leg() {
        process.candidates = {"/bin/sh"};
        process.environment = {"PATH=/usr/bin:/bin"};
        security.capabilities = security::default_capabilities(true);
        script("exit 0");
    }
    void script(const std::string& text) { process.arguments = {"sh", "-c", text}; }
};

/// What the leg printed, or the fault it ended with.
struct Ran {
    std::string text;
    int status = 0;
};

[[noreturn]] void run_leg(const ExecImage& image, int told) {
    ExecFault fault = launch::confine(image);
    if (fault.what == nullptr) {
        dup2(told, STDOUT_FILENO);
        fault = launch::execute(image);
    }
    dprintf(told, "%s: %d", fault.what, fault.error);
    _exit(99);
}

/// Runs the leg as root of a user namespace whose 0 is no user of the host.
Ran run(const Leg& leg) {
    auto image = need(launch::prepare_exec(leg.process, leg.security, true));
    leg.change(*image);
    auto gate = need(os::make_socket_pair());
    int ends[2];
    BOOST_REQUIRE_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    const os::UniqueFd hears(ends[0]);
    os::UniqueFd tells(ends[1]);
    os::CloneRequest request;
    request.flags = CLONE_NEWUSER;
    const os::Cloned child = need(os::clone_process(request));
    if (child.pid == 0) {
        char byte = 0;
        if (read(gate.second.get(), &byte, 1) != 1 || setresgid(0, 0, 0) < 0 ||
            setresuid(0, 0, 0) < 0) {
            _exit(98);
        }
        run_leg(*image, tells.get());
    }
    tells.reset();
    for (const char* map : {"uid_map", "gid_map"}) {
        BOOST_REQUIRE(
                os::write_file(format("/proc/%d/%s", child.pid, map), "0 1000000000 65536\n"));
    }
    BOOST_REQUIRE_EQUAL(write(gate.first.get(), "x", 1), 1);
    Ran ran;
    ran.text = need(os::read_fd(hears));
    ran.status = need(os::wait_for(child.pidfd)).shell_code();
    return ran;
}

std::string mismatch(security::Mismatch what) {
    return std::string(security::to_string(what)) + ": 0";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(exec_leg, *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(the_command_runs_confined) {
    Leg leg;
    leg.security.limits = {{RLIMIT_NOFILE, 100, 200}};
    leg.script(
            "grep -E '^(Cap|NoNewPrivs|Seccomp:|Groups)' /proc/self/status; ulimit -n; ulimit -Hn; "
            "echo end; exit 7");
    const Ran ran = run(leg);
    BOOST_CHECK_EQUAL(ran.status, 7);
    const auto mask = [](uint64_t value) {
        return format("%016llx", static_cast<unsigned long long>(value));
    };
    const std::string caps = mask(security::default_capabilities(true));
    for (const std::string& line :
         {"CapInh:\t" + mask(0), "CapPrm:\t" + caps, "CapEff:\t" + caps, "CapBnd:\t" + caps,
          "CapAmb:\t" + mask(0), std::string("NoNewPrivs:\t0"), std::string("Seccomp:\t2"),
          std::string("100\n200\nend\n")}) {
        BOOST_CHECK_MESSAGE(ran.text.find(line) != std::string::npos, line << " in\n" << ran.text);
    }
}

BOOST_AUTO_TEST_CASE(a_user_starts_without_capabilities) {
    Leg leg;
    leg.process.user.uid = 33;
    leg.process.user.gid = 34;
    leg.process.user.groups = {50, 4, 44};
    leg.security.no_new_privileges = true;
    leg.script("grep -E '^(Uid|Gid|Groups|CapEff|CapPrm|NoNewPrivs)' /proc/self/status");
    const Ran ran = run(leg);
    BOOST_CHECK_EQUAL(ran.status, 0);
    for (const char* line :
         {"Uid:\t33\t33\t33\t33", "Gid:\t34\t34\t34\t34", "Groups:\t4 44 50",
          "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1"}) {
        BOOST_CHECK_MESSAGE(ran.text.find(line) != std::string::npos, line << " in\n" << ran.text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_as_intended_is_not_executed) {
    using security::Mismatch;
    const struct {
        Mismatch what;
        void (*change)(ExecImage&);
    } cases[] = {
            {Mismatch::bounding_set, [](ExecImage& image) { image.expected.bounding ^= 1; }},
            {Mismatch::effective_set, [](ExecImage& image) { image.expected.effective ^= 1; }},
            {Mismatch::inheritable_set, [](ExecImage& image) { image.expected.inheritable = 1; }},
            {Mismatch::ambient_set, [](ExecImage& image) { image.expected.ambient = 1; }},
            {Mismatch::no_new_privs, [](ExecImage& image) { image.expected.no_new_privs ^= 1; }},
            {Mismatch::seccomp_mode, [](ExecImage& image) { image.expected.seccomp_mode = 0; }},
            {Mismatch::seccomp_filters, [](ExecImage& image) { image.expected.seccomp_filters++; }},
            // A step that is left out is found as well as one that is expected differently.
            {Mismatch::seccomp_mode, [](ExecImage& image) { image.filters.clear(); }},
            {Mismatch::bounding_set, [](ExecImage& image) { image.bounding = UINT64_MAX; }},
            {Mismatch::groups, [](ExecImage& image) { image.groups = {7}; }},
    };
    for (const auto& [what, change] : cases) {
        Leg leg;
        leg.script("echo executed");
        leg.change = change;
        const Ran ran = run(leg);
        BOOST_CHECK_EQUAL(ran.status, 99);
        BOOST_CHECK_EQUAL(ran.text, mismatch(what));
    }
}

BOOST_AUTO_TEST_CASE(a_step_that_fails_ends_the_leg) {
    Leg leg;
    leg.script("echo executed");
    leg.process.user.gid = 70000;  // not in the map
    Ran ran = run(leg);
    BOOST_CHECK_EQUAL(ran.text, format("set the group id: %d", EINVAL));
    leg.process.user.gid = 0;
    leg.process.user.uid = 70000;
    ran = run(leg);
    BOOST_CHECK_EQUAL(ran.text, format("set the user id: %d", EINVAL));
}

BOOST_AUTO_TEST_CASE(candidates_are_tried_until_one_is_there) {
    const auto fault = [](std::vector<std::string> candidates) {
        Leg leg;
        leg.script("echo executed");
        leg.process.candidates = std::move(candidates);
        return run(leg).text;
    };
    BOOST_CHECK_EQUAL(fault({"/nowhere/sh", "/etc/passwd/sh", "/bin/sh"}), "executed\n");
    BOOST_CHECK_EQUAL(fault({"/etc/passwd", "/bin/sh"}), "executed\n");
    BOOST_CHECK_EQUAL(fault({"/nowhere/sh"}), format("execute: %d", ENOENT));
    BOOST_CHECK_EQUAL(fault({"/etc/passwd", "/nowhere/sh"}), format("execute: %d", EACCES));
    BOOST_CHECK_EQUAL(fault({}), format("execute: %d", ENOENT));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(the_image_says_what_the_plan_says) {
    Leg leg;
    leg.process.user.groups = {9, 3};
    leg.security.no_new_privileges = true;
    const auto image = need(launch::prepare_exec(leg.process, leg.security, true));
    BOOST_CHECK_EQUAL(image->arguments.size(), 4U);
    BOOST_CHECK(image->arguments.back() == nullptr && image->environment.back() == nullptr);
    BOOST_CHECK(image->groups == std::vector<gid_t>({3, 9}));
    BOOST_CHECK_EQUAL(image->bounding, leg.security.capabilities);
    BOOST_CHECK_EQUAL(image->expected.bounding, image->bounding);
    BOOST_CHECK_EQUAL(image->expected.inheritable | image->expected.ambient, 0U);
    BOOST_CHECK_EQUAL(image->expected.no_new_privs, 1U);
    BOOST_CHECK_GE(image->expected.seccomp_filters, image->filters.size());
    BOOST_CHECK(!image->filters.empty());
}

BOOST_AUTO_TEST_CASE(without_a_user_namespace_no_more_is_handed_on_than_there_is) {
    Leg leg;
    leg.security.capabilities = security::kAllCapabilities;
    const auto image = need(launch::prepare_exec(leg.process, leg.security, false));
    BOOST_CHECK_EQUAL(image->bounding,
                      need(security::probe_bounding_set()) & security::kAllCapabilities);
}
