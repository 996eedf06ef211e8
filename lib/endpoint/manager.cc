// SPDX-License-Identifier: LGPL-2.1-or-later
// Manager: the table of methods, and those that start and end units. Looking at them:
// manager_view.cc.
#include "lib/endpoint/manager.h"

#include <algorithm>

#include <sys/random.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/endpoint/manager_methods.h"

namespace boxctl::endpoint {
namespace {

constexpr size_t kMostUnits = 128;
/// Programs a second that may be started for long, and at once.
constexpr double kStartRate = 100;
constexpr double kStartBurst = 300;
/// A getty is started anew after this, and not for ever when it cannot.
constexpr uint64_t kGettyPause = event::kSecond / 2;
constexpr int kGettyFailures = 5;

std::string random_bytes() {
    char bytes[16];
    // Without random numbers there is no id, and nobody who misses it.
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) return {};
    return {bytes, sizeof bytes};
}

/// N of container-getty@N.service; empty when it is none.
std::string getty_line(std::string_view name) {
    constexpr std::string_view kPrefix = "container-getty@";
    constexpr std::string_view kSuffix = ".service";
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return {};
    name.remove_prefix(kPrefix.size());
    name.remove_suffix(kSuffix.size());
    return parse_u32(name) ? std::string(name) : std::string();
}

std::optional<Power> power_of(std::string_view target) {
    for (const char* name : {"poweroff.target", "halt.target", "exit.target", "shutdown.target"}) {
        if (target == name) return Power::off;
    }
    for (const char* name : {"reboot.target", "ctrl-alt-del.target", "kexec.target"}) {
        if (target == name) return Power::reboot;
    }
    return std::nullopt;
}

Refusal no_unit(const std::string& name) {
    return {kNoSuchUnit, "this box has no unit " + quote(name)};
}

}  // namespace

Manager::Manager(event::Loop& loop, const Box& box, const Outlet& outlet)
        : loop_(loop), box_(box), outlet_(outlet), allowance_(kStartBurst) {
}
Manager::~Manager() = default;

void Manager::handle(Call& call) {
    if (call_unit_object(call)) return;
    const dbus::Message& message = call.message();
    bool known_interface = message.interface.empty();
    for (const Method& method : kMethods) {
        if (!message.interface.empty() && message.interface != method.interface) continue;
        known_interface = true;
        if (message.member != method.member) continue;
        if (message.signature != method.signature) {
            return call.refuse(kInvalidArgs, "wrong arguments for " + quote(message.member));
        }
        return (this->*method.act)(call);
    }
    if (!known_interface) {
        return call.refuse(kUnknownInterface,
                           quote(message.interface) + " is not available: this box has no systemd");
    }
    call.refuse(kUnknownMethod,
                quote(message.member) + " is not available: this box has no systemd");
}

/// Methods of a unit's own object are those of the manager with its name put in front.
bool Manager::call_unit_object(Call& call) {
    const dbus::Message& message = call.message();
    if (message.interface != kUnitInterface) return false;
    const std::string name = unit_name(message.path);
    for (const UnitMethod& method : kUnitMethods) {
        if (message.member != method.member || message.signature != method.signature) continue;
        dbus::Message of_manager = message;
        of_manager.interface = kManagerInterface;
        of_manager.member = method.of_manager;
        of_manager.signature = "s" + message.signature;
        dbus::Writer body;
        body.string(name);
        dbus::Reader reader = message.reader();
        for (const char type : message.signature)
            type == 's' ? body.string(reader.string()) : body.i32(reader.i32());
        of_manager.body = std::move(body).take();
        of_manager.endian = dbus::Endian::little;
        Call moved(outlet_, call.connection(), of_manager, {});
        handle(moved);
        return true;
    }
    call.refuse(kUnknownMethod, "a unit of this box has no method " + quote(message.member));
    return true;
}

Manager::Entry* Manager::find(const std::string& name) {
    const auto found = units_.find(name);
    return found == units_.end() ? nullptr : &found->second;
}

void Manager::forget(uint32_t connection) {
    for (auto& [name, entry] : units_)
        entry.held_by.erase(connection);
}

bool Manager::serves(uint32_t connection) const {
    return std::any_of(units_.begin(), units_.end(), [&](const auto& each) {
        const Entry& entry = each.second;
        return entry.held_by.contains(connection) ||
               (entry.job.by && entry.job.by->connection == connection);
    });
}

std::vector<const shell::Session*> Manager::sessions() const {
    std::vector<const shell::Session*> running;
    for (const auto& [name, entry] : units_) {
        const shell::Session* session = entry.unit->session();
        if (session != nullptr && session->pidfd.valid()) running.push_back(session);
    }
    for (const Entry& entry : retired_) {
        const shell::Session* session = entry.unit->session();
        if (session != nullptr && session->pidfd.valid()) running.push_back(session);
    }
    return running;
}

bool Manager::starting() const {
    return !commands_.empty() || std::any_of(units_.begin(), units_.end(), [](const auto& named) {
        return named.second.unit->state() == Unit::State::starting;
    });
}

