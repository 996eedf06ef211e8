// SPDX-License-Identifier: LGPL-2.1-or-later
// The supervisor's part of a handover: what it was about to deliver, and whose terminal it has.
#include "lib/state/handover.h"

#include <cstring>

#include "lib/os/dismiss.h"
#include "lib/shell/handover.h"
#include "lib/supervise/machine.h"

namespace boxctl::supervise {
namespace {

using json::Value;

Value pack_unsent(const console::Unsent& unsent) {
    return {{"to_output", state::to_hex(unsent.to_output)},
            {"to_box", state::to_hex(unsent.to_box)},
            {"history", state::to_hex(unsent.history)},
            {"input_ended", unsent.input_ended}};
}

Result<std::string> get_bytes(const Value& object, const char* key) {
    return state::from_hex(BOX_TRY(json::get_string(object, key)));
}

Result<console::Unsent> unpack_unsent(const Value& packed) {
    console::Unsent unsent;
    unsent.to_output = BOX_TRY(get_bytes(packed, "to_output"));
    unsent.to_box = BOX_TRY(get_bytes(packed, "to_box"));
    unsent.history = BOX_TRY(get_bytes(packed, "history"));
    unsent.input_ended = BOX_TRY(json::get_bool(packed, "input_ended"));
    return unsent;
}

Value pack_terminal(const console::TerminalGuard& terminal, state::Outgoing& outgoing) {
    Value saved = Value::array();
    for (const console::TerminalGuard::Saved& one : terminal.saved()) {
        const std::string_view bytes(reinterpret_cast<const char*>(&one.state), sizeof one.state);
        saved.push_back({{"fd", outgoing.add(one.terminal)}, {"state", state::to_hex(bytes)}});
    }
    return {{"saved", saved},
            {"screen", outgoing.add(terminal.screen())},
            {"watch_pipe", outgoing.add(terminal.watch().pipe())},
            {"watch_child", outgoing.add(terminal.watch().child())}};
}

Result<console::TerminalGuard> unpack_terminal(const Value& packed, state::Incoming& incoming) {
    std::vector<console::TerminalGuard::Saved> saved;
    for (const Value& one : *BOX_TRY(json::get_array(packed, "saved"))) {
        const std::string bytes = BOX_TRY(get_bytes(one, "state"));
        console::TerminalGuard::Saved taken = {BOX_TRY(incoming.take(one, "fd")), {}};
        if (bytes.size() != sizeof taken.state) return Error("terminal settings of another size");
        std::memcpy(&taken.state, bytes.data(), bytes.size());
        saved.push_back(std::move(taken));
    }
    os::UniqueFd screen = BOX_TRY(incoming.take(packed, "screen"));
    os::UniqueFd pipe = BOX_TRY(incoming.take(packed, "watch_pipe"));
    os::UniqueFd child = BOX_TRY(incoming.take(packed, "watch_child"));
    return console::TerminalGuard::adopt(std::move(saved), std::move(screen),
                                         os::DeathWatch::adopt(std::move(pipe), std::move(child)));
}

Value pack_dismissed(state::Outgoing& outgoing) {
    Value all = Value::array();
    for (const os::BorrowedFd child : os::dismissed())
        all.push_back({{"child", outgoing.add(child)}});
    return all;
}

Result<void> resume_dismissed(const Value& packed, state::Incoming& incoming) {
    // An image of before they were handed over has none.
    if (json::find(packed, "dismissed") == nullptr) return {};
    for (const Value& one : *BOX_TRY(json::get_array(packed, "dismissed")))
        os::adopt_dismissed(BOX_TRY(incoming.take(one, "child")));
    return {};
}

}  // namespace

Value ConsoleView::pack(state::Outgoing& outgoing) const {
    return {{"unsent", pack_unsent(forwarder_ ? forwarder_->unsent() : console::Unsent())},
            {"terminal", pack_terminal(terminal_, outgoing)},
            {"attached", visitor_ ? visitor_->pack(outgoing) : Value()}};
}

Result<void> ConsoleView::resume(OnEscape on_escape, const Value& packed,
                                 state::Incoming& incoming) {
    const Value& terminal = *BOX_TRY(json::get_object(packed, "terminal"));
    terminal_ = BOX_TRY(unpack_terminal(terminal, incoming));
    console::Unsent unsent = BOX_TRY(unpack_unsent(*BOX_TRY(json::get_object(packed, "unsent"))));
    if (is_shown()) return show(std::move(on_escape), std::move(unsent));
    BOX_TRY(keep(std::move(unsent)));
    const Value* visitor = json::find(packed, "attached");
    if (visitor == nullptr || !visitor->is_object()) return {};
    visitor_ = BOX_TRY(Visitor::resume(visited(), *visitor, incoming, on_left()));
    return {};
}

Value Visitor::pack(state::Outgoing& outgoing) const {
    std::string to_screen;
    for (const auto part : to_screen_.parts())
        to_screen.append(part.begin(), part.end());
    return {{"connection", outgoing.add(ends_.connection)},
            {"bytes", outgoing.add(ends_.bytes)},
            {"pid", ends_.pid},
            {"to_screen", state::to_hex(to_screen)},
            {"left_out", left_out_},
            {"sized", sized_}};
}

Result<std::unique_ptr<Visitor>> Visitor::resume(const Console& console, const Value& packed,
                                                 state::Incoming& incoming,
                                                 std::function<void()> left) {
    Ends ends;
    ends.connection = BOX_TRY(incoming.take(packed, "connection"));
    ends.bytes = BOX_TRY(incoming.take(packed, "bytes"));
    ends.pid = static_cast<pid_t>(BOX_TRY(json::get_u64(packed, "pid")));
    std::unique_ptr<Visitor> visitor(new Visitor(console, std::move(ends), std::move(left)));
    visitor->to_screen_.push_latest(BOX_TRY(get_bytes(packed, "to_screen")));
    visitor->left_out_ = BOX_TRY(json::get_u64(packed, "left_out"));
    visitor->sized_ = BOX_TRY(json::get_bool(packed, "sized"));
    BOX_TRY(visitor->listen());
    return visitor;
}

Value Jobs::pack(state::Outgoing& outgoing) const {
    Value running = Value::array();
    for (const Running& one : running_) {
        running.push_back({{"number", one.job.number},
                           {"pid", one.job.pid},
                           {"started", one.job.started},
                           {"user", one.job.user},
                           {"command", state::to_hex(one.job.command)},
                           {"session", shell::pack(one.session, outgoing)}});
    }
    return {{"next", next_number_}, {"running", running}};
}

Result<void> Jobs::resume(const Value& packed, state::Incoming& incoming) {
    next_number_ = static_cast<uint32_t>(BOX_TRY(json::get_u64(packed, "next")));
    for (const Value& one : *BOX_TRY(json::get_array(packed, "running"))) {
        state::Job job;
        job.number = static_cast<uint32_t>(BOX_TRY(json::get_u64(one, "number")));
        job.pid = static_cast<pid_t>(BOX_TRY(json::get_u64(one, "pid")));
        job.started = BOX_TRY(json::get_u64(one, "started"));
        job.user = BOX_TRY(json::get_string(one, "user"));
        job.command = BOX_TRY(get_bytes(one, "command"));
        const Value& session = *BOX_TRY(json::get_object(one, "session"));
        BOX_TRY(add(std::move(job), BOX_TRY(shell::unpack_session(session, incoming))));
    }
    return {};
}

Value Machine::pack(state::Outgoing& outgoing) const {
    return {{"record", state::to_json(record_)},
            {"dismissed", pack_dismissed(outgoing)},
            {"console", console_ ? console_->pack(outgoing) : Value()},
            {"jobs", jobs_.pack(outgoing)},
            {"endpoint", endpoint_ ? endpoint_->pack(outgoing) : Value()}};
}

Result<std::unique_ptr<Machine>> Machine::resume(launch::RunningBox& box, const Value& packed,
                                                 state::Incoming& incoming, Around around) {
    state::Record record = BOX_TRY(state::from_json(BOX_TRY(json::get_string(packed, "record"))));
    auto loop = BOX_TRY(event::Loop::create());
    std::unique_ptr<Machine> machine(new Machine(std::move(loop), box, std::move(record), around));
    BOX_TRY(machine->watch());
    if (machine->console_) {
        const Value& console = *BOX_TRY(json::get_object(packed, "console"));
        BOX_TRY(machine->console_->resume(
                [&machine = *machine](console::Escape escape) { machine.on_escape(escape); },
                console, incoming));
    }
    machine->prepare_registration();
    if (machine->wants_endpoint()) {
        machine->endpoint_.emplace(*machine->loop_, machine->record_, machine->endpoint_hooks());
        BOX_TRY(machine->endpoint_->resume(packed, incoming));
    } else {
        machine->set_leader(box.leader);
    }
    const Value* jobs = json::find(packed, "jobs");
    if (jobs != nullptr) BOX_TRY(machine->jobs_.resume(*jobs, incoming));
    BOX_TRY(resume_dismissed(packed, incoming));
    BOX_TRY(machine->watch_readiness());
    return machine;
}

}  // namespace boxctl::supervise
