// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/words.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/init/arena.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

constexpr char kNoRoom[] = "the service files are too large together";

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// The next word of `text` into `word`; `text` moves behind it. Null when it was read, also for the
/// end (`length` is then 0 and `found` false).
const char* next_word(const char*& text, char (&word)[kMaxServiceLine], size_t& length,
                      bool& found) {
    while (is_blank(*text))
        ++text;
    length = 0;
    found = *text != '\0';
    char quote = '\0';
    for (; *text != '\0' && (quote != '\0' || !is_blank(*text)); ++text) {
        if (quote == '\0' && (*text == '\'' || *text == '"')) {
            quote = *text;
        } else if (*text == quote) {
            quote = '\0';
        } else {
            if (*text == '\\' && quote != '\'' && *++text == '\0') return "ends with a backslash";
            word[length++] = *text;
        }
    }
    return quote == '\0' ? nullptr : "a quote is not closed";
}

struct Unit {
    const char* name;
    uint32_t milliseconds;
};
constexpr Unit kTimes[] = {{"", 1000},     {"s", 1000},  {"sec", 1000},  {"ms", 1},
                           {"min", 60000}, {"m", 60000}, {"h", 3600000}, {"hr", 3600000}};

}  // namespace

const char* read_words(const char* text, char**& words, uint32_t& count) {
    if (strlen(text) >= kMaxServiceLine) return "is too long";
    char word[kMaxServiceLine];
    while (true) {
        size_t length = 0;
        bool found = false;
        const char* problem = next_word(text, word, length, found);
        if (problem != nullptr) return problem;
        if (!found) return nullptr;
        if (words == nullptr) {
            words = static_cast<char**>(take_memory(sizeof(char*) * (kMaxWords + 1)));
            if (words == nullptr) return kNoRoom;
        }
        if (count == kMaxWords) return "has more than 256 words";
        words[count] = keep_text(word, length);
        if (words[count] == nullptr) return kNoRoom;
        words[++count] = nullptr;
    }
}

const char* read_command(const char* text, char* const*& command) {
    char** words = nullptr;
    uint32_t count = 0;
    const char* problem = read_words(text, words, count);
    if (problem != nullptr) return problem;
    if (count == 0 || words[0][0] == '\0') return "names no program";
    command = words;
    return nullptr;
}

const char* read_time(const char* text, int64_t& milliseconds) {
    if (equal(text, "infinity")) {
        milliseconds = -1;
        return nullptr;
    }
    static constexpr char kProblem[] = "is not a time, such as 10, 1.5, 500ms, 2min or infinity";
    uint32_t whole = 0;
    const char* rest = nullptr;
    if (!read_number(text, kMaxSeconds, whole, rest)) return kProblem;
    uint32_t thousandths = 0;
    if (*rest == '.') {
        const char* decimals = ++rest;
        for (uint32_t weight = 100; *rest >= '0' && *rest <= '9' && weight != 0; weight /= 10) {
            thousandths += static_cast<uint32_t>(*rest++ - '0') * weight;
        }
        if (rest == decimals) return kProblem;
    }
    for (const Unit& unit : kTimes) {
        if (!equal(rest, unit.name)) continue;
        const int64_t exact = int64_t{whole} * 1000 + thousandths;
        milliseconds = exact * unit.milliseconds / 1000;
        return milliseconds <= int64_t{kMaxSeconds} * 1000 ? nullptr : "is longer than 1000000 s";
    }
    return kProblem;
}

const char* read_size(const char* text, uint64_t& bytes) {
    if (equal(text, "infinity")) {
        bytes = 0;
        return nullptr;
    }
    static constexpr char kProblem[] = "is not a size, such as 4096, 64K, 512M, 2G or infinity";
    uint32_t number = 0;
    const char* rest = nullptr;
    if (!read_number(text, UINT32_MAX, number, rest) || number == 0) return kProblem;
    static constexpr char kUnits[] = "KMGT";
    bytes = number;
    if (*rest == '\0') return nullptr;
    const char* unit = strchr(kUnits, *rest);
    if (unit == nullptr || rest[1] != '\0') return kProblem;
    const int shift = 10 * static_cast<int>(unit - kUnits + 1);
    if (uint64_t{number} > (UINT64_MAX >> shift)) return kProblem;
    bytes = uint64_t{number} << shift;
    return nullptr;
}

const char* read_flag(const char* text, bool& value) {
    static constexpr const char* kYes[] = {"yes", "true", "on", "1"};
    static constexpr const char* kNo[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < sizeof kYes / sizeof kYes[0]; ++i) {
        value = equal(text, kYes[i]);
        if (value || equal(text, kNo[i])) return nullptr;
    }
    return "is neither yes nor no";
}

namespace {

constexpr char kProbeProblem[] =
        "is not tcp:[ADDRESS:]PORT, http://ADDRESS:PORT/PATH, exec:COMMAND or fd:N";

/// "127.0.0.1:80" or "[::1]:80" up to `end`; the address may be left out.
const char* read_address(const char* text, const char* end, Probe& probe) {
    const char* colon = nullptr;
    for (const char* at = text; at != end; ++at) {
        if (*at == ':') colon = at;
    }
    uint32_t port = 0;
    const char* rest = nullptr;
    if (!read_number(colon == nullptr ? text : colon + 1, 65535, port, rest) || rest != end ||
        port == 0) {
        return kProbeProblem;
    }
    probe.port = static_cast<uint16_t>(port);
    probe.host = "127.0.0.1";
    if (colon == nullptr) return nullptr;
    const bool brackets = *text == '[' && colon > text + 1 && colon[-1] == ']';
    const char* first = brackets ? text + 1 : text;
    const size_t length = static_cast<size_t>(colon - first) - (brackets ? 1 : 0);
    char* host = keep_text(first, length);
    if (host == nullptr) return kNoRoom;
    unsigned char address[16] = {};
    if (inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1) {
        return "needs an IP address: names are not looked up";
    }
    probe.host = host;
    return nullptr;
}

}  // namespace

const char* read_probe(const char* text, Probe& probe) {
    probe = Probe();
    if (const char* command = after_prefix(text, "exec:"); command != nullptr) {
        probe.kind = ProbeKind::exec;
        return read_command(command, probe.command);
    }
    if (const char* address = after_prefix(text, "tcp:"); address != nullptr) {
        probe.kind = ProbeKind::tcp;
        return read_address(address, address + strlen(address), probe);
    }
    if (const char* address = after_prefix(text, "http://"); address != nullptr) {
        probe.kind = ProbeKind::http;
        const char* path = address + strcspn(address, "/");
        probe.path = *path == '\0' ? "/" : keep_text(path, strlen(path));
        if (probe.path == nullptr) return kNoRoom;
        if (strpbrk(probe.path, " \t\r\n") != nullptr) return "has a blank in its path";
        return read_address(address, path, probe);
    }
    uint32_t number = 0;
    const char* descriptor = after_prefix(text, "fd:");
    if (descriptor == nullptr || !parse_number(descriptor, 9, number) || number < 3) {
        return kProbeProblem;
    }
    probe.kind = ProbeKind::descriptor;
    probe.descriptor = static_cast<int>(number);
    return nullptr;
}

}  // namespace boxctl::init
