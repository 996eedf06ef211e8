// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/log.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/init/page.h"

namespace boxctl::init {

namespace {

/// A byte can become six in JSON; what is longer than a pipe takes at once is cut.
constexpr size_t kWritten = 4096;

void add_json(Page& page, const char* service, const char* text, size_t length) {
    struct timespec now = {};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const int64_t milliseconds = now.tv_nsec / 1000000;
    page.add("{\"time\":")
            .add(int64_t{now.tv_sec})
            .add(milliseconds < 10    ? ".00"
                 : milliseconds < 100 ? ".0"
                                      : ".");
    page.add(milliseconds).add(",\"service\":").json(service).add(",\"message\":");
    page.json(text, length).add("}");
}

}  // namespace

void LogWriter::write(const char* service, const char* text, size_t length) {
    char buffer[kWritten];
    Page page(buffer, sizeof buffer - 1);
    if (format_ == LogFormat::json) {
        add_json(page, service, text, length);
        // A cut line is no JSON: half of it is better than none.
        if (page.is_cut()) return write(service, text, length / 2);
    } else {
        page.add(service).add(" | ").add(text, length);
    }
    buffer[page.size()] = '\n';
    struct pollfd console = {fd_, POLLOUT, 0};
    const bool takes = poll(&console, 1, 0) == 1 && (console.revents & POLLOUT) != 0;
    const ssize_t size = static_cast<ssize_t>(page.size()) + 1;
    if (!takes || ::write(fd_, buffer, page.size() + 1) != size) ++lost_;
}

void LogBuffer::keep(const char* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i)
        kept_[written_++ % kLogKept] = bytes[i];
}

void LogBuffer::end_line(const char* service, LogWriter& writer) {
    writer.write(service, line_, used_);
    keep(line_, used_);
    keep("\n", 1);
    used_ = 0;
}

void LogBuffer::take(const char* bytes, size_t count, const char* service, LogWriter& writer) {
    for (size_t i = 0; i < count; ++i) {
        if (bytes[i] == '\n') {
            end_line(service, writer);
            continue;
        }
        line_[used_++] = bytes[i];
        if (used_ == kLogLine) end_line(service, writer);
    }
}

void LogBuffer::flush(const char* service, LogWriter& writer) {
    if (used_ > 0) end_line(service, writer);
}

size_t LogBuffer::copy_latest(char (&to)[kLogKept]) const {
    const size_t held = written_ < kLogKept ? static_cast<size_t>(written_) : kLogKept;
    for (size_t i = 0; i < held; ++i)
        to[i] = kept_[(written_ - held + i) % kLogKept];
    if (written_ <= kLogKept) return held;
    // The oldest line has lost its beginning.
    const void* newline = memchr(to, '\n', held);
    const size_t skip = newline == nullptr
                                ? held
                                : static_cast<size_t>(static_cast<const char*>(newline) - to) + 1;
    memmove(to, to + skip, held - skip);
    return held - skip;
}

}  // namespace boxctl::init