void Manager::sweep() {
    commands_.remove_if([](const auto& command) { return command->over(); });
    retired_.remove_if([](const Entry& entry) { return entry.unit->over(); });
    std::erase_if(units_, [](const auto& each) {
        const Entry& entry = each.second;
        return entry.unit->state() == Unit::State::dead && entry.held_by.empty() &&
               entry.job.number == 0 && !entry.again.active();
    });
}

/// Makes the name of a shell free. It is that of a terminal, which its last user may have closed a
/// moment before we hear of its end: whoever asks has the terminal anew.
void Manager::retire(const std::string& name) {
    const auto found = units_.find(name);
    if (found == units_.end() || !name.starts_with("container-shell@")) return;
    retired_.push_back(std::move(found->second));
    units_.erase(found);
}

/// The entry that has this unit, unless it was retired.
Manager::Entry* Manager::entry_of(const std::string& name, const Unit& unit) {
    Entry* const entry = find(name);
    return entry != nullptr && entry->unit.get() == &unit ? entry : nullptr;
}

/// Whether one more program may be started under this name; refuses if not.
bool Manager::may_start(Call& call, const std::string& name) {
    const uint64_t now = event::now_us();
    if (allowed_at_ != 0) {
        const double passed = static_cast<double>(now - allowed_at_) / event::kSecond;
        allowance_ = std::min(kStartBurst, allowance_ + passed * kStartRate);
    }
    allowed_at_ = now;
    sweep();
    retire(name);
    const Entry* const entry = find(name);
    if (entry != nullptr && entry->unit->state() != Unit::State::dead) {
        call.refuse(kUnitExists, "unit " + quote(name) + " is there already");
        return false;
    }
    if (units_.size() + retired_.size() >= kMostUnits || allowance_ < 1) {
        call.refuse(kLimitsExceeded, "too many programs are being started in this box");
        return false;
    }
    allowance_ -= 1;
    return true;
}

void Manager::start_transient(Call& call) {
    auto parsed = parse_transient(call.message());
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) return call.refuse(*refusal);
    begin(call, std::move(std::get<UnitRequest>(parsed)), false);
}

void Manager::start_getty(Call& call, const std::string& name) {
    Entry* const entry = find(name);
    if (entry != nullptr && entry->unit->state() != Unit::State::dead) {
        return reply_with_job(call, next_job_++);
    }
    UnitRequest request;
    request.name = name;
    request.description = "Login on pts/" + getty_line(name);
    request.terminal = "/dev/pts/" + getty_line(name);
    request.command = {"login"};
    request.path = "login";
    request.send_hangup = true;
    request.leads_itself = true;
    begin(call, std::move(request), true);
}

void Manager::begin(Call& call, UnitRequest request, bool respawn) {
    const std::string name = request.name;
    if (!may_start(call, name)) return;
    const auto launched = launch(name, std::move(request), call.fds);
    if (!launched) return call.refuse(refusal_of(launched.error()));
    Entry& entry = units_.find(name)->second;
    // A getty before this one on the same terminal may still wait for its next turn.
    entry.again.reset();
    entry.failures = 0;
    entry.held_by = {call.connection()};
    entry.respawn = respawn;
    entry.job = {next_job_++, false, call.caller()};
}

Result<void> Manager::launch(const std::string& name, UnitRequest request,
                             const std::vector<os::UniqueFd>& fds) {
    Unit::Events events;
    events.started = [this, name](const Unit& unit, const Result<void>& result) {
        if (entry_of(name, unit) != nullptr) on_started(name, result);
    };
    events.changed = [this, name](const Unit& unit) {
        if (entry_of(name, unit) != nullptr) on_changed(name);
    };
    auto unit = std::make_unique<Unit>(loop_, *box_.record, *box_.leaves, std::move(request),
                                       std::move(events));
    BOX_TRY(unit->start(fds));
    Entry& entry = units_[name];
    entry.unit = std::move(unit);
    entry.invocation = random_bytes();
    return {};
}

void Manager::reply_with_job(Call& call, uint32_t number) {
    call.reply("o", std::move(dbus::Writer().string(job_path(number))));
}

void Manager::on_started(const std::string& name, const Result<void>& result) {
    Entry& entry = units_.find(name)->second;
    if (entry.job.by) {
        // The answer comes only now, so that whoever asked is told why it did not work.
        const Caller by = *std::exchange(entry.job.by, std::nullopt);
        Call call(outlet_, by.connection, by.call, {});
        if (!result) {
            entry.job = {};
            entry.held_by.clear();
            log::debug("unit " + quote(name) + ": " + result.error().message());
            return call.refuse(refusal_of(result.error()));
        }
        reply_with_job(call, entry.job.number);
    } else if (!result) {
        return schedule_again(name);
    }
    if (!entry.unit->request().oneshot) finish_job(name, "done");
    signal_change(entry);
}

void Manager::finish_job(const std::string& name, const char* result) {
    Entry& entry = units_.find(name)->second;
    const uint32_t number = std::exchange(entry.job, Job()).number;
    if (number == 0) return;
    remove_job(number, name, result);
}

