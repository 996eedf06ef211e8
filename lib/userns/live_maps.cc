// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/live_maps.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::userns {
namespace {

constexpr size_t kFileLimit = 16U << 20U;
constexpr size_t kMapLimit = 64U << 10U;  // 340 lines at most (user_namespaces(7))

constexpr const char* kLookName = ".look";
constexpr const char* kLookHeader = "boxctl-look-1";
constexpr uint64_t kFresh = 5000000;  ///< microseconds
/// With more new processes than these another look at all is no more work.
constexpr uint32_t kMostNew = 64;

// A process that ended meanwhile has no map to mind.
bool is_gone(int code) {
    return code == ENOENT || code == ESRCH;
}

Result<void> append_maps(std::vector<NamedSpan>& spans, const std::string& proc,
                         const std::string& pid) {
    for (const char* file : {"/uid_map", "/gid_map"}) {
        const std::string path = proc + "/" + pid + file;
        const auto text = os::read_file(path, kMapLimit);
        if (!text && is_gone(text.error().code())) return {};
        if (!text) return Error(text.error());
        append(spans, parse_id_map(*text), path);
    }
    return {};
}

/// The namespace's name in /proc, "user:[4026531837]", or empty with errno set.
std::string namespace_name(int proc, const std::string& path) {
    char link[64];
    const ssize_t length = readlinkat(proc, path.c_str(), link, sizeof link);
    return length < 0 ? std::string() : std::string(link, static_cast<size_t>(length));
}

/// The kernel's own threads, in ascending order: they never leave the first user namespace, and on
/// most machines there are more of them than processes. Empty where the kernel does not tell.
std::vector<uint32_t> kernel_threads(int proc, const std::string& path) {
    // PROC_PID_INIT_INO. In the first PID namespace, and in no other, process 2 is kthreadd, whose
    // children all others are (CONFIG_PROC_CHILDREN, proc_pid_children(5)).
    if (namespace_name(proc, "self/ns/pid") != "pid:[4026531836]") return {};
    const auto text = os::read_file(path + "/2/task/2/children", kFileLimit);
    if (!text) return {};
    std::vector<uint32_t> threads;
    for (const std::string& word : split(*text, ' ')) {
        if (const auto pid = parse_u32(trim(word))) threads.push_back(*pid);
    }
    std::sort(threads.begin(), threads.end());
    return threads;
}

/// What the user namespaces of some processes hold, each once.
class Collector {
 public:
    Collector(const std::string& proc, int fd, std::string ours)
            : proc_(proc), fd_(fd), ours_(std::move(ours)) {}

    Result<void> look_at(const std::string& pid) {
        const std::string name = namespace_name(fd_, pid + "/ns/user");
        if (name.empty() && is_gone(errno)) return {};
        // Not allowed to ask (EACCES): the maps themselves can be read by anybody.
        if (!name.empty() && (name == ours_ || !seen_.insert(name).second)) return {};
        return append_maps(spans_, proc_, pid);
    }
    std::vector<NamedSpan> take() { return std::move(spans_); }

