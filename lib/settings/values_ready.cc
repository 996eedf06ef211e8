// SPDX-License-Identifier: LGPL-2.1-or-later
// --ready: "WORD" or "KIND:TEXT".
#include <regex.h>

#include "lib/base/text.h"
#include "lib/settings/paths.h"
#include "lib/settings/values.h"
#include "lib/settings/words.h"

namespace boxctl::settings {
namespace {

using Kind = ReadyRule::Kind;

constexpr size_t kLongestText = 1024;

constexpr Word<Kind> kAlone[] = {{Kind::started, "started"}, {Kind::notify, "notify"}};
constexpr Word<Kind> kWithText[] = {{Kind::tcp, "tcp"},
                                    {Kind::socket, "unix"},
                                    {Kind::file, "file"},
                                    {Kind::log, "log"},
                                    {Kind::exec, "exec"}};

Result<ReadyRule> to_port(std::string_view text) {
    const auto port = parse_u32(text);
    if (!port || *port == 0 || *port > UINT16_MAX) {
        return Error("not a port from 1 to 65535: " + quote(text));
    }
    return ReadyRule{Kind::tcp, static_cast<uint16_t>(*port), {}};
}

/// An extended regular expression (regex(7)) that lines of a box can be given to. One that refers
/// back to a group is not: the time that takes grows without bound with what the box writes.
Result<ReadyRule> to_pattern(std::string_view text) {
    for (size_t i = 0; i + 1 < text.size(); i++) {
        if (text[i] != '\\') continue;
        i++;
        if (text[i] >= '0' && text[i] <= '9') {
            return Error("no references back to a group are known here: " + quote(text));
        }
    }
    const std::string pattern(text);
    regex_t compiled;
    const int fault = regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
    if (fault != 0) {
        char reason[128];
        regerror(fault, &compiled, reason, sizeof reason);
        return Error("not a regular expression: " + quote(text) + ": " + reason);
    }
    regfree(&compiled);
    return ReadyRule{Kind::log, 0, pattern};
}

Result<ReadyRule> to_rule(Kind kind, std::string_view text) {
    switch (kind) {
        case Kind::tcp:
            return to_port(text);
        case Kind::socket:
        case Kind::file:
            return ReadyRule{kind, 0, BOX_TRY(to_inside_path("path", text))};
        case Kind::log:
            return to_pattern(text);
        case Kind::automatic:
        case Kind::started:
        case Kind::notify:
        case Kind::exec:
            break;
    }
    return ReadyRule{kind, 0, std::string(text)};
}

}  // namespace

Result<ReadyRule> to_ready(std::string_view text) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        for (const Word<Kind>& word : kWithText) {
            if (text == word.text) {
                return Error(std::string(word.text) + " needs more: " + word.text + ":...");
            }
        }
        auto kind = find_word(kAlone, "rule", text);
        if (!kind) {
            kind.error().set_hint(
                    "started, notify, tcp:PORT, unix:PATH, file:PATH, log:REGEX, exec:COMMAND");
        }
        return ReadyRule{BOX_TRY(std::move(kind)), 0, {}};
    }
    const Kind kind = BOX_TRY(find_word(kWithText, "rule", text.substr(0, colon)));
    const std::string_view rest = text.substr(colon + 1);
    if (rest.empty()) return Error("nothing behind the colon: " + quote(text));
    if (rest.size() > kLongestText) {
        return Error(format("longer than %zu characters: ", kLongestText) + quote(text));
    }
    if (rest.find('\0') != std::string_view::npos) return Error("holds a zero: " + quote(text));
    return to_rule(kind, rest);
}

Result<ReadyRule> to_notify_ready(std::string_view text) {
    return ReadyRule{BOX_TRY(to_bool(text)) ? Kind::notify : Kind::started, 0, {}};
}

std::string write_notify_ready(const ReadyRule& value) {
    if (value.kind == Kind::notify) return "yes";
    return value.kind == Kind::started ? "no" : "";
}

std::string write_ready(const ReadyRule& value) {
    switch (value.kind) {
        case Kind::automatic:
            return {};
        case Kind::started:
        case Kind::notify:
            return word_for(kAlone, value.kind);
        case Kind::tcp:
            return format("tcp:%u", unsigned{value.port});
        case Kind::socket:
        case Kind::file:
        case Kind::log:
        case Kind::exec:
            return word_for(kWithText, value.kind) + ":" + value.text;
    }
    return {};
}

std::vector<std::string> ready_words() {
    return words_of(kAlone);
}

}  // namespace boxctl::settings
