// SPDX-License-Identifier: LGPL-2.1-or-later
// logs: what a box wrote on its console while nobody sat there.
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/event/loop.h"
#include "lib/logs/plain_text.h"
#include "lib/logs/source.h"
#include "lib/logs/when.h"
#include "lib/plan/plan.h"

namespace boxctl::cmd {
namespace {

using logs::Selection;
using logs::Source;

Result<Selection> selection_of(const Invocation& invocation) {
    Selection selection;
    if (const auto given = invocation.value("since")) {
        selection.since = BOX_TRY(logs::parse_when(*given, logs::wall_clock()).context("--since"));
    }
    if (const auto given = invocation.value("lines")) {
        selection.newest = parse_u64(*given);
        if (!selection.newest) return Error("--lines=" + printable(*given) + " is no number");
    }
    return selection;
}

bool keeps(const Machine& machine, plan::ConsoleLog log) {
    return machine.record && machine.record->log == plan::to_string(log);
}

Error nothing_kept(const state::Record& record) {
    const bool pipe = record.console == plan::to_string(plan::ConsoleMode::pipe);
    Error error("no log is kept of machine " + quote(record.name) +
                (pipe ? ": its output goes to where boxctl was started"
                      : ": its console is shown to whoever started it"));
    error.set_hint("one is kept with --console=passive, and of what is started without a terminal");
    return error;
}

Result<std::unique_ptr<Source>> open_kept_file(const Machine& machine, const Selection& selection) {
    return logs::open_file(BOX_TRY(state::open_machine_directory(machine.name)), selection);
}

/// The journal has what came before this life of the box, too. Where it cannot be read the file is
/// better than nothing.
Result<std::unique_ptr<Source>> open_kept_journal(const Machine& machine,
                                                  const Selection& selection) {
    auto source = logs::open_journal(machine.name, selection);
    if (source) return source;
    log::notice(source.error().message() + "; this is the end of the log only");
    return open_kept_file(machine, selection);
}

Result<std::unique_ptr<Source>> open_source(const Machine& machine, const Selection& selection) {
    if (machine.life == Life::unknown) {
        const auto known = logs::journal_knows(machine.name);
        if (!known || !*known) return unknown_machine(machine.name);
        return logs::open_journal(machine.name, selection);
    }
    if (keeps(machine, plan::ConsoleLog::none)) return nothing_kept(*machine.record);
    return keeps(machine, plan::ConsoleLog::journal) ? open_kept_journal(machine, selection)
                                                     : open_kept_file(machine, selection);
}

std::string shown(const Invocation& invocation, const logs::Entry& line) {
    if (invocation.has("json")) {
        return json_lines({{"time", logs::format_time(line.time)}, {"text", line.text}});
    }
    std::string text =
            invocation.has("timestamps") ? date_of(line.time / event::kSecond) + " " : "";
    return text + (invocation.has("raw") ? line.text : logs::plain_text(line.text)) + "\n";
}

/// Prints lines; what is left when standard output is not.
class Printer {
 public:
    explicit Printer(const Invocation& invocation) : invocation_(invocation) {}

    Source::Take take() {
        return [this](const logs::Entry& line) {
            if (status_ == 0) status_ = print(shown(invocation_, line));
        };
    }
    /// 0, or the exit status of a failed write.
    [[nodiscard]] int status() const { return status_; }

 private:
    const Invocation& invocation_;
    int status_ = 0;
};

/// Until the box has ended.
Result<void> follow(const state::Record& record, Source& source, const Printer& printer,
                    const Source::Take& take) {
    const auto loop = BOX_TRY(event::Loop::create());
    const auto supervisor = state::open_process(record.supervisor);
    if (!supervisor && supervisor.error().code() != ESRCH) return supervisor.error();
    if (!supervisor) return {};
    Result<void> done;
    const auto ended =
            BOX_TRY(loop->add_io(*supervisor, EPOLLIN, [&](uint32_t) { loop->exit(0); }));
    const auto changed = BOX_TRY(loop->add_io(source.changes(), EPOLLIN, [&](uint32_t) {
        done = source.read(take);
        if (!done || printer.status() != 0) loop->exit(0);
    }));
    BOX_TRY(loop->run());
    return done;
}

Result<int> show(const Invocation& invocation) {
    const Selection selection = BOX_TRY(selection_of(invocation));
    const Machine machine = BOX_TRY(look_up(invocation.words.front()));
    const auto source = BOX_TRY(open_source(machine, selection));
    Printer printer(invocation);
    const Source::Take take = printer.take();
    BOX_TRY(source->read(take));
    const bool lives = machine.life == Life::running || machine.life == Life::starting;
    if (lives && machine.record && invocation.has("follow")) {
        BOX_TRY(follow(*machine.record, *source, printer, take));
    }
    BOX_TRY(source->finish(take));
    return printer.status();
}

}  // namespace

int verb_logs(const Invocation& invocation) {
    const auto status = show(invocation);
    return status ? *status : fail(status.error());
}

}  // namespace boxctl::cmd
