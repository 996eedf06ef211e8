// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/dbus/auth.h"

namespace boxctl::dbus {
namespace {

constexpr size_t kLongestLine = 256;
constexpr int kMostLines = 16;
constexpr std::string_view kRejected = "REJECTED EXTERNAL\r\n";
/// Hexadecimal of "0": only root of the box gets as far as this.
constexpr std::string_view kRoot = "30";

}  // namespace

std::string Handshake::authenticate(std::string_view user) {
    if (!user.empty() && user != kRoot) {
        state_ = State::unknown;
        return std::string(kRejected);
    }
    state_ = State::known;
    return "OK " + id_ + "\r\n";
}

std::string Handshake::answer(std::string_view line) {
    const std::string_view word = line.substr(0, line.find(' '));
    const std::string_view rest =
            word.size() == line.size() ? std::string_view() : line.substr(word.size() + 1);
    if (state_ == State::known) {
        if (line == "NEGOTIATE_UNIX_FD") {
            passes_fds_ = true;
            return "AGREE_UNIX_FD\r\n";
        }
        if (line == "BEGIN") {
            state_ = State::begun;
            return {};
        }
    }
    if (state_ == State::wants_data && word == "DATA") return authenticate(rest);
    if (word == "AUTH" && state_ == State::unknown) {
        if (rest == "EXTERNAL") {
            state_ = State::wants_data;
            return "DATA\r\n";
        }
        constexpr std::string_view kNamed = "EXTERNAL ";
        if (rest.starts_with(kNamed)) return authenticate(rest.substr(kNamed.size()));
        return std::string(kRejected);
    }
    if (word == "CANCEL" || word == "ERROR") {
        state_ = State::unknown;
        return std::string(kRejected);
    }
    return "ERROR\r\n";
}

Result<std::string> Handshake::advance(std::string& input) {
    std::string output;
    if (state_ == State::first_byte && !input.empty()) {
        if (input[0] != '\0') return Error(EPROTO, "begin a D-Bus connection");
        input.erase(0, 1);
        state_ = State::unknown;
    }
    while (!done()) {
        const size_t end = input.find("\r\n");
        if ((end == std::string::npos ? input.size() : end) > kLongestLine) {
            return Error(EPROTO, "begin a D-Bus connection: line too long");
        }
        if (end == std::string::npos) break;
        if (++lines_ > kMostLines) {
            return Error(EPROTO, "begin a D-Bus connection: too many attempts");
        }
        output += answer(std::string_view(input).substr(0, end));
        input.erase(0, end + 2);
    }
    return output;
}

}  // namespace boxctl::dbus
