// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/log_keeper.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/logs/entry.h"
#include "lib/plan/plan.h"

namespace boxctl::supervise {
namespace {

constexpr uint64_t kPause = event::kSecond / 5;

bool keeps(const state::Record& record, plan::ConsoleLog log) {
    return record.log == plan::to_string(log);
}

}  // namespace

LogKeeper::LogKeeper(event::Loop& loop, const state::Record& record, os::UniqueFd directory)
        : machine_(record.name), file_(std::move(directory)) {
    if (keeps(record, plan::ConsoleLog::journal)) journal_.emplace(loop, record.name);
    pause_ = loop.add_timer(event::kNever, [this] { flush(); });
}

Result<std::unique_ptr<LogKeeper>> LogKeeper::open(event::Loop& loop, console::Tap& tap,
                                                   const state::Record& record) {
    if (keeps(record, plan::ConsoleLog::none)) return std::unique_ptr<LogKeeper>();
    os::UniqueFd directory = BOX_TRY(state::open_machine_directory(record.name));
    std::unique_ptr<LogKeeper> keeper(new LogKeeper(loop, record, std::move(directory)));
    LogKeeper* self = keeper.get();
    keeper->hold_ = tap.listen([self](std::span<const char> data) { self->take(data); });
    return keeper;
}

/// One write for each piece that the box wrote, however many lines are in it.
void LogKeeper::take(std::span<const char> data) {
    const std::string time = logs::format_time(logs::wall_clock());
    std::string entries;
    lines_.feed(data, [&](std::string_view piece, bool ends_line) {
        logs::append_entry(entries, time, piece, ends_line);
    });
    if (!entries.empty()) append(entries, data.size());
    if (lines_.pending() != waits_) {
        waits_ = lines_.pending();
        pause_.set_deadline(waits_ ? event::now_us() + kPause : event::kNever);
    }
    if (journal_) journal_->take(data);
}

void LogKeeper::flush() {
    waits_ = false;
    lines_.flush([this](std::string_view piece, bool ends_line) {
        std::string entry;
        logs::append_entry(entry, logs::format_time(logs::wall_clock()), piece, ends_line);
        append(entry, piece.size());
    });
}

/// Said once: a disk that is full now is full for the next line, too.
void LogKeeper::append(const std::string& entries, size_t bytes) {
    const auto kept = file_.append(entries, bytes);
    if (kept || complained_) return;
    complained_ = true;
    log::warning("the console log of machine " + quote(machine_) +
                 " goes without what comes now: " + kept.error().message());
}

void LogKeeper::finish() {
    flush();
    if (journal_) journal_->finish();
}

}  // namespace boxctl::supervise
