// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string>

namespace boxctl::supervise {

/// Looks for a line on a console that matches an extended regular expression (regex(7)). What the
/// box writes costs bounded time and memory: of a line the first kLongestLine bytes are looked at,
/// and the expression is compiled anew for each, as glibc remembers every state that it met.
class LogMatch {
 public:
    static constexpr size_t kLongestLine = 512;

    /// `pattern` was accepted by settings::to_ready().
    explicit LogMatch(std::string pattern) : pattern_(std::move(pattern)) {}

    /// True when a line matches that these bytes end or go on with: "login: " has no end. Carriage
    /// returns, control bytes and the sequences that colour text are no part of a line.
    bool feed(std::span<const char> bytes);

 private:
    enum class Escape { none, begun, sequence };
    void take(char byte);
    [[nodiscard]] bool matches() const;

    std::string pattern_;
    std::string line_;
    Escape escape_ = Escape::none;
};

}  // namespace boxctl::supervise
