// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/record.h"

#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/process.h"

using namespace boxctl;

namespace {

state::Record sample() {
    state::Record record;
    record.name = "web";
    record.mode = "boot";
    record.phase = "running";
    record.root = "/srv/w\"e\\b\n\x1b[2J";
    record.uuid = "0123456789abcdef0123456789abcdef";
    record.init = "/sbin/init";
    record.init_kind = "busybox";
    record.contained = true;
    record.user_namespace = true;
    record.namespaces = 0x7e020080;
    record.capabilities = UINT64_MAX;
    record.no_new_privileges = true;
    record.system_calls = {"@clock", "~@mount"};
    record.address_families = "AF_UNIX";
    record.id_base = 4294901760;
    record.id_count = 65536;
    record.supervisor = {100, 12345678901234};
    record.leader = {INT32_MAX, UINT64_MAX};
    record.started = 1795432041;
    record.cgroup = "/sys/fs/cgroup/machine.slice/machine-web.scope";
    record.devices_restricted = true;
    record.unit = "machine-web.scope";
    record.console = "passive";
    record.terminals = {{0, 20}, {2, 21}, {64, INT32_MAX}};
    record.host_link = "ve-web";
    record.poweroff = {12, {}};
    record.reboot = {0, {"/sbin/telinit", "6", ""}};
    record.console_output = 2;
    record.stop_timeout = state::kNoTimeout;
    record.reloads = 3;
    record.log = "journal";
    record.reload_failure = "no such file";
    record.notes = {"no network", ""};
    return record;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, from << " is not in " << text);
    return text.replace(at, from.size(), to);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_record_comes_back_as_it_was) {
    const state::Record written = sample();
    const auto read = state::from_json(state::to_json(written));
    BOOST_REQUIRE(read);
    BOOST_TEST(read->name == written.name);
    BOOST_TEST(read->mode == written.mode);
    BOOST_TEST(read->phase == written.phase);
    BOOST_TEST(read->root == written.root);
    BOOST_TEST(read->uuid == written.uuid);
    BOOST_TEST(read->init == written.init);
    BOOST_TEST(read->init_kind == written.init_kind);
    BOOST_TEST(read->contained == written.contained);
    BOOST_TEST(read->user_namespace == written.user_namespace);
    BOOST_TEST(read->namespaces == written.namespaces);
    BOOST_TEST(read->capabilities == written.capabilities);
    BOOST_TEST(read->no_new_privileges == written.no_new_privileges);
    BOOST_TEST((read->system_calls == written.system_calls));
    BOOST_TEST(read->address_families == written.address_families);
    BOOST_TEST(read->id_base == written.id_base);
    BOOST_TEST(read->id_count == written.id_count);
    BOOST_TEST(read->supervisor.pid == written.supervisor.pid);
    BOOST_TEST(read->supervisor.start_time == written.supervisor.start_time);
    BOOST_TEST(read->leader.pid == written.leader.pid);
    BOOST_TEST(read->leader.start_time == written.leader.start_time);
    BOOST_TEST(read->started == written.started);
    BOOST_TEST(read->cgroup == written.cgroup);
    BOOST_TEST(read->unit == written.unit);
    BOOST_TEST(read->devices_restricted);
    BOOST_TEST(read->console == written.console);
    BOOST_TEST((read->terminals == written.terminals));
    BOOST_TEST(read->host_link == written.host_link);
    BOOST_TEST(read->poweroff.signal == 12);
    BOOST_TEST((read->reboot.command == written.reboot.command));
    BOOST_TEST((read->notes == written.notes));
    BOOST_TEST(read->console_output == written.console_output);
    BOOST_TEST(read->stop_timeout == written.stop_timeout);
    BOOST_TEST(read->reloads == written.reloads);
    BOOST_TEST(read->log == written.log);
    BOOST_TEST(read->reload_failure == written.reload_failure);
    // Nothing is lost the second time either.
    BOOST_TEST(state::to_json(*read) == state::to_json(written));
}

