// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/usage.h"

#include "tests/unit/cgroup/files.h"

using namespace boxctl;
using cgroup_test::Files;

namespace {

cgroup::Usage usage_of(const Files& files) {
    return cgroup::read_usage(files.open());
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_controllers_say_is_read) {
    const Files files;
    files.write("cpu.stat", "usage_usec 1234567\nuser_usec 1\nnr_periods 0\n");
    files.write("memory.current", "4096\n");
    files.write("memory.max", "1048576\n");
    files.write("memory.peak", "8192\n");
    files.write("memory.swap.current", "0\n");
    files.write("pids.current", "7\n");
    files.write("pids.max", "100\n");
    files.write("memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n");
    files.write("io.stat",
                "8:0 rbytes=100 wbytes=20 rios=1 wios=1 dbytes=5\n"
                "253:1 rbytes=11 wbytes=2 rios=1 wios=1 dbytes=0\n");
    const cgroup::Usage usage = usage_of(files);
    BOOST_TEST((usage.cpu_us == 1234567U));
    BOOST_TEST((usage.memory == 4096U));
    BOOST_TEST(!usage.memory_of_processes);
    BOOST_TEST((usage.memory_max == 1048576U));
    BOOST_TEST((usage.memory_peak == 8192U));
    BOOST_TEST((usage.swap == 0U));
    BOOST_TEST((usage.tasks == 7U));
    BOOST_TEST((usage.tasks_max == 100U));
    BOOST_TEST((usage.bytes_read == 111U));
    BOOST_TEST((usage.bytes_written == 22U));
    BOOST_TEST((usage.oom_kills == 2U));
}

BOOST_AUTO_TEST_CASE(no_limit_and_no_controller_are_nothing) {
    const Files files;
    files.write("memory.current", "1");
    files.write("memory.max", "max\n");
    files.write("pids.current", "1");
    files.write("pids.max", "max\n");
    const cgroup::Usage usage = usage_of(files);
    BOOST_TEST(!usage.memory_max.has_value());
    BOOST_TEST(!usage.tasks_max.has_value());
    BOOST_TEST(!usage.cpu_us.has_value());
    BOOST_TEST(!usage.memory_peak.has_value());
    BOOST_TEST(!usage.bytes_read.has_value());
    BOOST_TEST(!usage.oom_kills.has_value());
}

BOOST_AUTO_TEST_CASE(an_io_stat_without_lines_is_zero) {
    const Files files;
    files.write("io.stat", "");
    BOOST_TEST((usage_of(files).bytes_read == 0U));
}

BOOST_AUTO_TEST_CASE(malformed_files_are_nothing) {
    const Files files;
    files.write("memory.current", "-1\n");
    files.write("pids.current", "12 13\n");
    files.write("cpu.stat", "usage_usec\nusage_usec x\n");
    const cgroup::Usage usage = usage_of(files);
    BOOST_TEST(!usage.cpu_us.has_value());
    BOOST_TEST(usage.memory_of_processes);
    BOOST_TEST((usage.tasks == 0U));
}

BOOST_AUTO_TEST_CASE(without_controllers_processes_are_summed_but_not_the_supervisor) {
    const Files files;
    const std::string own = std::to_string(getpid()) + "\n";
    files.write("payload/cgroup.procs", own);
    files.write("payload/cgroup.threads", own + own);
    files.write("payload/web.service/cgroup.threads", own);
    files.write("supervisor/cgroup.procs", own);
    files.write("supervisor/cgroup.threads", own);
    const cgroup::Usage usage = usage_of(files);
    BOOST_TEST(usage.memory_of_processes);
    BOOST_TEST((usage.tasks == 3U));
    BOOST_TEST(usage.memory.value_or(0) > 4096U);
    files.write("memory.current", "5");
    BOOST_TEST((usage_of(files).memory == 5U));
    BOOST_TEST(!usage_of(files).memory_of_processes);
}

BOOST_AUTO_TEST_CASE(processes_that_have_ended_weigh_nothing) {
    const Files files;
    files.write("payload/cgroup.procs", "2147483647\n");
    files.write("payload/cgroup.threads", "2147483647\n");
    BOOST_TEST((usage_of(files).memory == 0U));
}

BOOST_AUTO_TEST_CASE(links_are_not_followed) {
    const Files files;
    files.write("elsewhere", "99\n");
    files.write("pids.current", "1");
    const std::string path = os::host_path(files.open()).value();
    BOOST_REQUIRE(symlink("elsewhere", (path + "/memory.current").c_str()) == 0);
    BOOST_TEST(usage_of(files).memory_of_processes);
}

BOOST_AUTO_TEST_CASE(frozen_is_what_the_payload_is) {
    const Files files;
    BOOST_TEST(!cgroup::is_frozen(files.open()));
    files.write("payload/cgroup.events", "populated 1\nfrozen 0\n");
    BOOST_TEST(!cgroup::is_frozen(files.open()));
    files.write("payload/cgroup.events", "populated 1\nfrozen 1\n");
    BOOST_TEST(cgroup::is_frozen(files.open()));
}