 private:
    const std::string& proc_;
    int fd_;
    std::string ours_;
    std::unordered_set<std::string> seen_;
    std::vector<NamedSpan> spans_;
};

Result<std::string> own_namespace(int fd, const std::string& proc) {
    std::string ours = namespace_name(fd, "self/ns/user");
    if (ours.empty()) return errno_error("read " + quote(proc + "/self/ns/user"));
    return ours;
}

/// The last word of loadavg (proc(5)): the process that was made last. 0 where it is not told.
uint32_t newest_process(const std::string& proc) {
    const auto text = os::read_file(proc + "/loadavg", 4096);
    if (!text) return 0;
    const std::string_view line = trim(*text);
    return parse_u32(line.substr(line.rfind(' ') + 1)).value_or(0);
}

uint64_t time_since_boot() {
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

std::optional<Look> last_look(os::BorrowedFd dir) {
    const auto fd = os::open_in(dir, kLookName, O_RDONLY, os::Follow::no_symlinks);
    const auto text = fd ? os::read_fd(*fd) : fd.error();
    return text ? parse_look(*text) : std::nullopt;
}

/// In place and without a lock: what is not whole, or half somebody else's, is no look.
Result<void> leave_look(os::BorrowedFd dir, const Look& look) {
    const os::UniqueFd fd = BOX_TRY(os::open_in(dir, kLookName, O_WRONLY | O_CREAT | O_TRUNC,
                                                os::Follow::no_symlinks, 0600));
    const std::string text = write_look(look);
    if (write(fd.get(), text.data(), text.size()) < 0) return errno_error("write a look");
    return {};
}

/// Of the processes newer than `look`.
Result<std::vector<NamedSpan>> read_new_maps(const std::string& proc, const Look& look,
                                             uint32_t newest) {
    const os::UniqueFd fd = BOX_TRY(os::open_host(proc, O_PATH | O_DIRECTORY));
    Collector collector(proc, fd.get(), BOX_TRY(own_namespace(fd.get(), proc)));
    for (uint32_t pid = look.newest_pid + 1; pid <= newest; pid++)
        BOX_TRY(collector.look_at(std::to_string(pid)));
    return collector.take();
}

}  // namespace

Result<std::vector<NamedSpan>> read_live_maps(const std::string& proc) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(proc.c_str()), closedir);
    if (!stream) return errno_error("list " + quote(proc));
    const int fd = dirfd(stream.get());
    Collector collector(proc, fd, BOX_TRY(own_namespace(fd, proc)));
    const std::vector<uint32_t> threads = kernel_threads(fd, proc);
    while (const dirent* entry = readdir(stream.get())) {
        const auto pid = parse_u32(entry->d_name);
        if (!pid || std::binary_search(threads.begin(), threads.end(), *pid)) continue;
        BOX_TRY(collector.look_at(entry->d_name));
    }
    return collector.take();
}

bool Look::serves(uint64_t now, uint32_t newest) const {
    return time <= now && now - time < kFresh && newest_pid != 0 && newest >= newest_pid &&
           newest - newest_pid <= kMostNew;
}

std::string write_look(const Look& look) {
    std::string text = format("%s %llu %u\n", kLookHeader,
                              static_cast<unsigned long long>(look.time), look.newest_pid);
    for (const NamedSpan& named : look.spans) {
        text += format("%llu %llu ", static_cast<unsigned long long>(named.span.first),
                       static_cast<unsigned long long>(named.span.count)) +
                named.origin + "\n";
    }
    return text + "end\n";
}

std::optional<Look> parse_look(std::string_view text) {
    const auto take_until = [](std::string_view& from, char end) {
        const size_t at = from.find(end);
        const std::string_view taken = from.substr(0, at);
        from.remove_prefix(at == std::string_view::npos ? from.size() : at + 1);
        return taken;
    };
    std::string_view header = take_until(text, '\n');
    if (take_until(header, ' ') != kLookHeader) return std::nullopt;
    const auto time = parse_u64(take_until(header, ' '));
    const auto newest = parse_u32(header);
    if (!time || !newest) return std::nullopt;
    Look look = {*time, *newest, {}};
    while (!text.empty()) {
        std::string_view line = take_until(text, '\n');
        if (line == "end") return look;
        const auto first = parse_u32(take_until(line, ' '));
        const auto count = parse_u32(take_until(line, ' '));
        if (!first || !count || *count == 0) return std::nullopt;
        look.spans.push_back({{*first, *count}, std::string(line)});
    }
    return std::nullopt;
}

Result<std::vector<NamedSpan>> read_recent_maps(const std::string& proc, os::BorrowedFd dir,
                                                const IsOurs& is_ours) {
    const uint64_t now = time_since_boot();
    const uint32_t newest = newest_process(proc);
    std::optional<Look> last = last_look(dir);
    if (last && last->serves(now, newest)) {
        std::vector<NamedSpan> spans = BOX_TRY(read_new_maps(proc, *last, newest));
        spans.insert(spans.end(), last->spans.begin(), last->spans.end());
        return spans;
    }
    Look look = {now, newest, BOX_TRY(read_live_maps(proc))};
    // A box that ends and comes back at once shall not meet itself in here.
    std::erase_if(look.spans, [&](const NamedSpan& named) { return is_ours(named.span); });
    const auto left = leave_look(dir, look);
    // The next one looks again.
    if (!left) log::debug(left.error().message());
    return look.spans;
}

}  // namespace boxctl::userns