BOOST_AUTO_TEST_CASE(a_record_is_one_line_without_control_characters) {
    const std::string text = state::to_json(sample());
    BOOST_TEST(text.find('\n') == text.size() - 1);
    BOOST_TEST(text.find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_record_cut_anywhere_is_refused) {
    const std::string text = state::to_json(sample());
    // The newline at the end may be missing; it is no part of the value.
    for (size_t length = 0; length + 1 < text.size(); length++) {
        BOOST_TEST(!state::from_json(text.substr(0, length)), "cut at " << length);
    }
    BOOST_TEST(state::from_json(text.substr(0, text.size() - 1)).has_value());
}

BOOST_AUTO_TEST_CASE(a_byte_changed_anywhere_is_refused_or_read_as_what_it_says) {
    const std::string text = state::to_json(sample());
    for (size_t at = 0; at < text.size(); at++) {
        for (const char byte : {'\0', '"', '{', '}', '9', '-', 'e', ',', '\xff'}) {
            std::string changed = text;
            if (changed[at] == byte) continue;
            changed[at] = byte;
            const auto read = state::from_json(changed);
            if (!read) continue;
            // What is accepted says exactly one thing, and that is written back.
            const auto again = state::from_json(state::to_json(*read));
            BOOST_REQUIRE_MESSAGE(again, "offset " << at);
            BOOST_TEST(state::to_json(*again) == state::to_json(*read), "offset " << at);
            BOOST_TEST(read->leader.pid >= 0);
            BOOST_TEST(read->reboot.signal <= 64);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_missing_or_mistyped_member_is_named) {
    const std::string text = state::to_json(sample());
    for (const char* key :
         {"version",    "name",         "mode",      "phase",     "root",
          "uuid",       "init",         "init_kind", "contained", "user_namespace",
          "namespaces", "capabilities", "id_base",   "id_count",  "no_new_privileges",
          "supervisor", "leader",       "started",   "cgroup",    "terminals",
          "unit",       "host_link",    "console",   "poweroff",  "reboot",
          "notes"}) {
        const std::string member = "\"" + std::string(key) + "\":";
        const auto missing = state::from_json(replaced(text, member, "\"other\":"));
        BOOST_REQUIRE_MESSAGE(!missing, key);
        BOOST_TEST(missing.error().message().find(key) != std::string::npos, key);
        const auto mistyped = state::from_json(replaced(text, member, member + "null,\"other\":"));
        BOOST_REQUIRE_MESSAGE(!mistyped, key);
        BOOST_TEST(mistyped.error().message().find(key) != std::string::npos, key);
    }
}

BOOST_AUTO_TEST_CASE(a_record_of_an_older_boxctl_is_read) {
    std::string text = state::to_json(sample());
    for (const char* key : {"console_output", "log", "stop_timeout", "reloads", "reload_failure",
                            "devices_restricted"}) {
        const std::string member = "\"" + std::string(key) + "\":";
        BOOST_TEST(!state::from_json(replaced(text, member, member + "null,\"other\":")), key);
        text = replaced(text, member, "\"other-" + std::string(key) + "\":");
    }
    const auto read = state::from_json(text);
    BOOST_REQUIRE(read);
    BOOST_TEST(read->console_output == state::Record().console_output);
    BOOST_TEST(read->stop_timeout == state::Record().stop_timeout);
    BOOST_TEST(read->reloads == 0U);
    BOOST_TEST(!read->devices_restricted);
    BOOST_TEST(read->log == state::Record().log);
    BOOST_TEST(read->reload_failure.empty());
}

BOOST_AUTO_TEST_CASE(impossible_values_are_refused) {
    const std::string text = state::to_json(sample());
    const struct {
        const char* from;
        const char* to;
    } cases[] = {
            {"\"version\":1", "\"version\":2"},
            {"\"signal\":12", "\"signal\":65"},
            {"\"signal\":12", "\"signal\":-1"},
            {"\"pid\":100", "\"pid\":4294967396"},
            {"\"pid\":100", "\"pid\":-100"},
            {"\"pid\":100", "\"pid\":100.0"},
            {"\"id_count\":65536", "\"id_count\":4294967296"},
            {"\"index\":64", "\"index\":65"},
            {"\"fd\":20", "\"fd\":2147483648"},
            {"\"no network\"", "7"},
            {"\"name\":\"web\"", "\"name\":\"web\",\"name\":\"web\""},
    };
    for (const auto& each : cases) {
        BOOST_TEST(!state::from_json(replaced(text, each.from, each.to)), each.to);
    }
}

BOOST_AUTO_TEST_CASE(a_process_is_opened_only_as_the_one_that_was_meant) {
    const auto start = os::start_time(getpid());
    BOOST_REQUIRE(start);
    BOOST_TEST(state::open_process({getpid(), *start}).has_value());
    const auto other = state::open_process({getpid(), *start + 1});
    BOOST_REQUIRE(!other);
    BOOST_TEST(other.error().code() == ESRCH);
}

BOOST_AUTO_TEST_CASE(a_process_that_ended_is_not_opened) {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    const auto start = os::start_time(pid);
    BOOST_REQUIRE(waitpid(pid, nullptr, 0) == pid);
    BOOST_REQUIRE(start);
    const auto opened = state::open_process({pid, *start});
    BOOST_REQUIRE(!opened);
    BOOST_TEST(opened.error().code() == ESRCH);
}
