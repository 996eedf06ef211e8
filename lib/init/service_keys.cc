// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/service_keys.h"

#include <string.h>

#include "lib/init/accounts.h"
#include "lib/init/arena.h"
#include "lib/init/signals.h"
#include "lib/init/text.h"
#include "lib/init/words.h"

namespace boxctl::init {

namespace {

constexpr char kNoRoom[] = "the service files are too large together";

using Take = const char* (*)(Service& service, const char* value);

struct Key {
    const char* name;
    const char* value;  ///< what it takes, for the help
    Take take;
};

const char* keep(const char* text, const char*& kept) {
    kept = keep_text(text, strlen(text));
    return kept == nullptr ? kNoRoom : nullptr;
}

/// More of the same list: "a b" and then "c" are "a b c", as in unit files.
const char* append(const char* text, const char*& list) {
    if (list == nullptr) return keep(text, list);
    Line joined;
    joined.add(list).add(" ").add(text);
    if (joined.size() >= Line::kCapacity) return "is too long a list";
    const char* both = keep_text(joined.text(), joined.size());
    if (both != nullptr) list = both;
    return both == nullptr ? kNoRoom : nullptr;
}

template <class Enum>
struct Word {
    const char* text;
    Enum value;
};

template <class Enum, size_t Count>
const char* choose(const char* text, const Word<Enum> (&words)[Count], const char* problem,
                   Enum& chosen) {
    for (const Word<Enum>& word : words) {
        if (!equal(text, word.text)) continue;
        chosen = word.value;
        return nullptr;
    }
    return problem;
}

const char* take_type(Service& service, const char* value) {
    static constexpr Word<ServiceType> kWords[] = {{"simple", ServiceType::simple},
                                                   {"exec", ServiceType::simple},
                                                   {"notify", ServiceType::notify},
                                                   {"oneshot", ServiceType::oneshot},
                                                   {"forking", ServiceType::forking}};
    return choose(value, kWords, "is none of simple, notify, oneshot, forking", service.type);
}

const char* take_restart(Service& service, const char* value) {
    service.restart_given = true;
    static constexpr Word<RestartPolicy> kWords[] = {{"no", RestartPolicy::no},
                                                     {"on-failure", RestartPolicy::on_failure},
                                                     {"always", RestartPolicy::always}};
    return choose(value, kWords, "is none of no, on-failure, always", service.restart);
}

const char* take_policy(const char* value, EndPolicy& policy) {
    static constexpr Word<EndPolicy> kWords[] = {{"ignore", EndPolicy::ignore},
                                                 {"stop-box", EndPolicy::stop_box}};
    return choose(value, kWords, "is none of ignore, stop-box", policy);
}

const char* take_on_exit(Service& service, const char* value) {
    if (!equal(value, "restart")) return take_policy(value, service.on_exit);
    service.restart = RestartPolicy::always;
    service.restart_given = true;
    return nullptr;
}

const char* take_on_failure(Service& service, const char* value) {
    service.on_failure_given = true;
    return take_policy(value, service.on_failure);
}

const char* take_environment(Service& service, const char* value) {
    const uint32_t before = service.environment_count;
    const char* problem = read_words(value, service.environment, service.environment_count);
    for (uint32_t i = before; problem == nullptr && i < service.environment_count; ++i) {
        const char* equals = strchr(service.environment[i], '=');
        if (equals == nullptr || equals == service.environment[i]) return "is not NAME=VALUE";
    }
    return problem;
}

const char* take_directory(Service& service, const char* value) {
    return value[0] == '/' ? keep(value, service.directory) : "is not an absolute path";
}

const char* take_pid_file(Service& service, const char* value) {
    return value[0] == '/' ? keep(value, service.pid_file) : "is not an absolute path";
}

const char* take_stop_signal(Service& service, const char* value) {
    service.stop_signal = static_cast<uint8_t>(parse_signal(value));
    return service.stop_signal != 0 ? nullptr : "is no signal";
}

const char* take_number(const char* value, uint32_t& number) {
    if (equal(value, "infinity")) {
        number = 0;
        return nullptr;
    }
    const bool good = parse_number(value, 1000000000, number) && number != 0;
    return good ? nullptr : "is not a positive number or infinity";
}

const char* take_open_files(Service& service, const char* value) {
    uint32_t number = 0;
    const char* problem = take_number(value, number);
    if (problem == nullptr && number == 0) return "cannot be unlimited";
    service.limits.open_files = number;
    return problem;
}

const char* take_cpu(Service& service, const char* value) {
    uint32_t percent = 0;
    const char* rest = nullptr;
    const bool good = read_number(value, 1000000, percent, rest) && equal(rest, "%");
    if (!good || percent == 0) return "is not a percentage of one processor, such as 50%";
    service.limits.cpu_percent = percent;
    return nullptr;
}

const char* take_ready(Service& service, const char* value) {
    return read_probe(value, service.ready);
}

const char* take_health(Service& service, const char* value) {
    const char* problem = read_probe(value, service.health);
    if (problem == nullptr && service.health.kind == ProbeKind::descriptor) {
        return "cannot be a descriptor";
    }
    return problem;
}

/// A time that bounds a wait: zero would be a mistake.
const char* take_wait(const char* value, int64_t& time) {
    const char* problem = read_time(value, time);
    return problem == nullptr && time == 0 ? "cannot be zero" : problem;
}

const char* take_period(Service& service, const char* value) {
    const char* problem = take_wait(value, service.period);
    return problem == nullptr && service.period < 0 ? "cannot be infinity" : problem;
}

const char* take_retries(Service& service, const char* value) {
    const bool good =
            parse_number(value, 1000, service.health_retries) && service.health_retries > 0;
    return good ? nullptr : "is not a number from 1 to 1000";
}

const char* take_start_limit(Service& service, const char* value) {
    const bool good = parse_number(value, 1000000, service.start_limit);
    return good ? nullptr : "is not a number; 0 never gives up";
}

const char* take_restart_delay(Service& service, const char* value) {
    const char* problem = read_time(value, service.restart_delay);
    const bool fits = service.restart_delay >= 0 && service.restart_delay <= kMaxRestartDelay;
    return problem == nullptr && !fits ? "is longer than a minute" : problem;
}

// clang-format off
constexpr Key kKeys[] = {
    {"Description",        "TEXT",                        [](Service& s, const char* v) { return keep(v, s.description); }},
    {"ExecStart",          "COMMAND",                     [](Service& s, const char* v) { return read_command(v, s.start); }},
    {"ExecStop",           "COMMAND",                     [](Service& s, const char* v) { return read_command(v, s.stop); }},
    {"Type",               "simple|notify|oneshot|forking", take_type},
    {"PIDFile",            "PATH",                        take_pid_file},
    {"Requires",           "SERVICE...",                  [](Service& s, const char* v) { return append(v, s.requires_text); }},
    {"After",              "SERVICE...",                  [](Service& s, const char* v) { return append(v, s.after_text); }},
    {"Enabled",            "yes|no",                      [](Service& s, const char* v) { return read_flag(v, s.enabled); }},
    {"OnUnitActiveSec",    "TIME",                        take_period},
    {"Restart",            "no|on-failure|always",        take_restart},
    {"RestartSec",         "TIME",                        take_restart_delay},
    {"StartLimitBurst",    "NUMBER",                      take_start_limit},
    {"StartLimitIntervalSec", "TIME",                     [](Service& s, const char* v) { return take_wait(v, s.start_interval); }},
    {"OnExit",             "ignore|stop-box|restart",     take_on_exit},
    {"OnFailure",          "ignore|stop-box",             take_on_failure},
    {"User",               "USER",                        [](Service& s, const char* v) { return read_user(v, s.user); }},
    {"Environment",        "NAME=VALUE...",               take_environment},
    {"WorkingDirectory",   "PATH",                        take_directory},
    {"LimitNOFILE",        "NUMBER",                      take_open_files},
    {"MemoryMax",          "SIZE",                        [](Service& s, const char* v) { return read_size(v, s.limits.memory_max); }},
    {"CPUQuota",           "PERCENT%",                    take_cpu},
    {"TasksMax",           "NUMBER",                      [](Service& s, const char* v) { return take_number(v, s.limits.tasks_max); }},
    {"StopSignal",         "SIGNAL",                      take_stop_signal},
    {"KillSignal",         "SIGNAL",                      take_stop_signal},
    {"TimeoutStartSec",    "TIME",                        [](Service& s, const char* v) { return take_wait(v, s.start_timeout); }},
    {"TimeoutStopSec",     "TIME",                        [](Service& s, const char* v) { return take_wait(v, s.stop_timeout); }},
    {"Ready",              "PROBE",                       take_ready},
    {"HealthCheck",        "PROBE",                       take_health},
    {"HealthIntervalSec",  "TIME",                        [](Service& s, const char* v) { return take_wait(v, s.health_interval); }},
    {"HealthTimeoutSec",   "TIME",                        [](Service& s, const char* v) { return take_wait(v, s.health_timeout); }},
    {"HealthRetries",      "NUMBER",                      take_retries},
};
// clang-format on

}  // namespace

const char* take_key(Service& service, const char* key, const char* value, bool& known) {
    for (const Key& row : kKeys) {
        if (!equal(key, row.name)) continue;
        known = true;
        return row.take(service, value);
    }
    known = false;
    return nullptr;
}

void print_service_keys(int fd) {
    for (const Key& key : kKeys) {
        Line line;
        line.add("  ").add(key.name).add("=").add(key.value).write_to(fd);
    }
}

}  // namespace boxctl::init