void Manager::remove_job(uint32_t number, const std::string& name, const char* result) {
    dbus::Writer body;
    body.u32(number).string(job_path(number)).string(name).string(result);
    auto signal = dbus::make_signal(kSystemdPath, kManagerInterface, "JobRemoved", "uoss",
                                    std::move(body));
    signal.sender = kSystemdName;
    outlet_.broadcast(std::move(signal));
}

void Manager::signal_change(const Entry& entry) {
    const UnitView view = view_of(*entry.unit, {entry.job.number, job_path(entry.job.number)});
    dbus::Writer body;
    body.string(kUnitInterface);
    write_all(body, {{"ActiveState", view.active_state}, {"SubState", view.sub_state}});
    body.strings({});
    auto signal = dbus::make_signal(unit_path(view.name), kPropertiesInterface, "PropertiesChanged",
                                    "sa{sv}as", std::move(body));
    signal.sender = kSystemdName;
    outlet_.broadcast(std::move(signal));
}

void Manager::on_changed(const std::string& name) {
    Entry& entry = units_.find(name)->second;
    if (entry.unit->over()) {
        const bool failed = entry.unit->request().oneshot && entry.unit->failed();
        finish_job(name, failed ? "failed" : "done");
        if (entry.respawn) schedule_again(name);
    }
    signal_change(entry);
}

/// A login has ended: the next one may come, as long as there is somebody at the terminal.
void Manager::schedule_again(const std::string& name) {
    Entry& entry = units_.find(name)->second;
    entry.failures = entry.unit->pid() == 0 ? entry.failures + 1 : 0;
    // The other end of the terminal is closed: it cannot be opened.
    if (entry.unit->pid() == 0 || entry.failures >= kGettyFailures) {
        entry.held_by.clear();
        return;
    }
    entry.again = loop_.add_timer(event::now_us() + kGettyPause, [this, name] {
        Entry& again = units_.find(name)->second;
        const int failures = again.failures;
        const auto launched = launch(name, again.unit->request(), {});
        if (!launched) log::debug(launched.error().message());
        again.failures = failures;
        again.again.reset();
    });
}

void Manager::start_unit(Call& call) {
    dbus::Reader reader = call.message().reader();
    const std::string name(reader.string());
    if (const auto power = power_of(name)) {
        reply_with_job(call, next_job_++);
        return box_.power(*power);
    }
    if (!getty_line(name).empty()) return start_getty(call, name);
    act_on_service(call, name, ServiceAct::start);
}

void Manager::stop_entry(Call& call, Entry& entry) {
    entry.respawn = false;
    entry.again.reset();
    const std::string name = entry.unit->request().name;
    reply_with_job(call, next_job_);
    entry.job = {next_job_++, true, std::nullopt};
    if (entry.unit->state() == Unit::State::dead) return finish_job(name, "done");
    entry.unit->stop();
}

void Manager::stop_unit(Call& call) {
    const std::string name(call.message().reader().string());
    Entry* const entry = find(name);
    if (entry == nullptr) return act_on_service(call, name, ServiceAct::stop);
    stop_entry(call, *entry);
}

void Manager::restart_unit(Call& call) {
    unit_act(call, ServiceAct::restart);
}

void Manager::reload_unit(Call& call) {
    unit_act(call, ServiceAct::reload);
}

void Manager::unit_act(Call& call, ServiceAct act) {
    const std::string name(call.message().reader().string());
    if (find(name) == nullptr) return act_on_service(call, name, act);
    call.refuse(kNotSupported, "unit " + quote(name) + " was started once and for all");
}

void Manager::kill_unit(Call& call) {
    dbus::Reader reader = call.message().reader();
    const std::string name(reader.string());
    const std::string_view whom = reader.string();
    const int32_t signal = reader.i32();
    Entry* const entry = find(name);
    if (entry == nullptr) return call.refuse(no_unit(name));
    if (signal <= 0 || signal > 64 || (whom != "main" && whom != "all" && whom != "control")) {
        return call.refuse(kInvalidArgs, "no such signal, or nobody to send it to");
    }
    const auto sent = entry->unit->signal(signal, whom == "all");
    if (!sent) return call.refuse(refusal_of(sent.error()));
    call.reply();
}

void Manager::hold_unit(Call& call) {
    const std::string name(call.message().reader().string());
    Entry* const entry = find(name);
    if (entry == nullptr) return call.refuse(no_unit(name));
    entry->held_by.insert(call.connection());
    call.reply();
}

void Manager::drop_unit(Call& call) {
    const std::string name(call.message().reader().string());
    if (Entry* const entry = find(name)) entry->held_by.erase(call.connection());
    call.reply();
}

void Manager::acknowledge(Call& call) {
    call.reply();
}

void Manager::power_off(Call& call) {
    call.reply();
    box_.power(Power::off);
}

void Manager::reboot(Call& call) {
    call.reply();
    box_.power(Power::reboot);
}

}  // namespace boxctl::endpoint
