// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/registration.h"

#include <array>

#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/process.h"
#include "lib/state/handover.h"
#include "lib/supervise/machined_record.h"

namespace boxctl::supervise {
namespace {

/// machined forgets a machine some time after it has said so. Between two attempts, and how many.
constexpr uint64_t kSettling = event::kSecond / 20;
constexpr int kMostReplacements = 8;

/// Whom an earlier call, or an earlier image of this program, has named.
bool is_child(pid_t pid) {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

bool is_machined(pid_t pid) {
    std::array<char, 256> path;
    const std::string link = "/proc/" + std::to_string(pid) + "/exe";
    const ssize_t length = readlink(link.c_str(), path.data(), path.size());
    if (length <= 0) return false;
    // Of one that is being upgraded the kernel says that its file is gone.
    const std::string_view program(path.data(), static_cast<size_t>(length));
    return program.ends_with("/systemd-machined") ||
           program.ends_with("/systemd-machined (deleted)");
}

/// The parameters of io.systemd.Machine.Register.
json::Value varlink_request(const bus::MachineRequest& machine, const std::string& control) {
    json::Value request = {{"name", machine.name},          {"service", bus::kService},
                           {"class", "container"},          {"leader", machine.leader},
                           {"rootDirectory", machine.root}, {"controlAddress", control}};
    if (!machine.id.empty())
        request["id"] = state::to_hex(
                {reinterpret_cast<const char*>(machine.id.data()), machine.id.size()});
    if (!machine.interfaces.empty()) request["ifIndices"] = machine.interfaces;
    return request;
}

}  // namespace

Registration::Registration(event::Loop& loop, bus::MachineRequest machine, ControlAddress control,
                           Failed failed, std::string bus)
        : loop_(loop),
          machine_(std::move(machine)),
          control_(std::move(control)),
          failed_(std::move(failed)),
          bus_(std::move(bus)) {
    machine_.leader = 0;
}

Registration::~Registration() {
    if (!registered_ || connection_ == nullptr) return;
    auto call = bus::make_unregister(*connection_, machine_.name);
    if (!call) return;
    // Closing the connection sends it. What machined says to it no longer matters to anybody.
    (void)connection_->send(*call).has_value();
}

void Registration::set_leader(pid_t leader) {
    leader_.reset();
    machine_.leader = leader;
    replacements_ = 0;
    begin();
}

void Registration::drop_leader() {
    leader_.reset();
    machine_.leader = 0;
    step_.reset();
    control_step_.reset();
    waits_ = false;
}

/// Descriptors may have run out when it was set: it is still ours to open later.
Result<void> Registration::hold_leader() {
    if (leader_.valid()) return {};
    leader_ = BOX_TRY(os::open_pidfd(machine_.leader));
    return {};
}

Result<void> Registration::connect() {
    if (connection_ != nullptr) return {};
    auto connection = BOX_TRY(bus::Connection::begin(bus::Peer::bus, bus_));
    // What our own call brings about, its answer tells. Before the call, which may start machined.
    started_ = BOX_TRY(bus::match_new_machined(*connection, [this] {
        takes_control_ = true;
        pauses_.alive(event::now_us());
        if (!waits_) begin();
    }));
    removed_ = BOX_TRY(bus::match_removed(*connection, machine_.name, [this] {
        if (!waits_) begin_later();
    }));
    BOX_TRY(connection->attach(loop_, [this] { on_lost(); }));
    connection_ = std::move(connection);
    return {};
}

/// Anew from the first step, whichever was being waited for.
void Registration::begin() {
    registered_ = false;
    again_.reset();
    control_step_.reset();
    // Never without one: for leader 0 machined takes the caller, and would let people in there.
    if (machine_.leader <= 0) return;
    const auto held = hold_leader();
    if (!held) return fail(held.error());
    if (os::has_ended(leader_)) return;  // the next one is on its way, or the end of the machine
    const auto connected = connect();
    if (!connected) {
        log::debug(connected.error().message());
        return on_lost();
    }
    if (!takes_control_) return register_on_bus();
    const auto asked = register_with_control();
    if (asked) return;
    log::debug(asked.error().message());
    register_on_bus();
}

void Registration::register_on_bus() {
    send(bus::make_register(*connection_, machine_),
         [this](Result<bus::Message> answer) { on_registered(std::move(answer)); });
}

Result<void> Registration::register_with_control() {
    if (access(bus::kMachinedVarlink, F_OK) < 0) return errno_error("look for machined's Varlink");
    const std::string address = BOX_TRY(control_());
    control_step_ = BOX_TRY(varlink::Client::call(
            loop_, bus::kMachinedVarlink, "io.systemd.Machine.Register",
            varlink_request(machine_, address), [this](Result<varlink::Reply> reply) {
                waits_ = false;
                on_registered_with_control(std::move(reply));
            }));
    waits_ = true;
    return {};
}

void Registration::on_registered_with_control(Result<varlink::Reply> reply) {
    if (reply && (reply->error.empty() || reply->error == "io.systemd.Machine.MachineExists")) {
        return find();
    }
    // An older one knows no such address. Of what else may be wrong D-Bus says more.
    if (reply) takes_control_ = false;
    log::debug("register with a control address: " +
               (reply ? printable(reply->error) : reply.error().message()));
    register_on_bus();
}

void Registration::send(Result<bus::Message> call, bus::Connection::Answer answer) {
    if (!call) return fail(call.error());
    auto sent = connection_->call_async(
            *call, [this, answer = std::move(answer)](Result<bus::Message> got) {
                waits_ = false;
                answer(std::move(got));
            });
    if (!sent) return fail(sent.error());
    step_ = std::move(sent).value();
    waits_ = true;
}

void Registration::on_registered(Result<bus::Message> answer) {
    if (answer || answer.error().code() == EEXIST) return find();
    fail(answer.error());
}

/// What counts is whom machined has, not what it was told.
void Registration::find() {
    send(bus::make_find(*connection_, machine_.name),
         [this](Result<bus::Message> answer) { on_found(std::move(answer)); });
}

void Registration::on_found(Result<bus::Message> answer) {
    // One that has just gone is to be made.
    if (!answer && answer.error().code() == ENOENT) return replace();
    if (!answer) return fail(answer.error());
    const auto object = answer->read_path();
    if (!object) return fail(object.error());
    send(bus::make_ask_leader(*connection_, *object),
         [this](Result<bus::Message> told) { on_leader(std::move(told)); });
}

void Registration::on_leader(Result<bus::Message> answer) {
    const auto leader = answer ? bus::read_leader(*answer) : answer.error();
    if (!leader) return fail(leader.error());
    if (*leader == machine_.leader) {
        registered_ = true;
        replacements_ = 0;
        pauses_.succeeded(event::now_us());
        return log::debug(format("machine '%s' is registered with process %d",
                                 machine_.name.c_str(), machine_.leader));
    }
    if (*leader <= 0 || is_child(*leader) || is_dead(*leader)) return replace();
    Error error(EEXIST,
                format("another machine of that name is registered, with process %d", *leader));
    error.set_hint("see: machinectl status '" + machine_.name + "'");
    fail(error);
}

void Registration::replace() {
    if (++replacements_ > kMostReplacements) {
        return fail(Error(EBUSY, "somebody else registers a machine of that name"));
    }
    send(bus::make_unregister(*connection_, machine_.name), [this](Result<bus::Message> answer) {
        if (!answer && answer.error().code() != ENOENT) return fail(answer.error());
        begin_in(kSettling << static_cast<unsigned>(replacements_ - 1));
    });
}

/// The bus is gone, or not there yet.
void Registration::on_lost() {
    if (connection_ != nullptr) pauses_.alive(event::now_us());
    registered_ = false;
    waits_ = false;
    step_.reset();
    control_step_.reset();
    started_.reset();
    removed_.reset();
    connection_.reset();
    begin_later();
}

void Registration::begin_in(uint64_t pause) {
    again_ = loop_.add_timer(event::now_us() + pause, [this] { begin(); });
}

void Registration::begin_later() {
    begin_in(pauses_.take(event::now_us()));
}

void Registration::fail(const Error& why) {
    waits_ = false;
    // A machine of somebody else's is no passing trouble.
    if (why.code() != EEXIST) begin_later();
    failed_(why);
}

bool Registration::is_echo(const signalfd_siginfo& signal) const {
    const bool meant = registered_ && leader_.valid() && !os::has_ended(leader_);
    return !meant && is_machined(static_cast<pid_t>(signal.ssi_pid));
}

}  // namespace boxctl::supervise
