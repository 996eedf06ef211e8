// SPDX-License-Identifier: LGPL-2.1-or-later
// By libsystemd, which is of the host as its journal is: another program's text would have to be
// parsed, and journalctl cannot tell when a box has ended.
#include <cstring>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "lib/base/log.h"
#include "lib/bus/libsystemd.h"
#include "lib/logs/source.h"

namespace boxctl::logs {
namespace {

constexpr const char* kVarlink = "/run/systemd/journal/io.systemd.journal";
constexpr time_t kPatience = 5;  // seconds

Error journal_error(int code, const char* what) {
    return {-code, std::string(what) + " the journal"};
}

class JournalSource : public Source {
 public:
    explicit JournalSource(const bus::Libsystemd& library) : library_(library) {}
    ~JournalSource() override { library_.journal_close(journal_); }
    JournalSource(const JournalSource&) = delete;
    JournalSource& operator=(const JournalSource&) = delete;

    Result<void> open(const std::string& machine);
    Result<void> seek(const Selection& selection);
    Result<bool> has_any();

    Result<void> read(const Take& take) override;
    [[nodiscard]] os::BorrowedFd changes() const override { return os::BorrowedFd(fd_); }
    Result<void> finish(const Take& take) override;

 private:
    Result<void> match(const std::string& field) const;
    Result<void> go_to_newest(uint64_t count);
    Result<Entry> entry() const;

    const bus::Libsystemd& library_;
    sd_journal* journal_ = nullptr;
    int fd_ = -1;  ///< the library's
    uint64_t since_ = 0;
    bool at_entry_ = false;  ///< seek() went to one that is still to be given
};

Result<void> JournalSource::match(const std::string& field) const {
    const int done = library_.journal_add_match(journal_, field.data(), field.size());
    if (done < 0) return journal_error(done, "search");
    return {};
}

Result<void> JournalSource::open(const std::string& machine) {
    const int opened = library_.journal_open(&journal_, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (opened < 0) return journal_error(opened, "open");
    BOX_TRY(match("BOXCTL_MACHINE=" + machine));
    BOX_TRY(match("_UID=0"));
    // Now, so that whatever comes behind the first look is reported.
    fd_ = library_.journal_get_fd(journal_);
    if (fd_ < 0) return journal_error(fd_, "watch");
    return {};
}

/// Stands on the oldest of the `count` newest entries, or behind the last one.
Result<void> JournalSource::go_to_newest(uint64_t count) {
    const int sought = library_.journal_seek_tail(journal_);
    const int skipped =
            sought < 0 || count == 0 ? sought : library_.journal_previous_skip(journal_, count);
    if (skipped < 0) return journal_error(skipped, "search");
    at_entry_ = count > 0 && skipped > 0;
    if (at_entry_) return {};
    // From the very tail some versions never go on to what comes later.
    const int ready = library_.journal_seek_realtime_usec(journal_, wall_clock());
    if (ready < 0) return journal_error(ready, "search");
    return {};
}

Result<void> JournalSource::seek(const Selection& selection) {
    since_ = selection.since;
    if (selection.newest) return go_to_newest(*selection.newest);
    const int sought = library_.journal_seek_realtime_usec(journal_, selection.since);
    if (sought < 0) return journal_error(sought, "search");
    return {};
}

Result<bool> JournalSource::has_any() {
    const int sought = library_.journal_seek_head(journal_);
    const int found = sought < 0 ? sought : library_.journal_next(journal_);
    if (found < 0) return journal_error(found, "search");
    return found > 0;
}

Result<Entry> JournalSource::entry() const {
    Entry entry;
    int got = library_.journal_get_realtime_usec(journal_, &entry.time);
    const void* data = nullptr;
    size_t size = 0;
    if (got >= 0) got = library_.journal_get_data(journal_, "MESSAGE", &data, &size);
    if (got < 0) return journal_error(got, "read");
    constexpr std::string_view kName = "MESSAGE=";
    entry.text = std::string_view(static_cast<const char*>(data), size).substr(kName.size());
    return entry;
}

Result<void> JournalSource::read(const Take& take) {
    const int looked = library_.journal_process(journal_);
    if (looked < 0) return journal_error(looked, "watch");
    for (;;) {
        const int found = std::exchange(at_entry_, false) ? 1 : library_.journal_next(journal_);
        if (found < 0) return journal_error(found, "read");
        if (found == 0) return {};
        auto line = entry();
        // One whose file was rotated away meanwhile, or is damaged, is not the end of the others.
        if (!line) {
            log::debug(line.error().message());
        } else if (line->time >= since_) {
            take(*line);
        }
    }
}

/// Asks systemd-journald to write down what it was sent (io.systemd.Journal, since version 247).
/// Without an answer what was written so far is all there is.
void synchronize() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, kVarlink, sizeof address.sun_path - 1);
    const os::UniqueFd connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience = {kPatience, 0};
    if (!connection.valid() ||
        setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
        setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
        connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) <
                0) {
        return log::debug(errno_error("synchronize the journal").message());
    }
    constexpr std::string_view kCall = R"({"method":"io.systemd.Journal.Synchronize"})";
    // The terminating NUL ends a message of varlink.
    if (send(connection.get(), kCall.data(), kCall.size() + 1, MSG_NOSIGNAL) < 0) return;
    char answer[256];
    if (recv(connection.get(), answer, sizeof answer, 0) < 0) {
        log::debug(errno_error("synchronize the journal").message());
    }
}

Result<void> JournalSource::finish(const Take& take) {
    synchronize();
    return read(take);
}

}  // namespace

Result<std::unique_ptr<Source>> open_journal(const std::string& machine,
                                             const Selection& selection) {
    auto source = std::make_unique<JournalSource>(*BOX_TRY(bus::load_libsystemd()));
    BOX_TRY(source->open(machine));
    BOX_TRY(source->seek(selection));
    return std::unique_ptr<Source>(std::move(source));
}

Result<bool> journal_knows(const std::string& machine) {
    JournalSource source(*BOX_TRY(bus::load_libsystemd()));
    BOX_TRY(source.open(machine));
    return source.has_any();
}

}  // namespace boxctl::logs
