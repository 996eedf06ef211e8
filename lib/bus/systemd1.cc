// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/systemd1.h"

#include <algorithm>
#include <optional>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/base/unit_name.h"

namespace boxctl::bus {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr uint64_t kJobTimeout = 25 * event::kSecond;
constexpr uint64_t kLook = event::kSecond / 4;  ///< between looks whether a job is done unheard

Address manager() {
    return {kService, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"};
}

void put_value(Message& message, const Value& value) {
    std::visit(Overloaded{
                       [&](bool v) { message.open_variant("b").put_bool(v); },
                       [&](int32_t v) { message.open_variant("i").put_int32(v); },
                       [&](uint32_t v) { message.open_variant("u").put_uint32(v); },
                       [&](uint64_t v) { message.open_variant("t").put_uint64(v); },
                       [&](const std::string& v) { message.open_variant("s").put_text(v); },
                       [&](const Bytes& v) { message.open_variant("ay").put_bytes(v); },
                       [&](const Texts& v) {
                           message.open_variant("as").open_array("s");
                           for (const std::string& text : v)
                               message.put_text(text);
                           message.close();
                       },
                       [&](const PathLimits& v) {
                           message.open_variant("a(st)").open_array("(st)");
                           for (const auto& [path, limit] : v)
                               message.open_struct("st").put_text(path).put_uint64(limit).close();
                           message.close();
                       },
                       [&](const TextPairs& v) {
                           message.open_variant("a(ss)").open_array("(ss)");
                           for (const auto& [first, second] : v)
                               message.open_struct("ss").put_text(first).put_text(second).close();
                           message.close();
                       },
                       [&](const IpPrefixes& v) {
                           message.open_variant("a(iayu)").open_array("(iayu)");
                           for (const IpPrefix& prefix : v) {
                               message.open_struct("iayu").put_int32(prefix.family);
                               message.put_bytes(prefix.address).put_uint32(prefix.length).close();
                           }
                           message.close();
                       },
                       [&](const SocketRules& v) {
                           message.open_variant("a(iiqq)").open_array("(iiqq)");
                           for (const SocketRule& rule : v) {
                               message.open_struct("iiqq").put_int32(rule.family);
                               message.put_int32(rule.protocol).put_uint16(rule.count);
                               message.put_uint16(rule.first).close();
                           }
                           message.close();
                       },
                       [&](const InterfaceList& v) {
                           message.open_variant("(bas)").open_struct("bas").put_bool(v.allow);
                           message.open_array("s");
                           for (const std::string& name : v.names)
                               message.put_text(name);
                           message.close().close();
                       },
               },
               value);
    message.close();
}

void put_property(Message& message, const Property& property) {
    message.open_struct("sv").put_text(property.name);
    put_value(message, property.value);
    message.close();
}

void put_process(Message& message, const ScopeRequest& request, bool by_pidfd) {
    message.open_struct("sv").put_text(by_pidfd ? "PIDFDs" : "PIDs");
    if (by_pidfd) {
        message.open_variant("ah").open_array("h").put_fd(request.pidfd);
    } else {
        message.open_variant("au").open_array("u").put_uint32(static_cast<uint32_t>(request.pid));
    }
    message.close().close().close();
}

Result<Message> make_scope_call(Connection& connection, const ScopeRequest& request, bool newer) {
    Message call = BOX_TRY(connection.make_call(manager(), "StartTransientUnit"));
    call.put_text(request.unit).put_text("fail").open_array("(sv)");
    put_process(call, request, newer);
    for (const Property& property : request.properties)
        put_property(call, property);
    if (newer) {
        for (const Property& property : request.newer)
            put_property(call, property);
    }
    call.close().open_array("(sa(sv))").close();
    return call;
}

/// The jobs that ended since this was made. To be made before the call that starts one.
class Jobs {
 public:
    static Result<std::unique_ptr<Jobs>> watch(Connection& connection) {
        auto jobs = std::make_unique<Jobs>();
        jobs->slot_ = BOX_TRY(
                connection.match(manager(), "JobRemoved", [raw = jobs.get()](Message& signal) {
                    const auto id = signal.read_uint32();
                    auto path = signal.read_path();
                    auto unit = signal.read_text();
                    auto result = signal.read_text();
                    if (id && path && unit && result) {
                        raw->ended_.emplace_back(std::move(path).value(),
                                                 std::move(result).value());
                    }
                }));
        return jobs;
    }

    /// Waits for the job that `answer` names, or until `done` where it is given.
    Result<void> wait_for(Connection& connection, Message& answer,
                          const std::function<bool()>& done = nullptr) {
        const std::string job = BOX_TRY(answer.read_path());
        std::optional<std::string> result;
        const auto ended = [&] {
            for (const auto& [path, text] : ended_) {
                if (path == job) result = text;
            }
            return result.has_value();
        };
        const uint64_t deadline = event::now_us() + kJobTimeout;
        for (;;) {
            const uint64_t look = done ? event::now_us() + kLook : deadline;
            auto heard = connection.serve_until(ended, std::min(look, deadline));
            if (heard) break;
            if (done && done()) return {};
            if (heard.error().code() != ETIME || event::now_us() >= deadline) return heard;
        }
        // "skipped": nothing was left to be done.
        if (*result == "done" || *result == "skipped") return {};
        return Error("systemd's job ended as " + quote(*result));
    }

 private:
    Slot slot_;
    std::vector<std::pair<std::string, std::string>> ended_;  ///< path, result
};

}  // namespace

Result<std::unique_ptr<Connection>> reach_systemd(bool bus, bool manager) {
    if (bus) {
        auto connection = Connection::open(Peer::bus, kSystemBus);
        // A daemon that was stopped leaves its socket behind.
        if (connection || !manager) return connection;
    }
    return Connection::open(Peer::manager, kManager);
}

Result<void> set_unit_properties(Connection& connection, const std::string& unit,
                                 const std::vector<Property>& properties, bool runtime) {
    Message call = BOX_TRY(connection.make_call(manager(), "SetUnitProperties"));
    call.put_text(unit).put_bool(runtime).open_array("(sv)");
    for (const Property& property : properties)
        put_property(call, property);
    call.close();
    auto answer = connection.call(call);
    if (!answer) return std::move(answer).context("change " + quote(unit)).error();
    return {};
}

Result<void> start_scope(Connection& connection, const ScopeRequest& request) {
    const std::string what = "start " + quote(request.unit);
    const auto jobs = BOX_TRY(Jobs::watch(connection).context(what));
    Message call = BOX_TRY(make_scope_call(connection, request, true));
    auto answer = connection.call(call);
    // systemd before 254 knows no PIDFDs and says so in one of these ways.
    if (!answer && (answer.error().code() == EROFS || answer.error().code() == EINVAL)) {
        call = BOX_TRY(make_scope_call(connection, request, false));
        answer = connection.call(call);
    }
    if (!answer) return std::move(answer).context(what).error();
    return jobs->wait_for(connection, *answer, request.started).context(what);
}

Result<void> stop_unit(Connection& connection, const std::string& unit) {
    const std::string what = "stop " + quote(unit);
    const auto jobs = BOX_TRY(Jobs::watch(connection).context(what));
    Message call = BOX_TRY(connection.make_call(manager(), "StopUnit"));
    call.put_text(unit).put_text("replace");
    Message answer = BOX_TRY(connection.call(call).context(what));
    return jobs->wait_for(connection, answer).context(what);
}

Result<Message> make_ask_version(Connection& connection) {
    const Address properties = {kService, manager().path, "org.freedesktop.DBus.Properties"};
    Message get = BOX_TRY(connection.make_call(properties, "Get"));
    get.put_text(manager().interface).put_text("Version");
    return get;
}

Result<std::string> read_version(Message& answer) {
    BOX_TRY(answer.enter_variant("s"));
    return answer.read_text();
}

namespace {

/// The answer to a question for a property of a unit, before its value. Reading one would load the
/// unit; this fails for one that is not.
Result<Message> get_property(Connection& connection, const std::string& unit,
                             const char* interface_name, const char* property) {
    Message find = BOX_TRY(connection.make_call(manager(), "GetUnit"));
    find.put_text(unit);
    Message found = BOX_TRY(connection.call(find));
    const Address object = {kService, BOX_TRY(found.read_path()),
                            "org.freedesktop.DBus.Properties"};
    Message get = BOX_TRY(connection.make_call(object, "Get"));
    get.put_text(std::string("org.freedesktop.systemd1.") + interface_name).put_text(property);
    return connection.call(get);
}

Result<TextPairs> read_pairs(Message& answer) {
    BOX_TRY(answer.enter_variant("a(ss)"));
    BOX_TRY(answer.enter_array("(ss)"));
    TextPairs pairs;
    while (BOX_TRY(answer.enter_struct("ss"))) {
        std::string first = BOX_TRY(answer.read_text());
        pairs.emplace_back(std::move(first), BOX_TRY(answer.read_text()));
        BOX_TRY(answer.leave());
    }
    return pairs;
}

}  // namespace

Result<std::string> cgroup_of(Connection& connection, const std::string& unit) {
    const std::string what = "ask for the cgroup of " + quote(unit);
    Message answer = BOX_TRY(get_property(connection, unit, "Scope", "ControlGroup").context(what));
    BOX_TRY(answer.enter_variant("s").context(what));
    return answer.read_text().context(what);
}

Result<TextPairs> devices_of(Connection& connection, const std::string& unit) {
    const std::string what = "ask for the devices of " + quote(unit);
    const char* kind = unit.ends_with(".scope") ? "Scope" : "Service";
    Message answer = BOX_TRY(get_property(connection, unit, kind, "DeviceAllow").context(what));
    return read_pairs(answer).context(what);
}

}  // namespace boxctl::bus
