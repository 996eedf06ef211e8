// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/handover.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::state {
namespace {

/// Changes when a supervisor of this version could misunderstand an older one's handover. Members
/// that are added do not count: their readers do without them.
constexpr uint64_t kVersion = 1;
constexpr size_t kMostBytes = 1U << 20U;

int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    return -1;
}

}  // namespace

json::Value Outgoing::add(os::BorrowedFd fd) {
    if (fd.get() < 0) return nullptr;
    fds_.push_back(fd.get());
    return fd.get();
}

Result<os::UniqueFd> Outgoing::seal() const {
    const json::Value all = {{"version", kVersion}, {"descriptors", fds_}, {"values", values}};
    const std::string text = json::to_text(all);
    if (text.size() > kMostBytes) return Error(EFBIG, "hand over the box");
    os::UniqueFd memfd(memfd_create("boxctl-handover", MFD_CLOEXEC));
    if (!memfd.valid()) return errno_error("make a memory file");
    for (size_t done = 0; done < text.size();) {
        const ssize_t count = pwrite(memfd.get(), text.data() + done, text.size() - done,
                                     static_cast<off_t>(done));
        if (count < 0 && errno != EINTR) return errno_error("write a memory file");
        if (count > 0) done += static_cast<size_t>(count);
    }
    return memfd;
}

Result<json::Value> Incoming::read(os::BorrowedFd memfd) {
    if (lseek(memfd.get(), 0, SEEK_SET) < 0) return errno_error("read the handover");
    const std::string text = BOX_TRY(os::read_fd(memfd, kMostBytes).context("read the handover"));
    json::Value all = BOX_TRY(json::parse(text).context("read the handover"));
    const uint64_t version = BOX_TRY(json::get_u64(all, "version"));
    if (version != kVersion) {
        return Error(
                format("the box was started by a boxctl whose handover has version %llu, this "
                       "one reads %llu",
                       static_cast<unsigned long long>(version),
                       static_cast<unsigned long long>(kVersion)));
    }
    BOX_TRY(json::get_array(all, "descriptors"));
    BOX_TRY(json::get_object(all, "values"));
    return all;
}

Result<Incoming> Incoming::open(os::UniqueFd memfd) {
    const json::Value all = BOX_TRY(read(memfd));
    Incoming incoming;
    for (const json::Value& item : all["descriptors"]) {
        const bool number = item.is_number_unsigned() && item.get<uint64_t>() <= INT32_MAX;
        const int fd = number ? static_cast<int>(item.get<uint64_t>()) : -1;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return errno_error(format("descriptor %d", fd));
        incoming.fds_.emplace_back(fd);
    }
    incoming.values = all["values"];
    return incoming;
}

Result<os::UniqueFd> Incoming::take(const json::Value& object, std::string_view key) {
    const json::Value* value = json::find(object, key);
    if (value == nullptr) return Error("the handover lacks '" + std::string(key) + "'");
    if (value->is_null()) return os::UniqueFd();
    const uint64_t number = BOX_TRY(json::get_u64(object, key));
    const auto found = std::find_if(fds_.begin(), fds_.end(), [&](const os::UniqueFd& fd) {
        return fd.valid() && static_cast<uint64_t>(fd.get()) == number;
    });
    if (found == fds_.end()) return Error(EBADF, "'" + std::string(key) + "' of the handover");
    return std::move(*found);
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text += kDigits[value >> 4U];
        text += kDigits[value & 15U];
    }
    return text;
}

Result<std::string> from_hex(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (size_t at = 0; at + 1 < text.size(); at += 2) {
        const int high = digit_of(text[at]);
        const int low = digit_of(text[at + 1]);
        if (high < 0 || low < 0) return Error("bytes are not written in hex digits");
        bytes += static_cast<char>(high * 16 + low);
    }
    if (text.size() % 2 != 0) return Error("bytes are not written in hex digits");
    return bytes;
}

}  // namespace boxctl::state
