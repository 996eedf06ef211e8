// SPDX-License-Identifier: LGPL-2.1-or-later
// Handover: what a supervisor gives to the one that takes its place by execve(2), in the same
// process: values as JSON in a memfd, and descriptors that stay open under their numbers.
//
// The new image finds the memfd's number in the environment variable kHandoverVariable. A number
// counts as a descriptor only when the old image listed it, is taken at most once, and whatever is
// not taken is closed: so a newer boxctl may know less, and none leaks one.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/json/json.h"
#include "lib/os/fd.h"

namespace boxctl::state {

constexpr const char* kHandoverVariable = "BOXCTL_HANDOVER";

/// Collects what is handed over.
class Outgoing {
 public:
    json::Value values = json::Value::object();

    /// Lists a descriptor and returns what stands for it among the values; one that is not open
    /// (-1) becomes null.
    json::Value add(os::BorrowedFd fd);

    /// A memfd with all of it.
    [[nodiscard]] Result<os::UniqueFd> seal() const;
    [[nodiscard]] const std::vector<int>& fds() const { return fds_; }

 private:
    std::vector<int> fds_;
};

/// What was handed over.
class Incoming {
 public:
    /// Reads what seal() wrote and nothing else: for a look whether it is understood.
    static Result<json::Value> read(os::BorrowedFd memfd);
    /// Reads it and takes charge of every descriptor that it lists; an error when one is not open.
    static Result<Incoming> open(os::UniqueFd memfd);

    json::Value values;

    /// The descriptor that member `key` of `object` stands for; not open when that is null.
    Result<os::UniqueFd> take(const json::Value& object, std::string_view key);

 private:
    std::vector<os::UniqueFd> fds_;
};

/// Bytes as text that JSON can hold (two hex digits each), and back.
std::string to_hex(std::string_view bytes);
Result<std::string> from_hex(std::string_view text);

}  // namespace boxctl::state
