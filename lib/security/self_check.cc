// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/self_check.h"

#include <cerrno>
#include <cstring>
#include <iterator>

#include <unistd.h>

namespace boxctl::security {

namespace {

// Fields in the order of their checks; kGroups is a list, all others one number.
enum Field : size_t {
    kNoNewPrivs,
    kSeccompMode,
    kSeccompFilters,
    kBounding,
    kInheritable,
    kAmbient,
    kEffective,
    kPermitted,
    kGroups,
    kFieldCount
};

struct FieldRow {
    std::string_view key;
    unsigned base;
    Mismatch mismatch;
};

constexpr FieldRow kFields[kFieldCount] = {
        {"NoNewPrivs", 10, Mismatch::no_new_privs},
        {"Seccomp", 10, Mismatch::seccomp_mode},
        {"Seccomp_filters", 10, Mismatch::seccomp_filters},
        {"CapBnd", 16, Mismatch::bounding_set},
        {"CapInh", 16, Mismatch::inheritable_set},
        {"CapAmb", 16, Mismatch::ambient_set},
        {"CapEff", 16, Mismatch::effective_set},
        {"CapPrm", 16, Mismatch::permitted_set},
        {"Groups", 10, Mismatch::groups},
};

// Takes the text byte by byte, as a status with many groups fits no buffer of a sane size.
class StatusReader {
 public:
    StatusReader(const uint32_t* groups, size_t group_count) noexcept
            : groups_(groups), group_count_(group_count) {}

    void take(char byte) noexcept {
        if (byte == '\n') {
            end_line();
        } else if (in_key_) {
            take_key(byte);
        } else if (field_ != kFieldCount) {
            take_value(byte);
        }
    }

    // Exactly one line had `field`, with exactly one well-formed number.
    [[nodiscard]] bool has_number(Field field) const noexcept {
        return well_formed(field) && counts_[field] == 1;
    }
    [[nodiscard]] bool has(Field field, uint64_t value) const noexcept {
        return has_number(field) && values_[field] == value;
    }
    [[nodiscard]] uint64_t value(Field field) const noexcept { return values_[field]; }
    [[nodiscard]] bool groups_match() const noexcept {
        return well_formed(kGroups) && groups_equal_ && counts_[kGroups] == group_count_;
    }

 private:
    [[nodiscard]] bool well_formed(Field field) const noexcept {
        return lines_[field] == 1 && !malformed_[field];
    }

    void take_key(char byte) noexcept {
        if (byte != ':') {
            if (key_length_ < sizeof key_) key_[key_length_] = byte;
            key_length_++;
            return;
        }
        in_key_ = false;
        field_ = kFieldCount;
        if (key_length_ > sizeof key_) return;
        const std::string_view key(key_, key_length_);
        for (size_t i = 0; i < kFieldCount; i++) {
            if (kFields[i].key == key) field_ = static_cast<Field>(i);
        }
        if (field_ != kFieldCount) lines_[field_]++;
    }

    void take_value(char byte) noexcept {
        if (byte == ' ' || byte == '\t') {
            end_number();
            return;
        }
        const unsigned base = kFields[field_].base;
        unsigned digit = base;
        if (byte >= '0' && byte <= '9') digit = static_cast<unsigned>(byte - '0');
        if (byte >= 'a' && byte <= 'f') digit = static_cast<unsigned>(byte - 'a') + 10;
        if (digit >= base || number_ > (UINT64_MAX - digit) / base) {
            malformed_[field_] = true;
            return;
        }
        number_ = number_ * base + digit;
        in_number_ = true;
    }

    void end_number() noexcept {
        if (!in_number_) return;
        const size_t index = counts_[field_]++;
        if (field_ == kGroups) {
            groups_equal_ = groups_equal_ && index < group_count_ && groups_[index] == number_;
        } else {
            values_[field_] = number_;
        }
        number_ = 0;
        in_number_ = false;
    }

    void end_line() noexcept {
        if (!in_key_ && field_ != kFieldCount) end_number();
        number_ = 0;
        in_number_ = false;
        in_key_ = true;
        key_length_ = 0;
        field_ = kFieldCount;
    }

    const uint32_t* groups_;
    size_t group_count_;
    bool groups_equal_ = true;
    bool in_key_ = true;
    bool in_number_ = false;
    char key_[16] = {};
    size_t key_length_ = 0;
    Field field_ = kFieldCount;
    uint64_t number_ = 0;
    uint64_t values_[kFieldCount] = {};
    size_t counts_[kFieldCount] = {};
    unsigned lines_[kFieldCount] = {};
    bool malformed_[kFieldCount] = {};
};

Mismatch compare(const StatusReader& status, const ExpectedStatus& expected) noexcept {
    const uint64_t numbers[] = {expected.no_new_privs,    expected.seccomp_mode,
                                expected.seccomp_filters, expected.bounding,
                                expected.inheritable,     expected.ambient,
                                expected.effective,       expected.effective};
    static_assert(std::size(numbers) == kGroups);
    for (size_t i = 0; i < std::size(numbers); i++) {
        if (!status.has(static_cast<Field>(i), numbers[i])) return kFields[i].mismatch;
    }
    return status.groups_match() ? Mismatch::none : Mismatch::groups;
}

bool read_all(int fd, StatusReader& status) noexcept {
    char buffer[1024];
    off_t offset = 0;
    while (true) {
        const ssize_t got = pread(fd, buffer, sizeof buffer, offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) return offset > 0;
        for (ssize_t i = 0; i < got; i++)
            status.take(buffer[i]);
        offset += got;
    }
}

}  // namespace

const char* to_string(Mismatch mismatch) noexcept {
    switch (mismatch) {
        case Mismatch::none:
            return "as intended";
        case Mismatch::status_unreadable:
            return "own process status cannot be read";
        case Mismatch::no_new_privs:
            return "no_new_privs is not as intended";
        case Mismatch::seccomp_mode:
            return "seccomp mode is not as intended";
        case Mismatch::seccomp_filters:
            return "number of seccomp filters is not as intended";
        case Mismatch::bounding_set:
            return "bounding capability set is not as intended";
        case Mismatch::inheritable_set:
            return "inheritable capability set is not as intended";
        case Mismatch::ambient_set:
            return "ambient capability set is not as intended";
        case Mismatch::effective_set:
            return "effective capability set is not as intended";
        case Mismatch::permitted_set:
            return "permitted capability set is not as intended";
        case Mismatch::groups:
            return "supplementary groups are not as intended";
    }
    return "unknown";
}

Mismatch compare_status(std::string_view text, const ExpectedStatus& expected) noexcept {
    StatusReader status(expected.groups, expected.group_count);
    for (const char byte : text)
        status.take(byte);
    return compare(status, expected);
}

Mismatch check_self(int status_fd, const ExpectedStatus& expected) noexcept {
    StatusReader status(expected.groups, expected.group_count);
    if (!read_all(status_fd, status)) return Mismatch::status_unreadable;
    return compare(status, expected);
}

int read_filter_count(int status_fd) noexcept {
    StatusReader status(nullptr, 0);
    if (!read_all(status_fd, status) || !status.has_number(kSeccompFilters)) return -1;
    return static_cast<int>(status.value(kSeccompFilters));
}

}  // namespace boxctl::security
