// SPDX-License-Identifier: LGPL-2.1-or-later
#include <deque>

#include <sys/inotify.h>
#include <unistd.h>

#include "lib/logs/file_reader.h"
#include "lib/logs/source.h"
#include "lib/os/file.h"

namespace boxctl::logs {
namespace {

class FileSource : public Source {
 public:
    FileSource(os::UniqueFd directory, os::UniqueFd notify, const Selection& selection)
            : reader_(std::move(directory)), notify_(std::move(notify)), selection_(selection) {}

    Result<void> read(const Take& take) override {
        BOX_TRY(take_events());
        return begun_ ? pass(take) : begin(take);
    }

    [[nodiscard]] os::BorrowedFd changes() const override { return notify_; }

    Result<void> finish(const Take& take) override {
        BOX_TRY(read(take));
        const auto line = joiner_.finish();
        if (line && line->time >= selection_.since) take(*line);
        return {};
    }

 private:
    Result<void> pass(const Take& take) {
        return reader_.read([&](Entry entry) {
            const auto line = joiner_.add(std::move(entry));
            if (line && line->time >= selection_.since) take(*line);
        });
    }

    /// The last lines are known only at the end; there are no more than two small files of them.
    Result<void> begin(const Take& take) {
        begun_ = true;
        if (!selection_.newest) return pass(take);
        std::deque<Entry> newest;
        BOX_TRY(pass([&](const Entry& line) {
            newest.push_back(line);
            if (newest.size() > *selection_.newest) newest.pop_front();
        }));
        // A line that has only begun is the newest; it is shown when it is complete, or at the end.
        if (joiner_.pending() && newest.size() == *selection_.newest && !newest.empty()) {
            newest.pop_front();
        }
        if (*selection_.newest == 0) joiner_.finish();
        for (const Entry& line : newest)
            take(line);
        return {};
    }

    Result<void> take_events() {
        alignas(inotify_event) char events[4096];
        while (::read(notify_.get(), events, sizeof events) > 0) {
        }
        if (errno != EAGAIN && errno != EINTR) return errno_error("watch a console log");
        return {};
    }

    FileReader reader_;
    LineJoiner joiner_;
    os::UniqueFd notify_;
    Selection selection_;
    bool begun_ = false;
};

}  // namespace

Result<std::unique_ptr<Source>> open_file(os::UniqueFd directory, const Selection& selection) {
    os::UniqueFd notify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    // Before the first look, so that nothing comes between the two.
    if (!notify.valid() || inotify_add_watch(notify.get(), os::fd_path(directory).c_str(),
                                             IN_MODIFY | IN_CREATE | IN_ONLYDIR) < 0) {
        return errno_error("watch a console log");
    }
    return std::unique_ptr<Source>(
            std::make_unique<FileSource>(std::move(directory), std::move(notify), selection));
}

}  // namespace boxctl::logs
