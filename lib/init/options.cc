// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/options.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/init/names.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

/// Takes the option's value (null where it has none); returns what is wrong with it, or null.
using Take = const char* (*)(const char* value, Options& options);

struct Option {
    char letter;  ///< 0: long form only
    const char* name;
    const char* value;  ///< its name in the help; null: takes none
    Ask ask;            ///< what the option makes of the whole call
    Take take;
    const char* help;
};

const char* take_group(const char*, Options& options) {
    options.kill_mode = KillMode::group;
    return nullptr;
}

const char* take_single_child(const char*, Options& options) {
    options.kill_mode = KillMode::process;
    options.own_session = false;
    return nullptr;
}

const char* take_kill_mode(const char* value, Options& options) {
    if (equal(value, "group")) return take_group(value, options);
    if (equal(value, "process")) return take_single_child(value, options);
    return "kill mode is neither process nor group";
}

const char* take_stop_timeout(const char* value, Options& options) {
    options.forward_only = false;
    return parse_stop_timeout(value, options.stop_timeout)
                   ? nullptr
                   : "stop timeout is not a number of seconds";
}

const char* take_subreaper(const char*, Options& options) {
    options.subreaper = true;
    return nullptr;
}

const char* take_parent_death(const char* value, Options& options) {
    options.parent_death_signal = parse_signal(value);
    return options.parent_death_signal != 0 ? nullptr : "no such signal";
}

const char* take_verbose(const char*, Options& options) {
    ++options.verbosity;
    return nullptr;
}

const char* take_tell_reaped(const char*, Options& options) {
    options.tell_reaped = true;
    return nullptr;
}

const char* take_expected(const char* value, Options& options) {
    uint32_t code = 0;
    if (!parse_number(value, 255, code)) return "exit code is not a number from 0 to 255";
    options.expected[code >> 6] |= uint64_t{1} << (code & 63);
    return nullptr;
}

const char* take_rewrite(const char* value, Options& options) {
    static constexpr char kProblem[] = "rewrite is not FROM:TO with two signals";
    char from_text[16] = {};
    const char* colon = strchr(value, ':');
    if (colon == nullptr || static_cast<size_t>(colon - value) >= sizeof from_text) return kProblem;
    memcpy(from_text, value, static_cast<size_t>(colon - value));
    const int from = parse_signal(from_text);
    const int to = equal(colon + 1, "0") ? 0 : parse_signal(colon + 1);
    if (from == 0 || (to == 0 && !equal(colon + 1, "0"))) return kProblem;
    options.rewrite[from] = static_cast<uint8_t>(to);
    return nullptr;
}

const char* take_pause(const char*, Options& options) {
    options.pause = true;
    return nullptr;
}

const char* take_services(const char* value, Options& options) {
    options.services = value;
    return nullptr;
}

const char* take_check(const char*, Options& options) {
    options.check = true;
    return nullptr;
}

const char* take_log_format(const char* value, Options& options) {
    const bool json = equal(value, "json");
    options.log_format = json ? LogFormat::json : LogFormat::prefix;
    return json || equal(value, "prefix") ? nullptr : "log format is neither prefix nor json";
}

const char* take_nothing(const char*, Options&) {
    return nullptr;
}

// clang-format off
constexpr Option kOptions[] = {
    {'g', "group",          nullptr,   Ask::run,     take_group,        "send signals to the command's process group"},
    {'c', "single-child",   nullptr,   Ask::run,     take_single_child, "send signals to the command alone (default)"},
    {0,   "kill-mode",      "MODE",    Ask::run,     take_kill_mode,    "the same as a word: process or group"},
    {0,   "stop-timeout",   "SECONDS", Ask::run,     take_stop_timeout, "grace time of a stop before SIGKILL; 10, or infinity"},
    {'r', "rewrite",        "FROM:TO", Ask::run,     take_rewrite,      "send signal TO when FROM arrives; TO 0: nothing"},
    {'e', "expect",         "CODE",    Ask::run,     take_expected,     "exit with 0 when the command exits with CODE"},
    {'s', "subreaper",      nullptr,   Ask::run,     take_subreaper,    "adopt orphans also when not PID 1"},
    {'p', "parent-death",   "SIGNAL",  Ask::run,     take_parent_death, "get SIGNAL when the parent process dies"},
    {'w', "warn-reaped",    nullptr,   Ask::run,     take_tell_reaped,  "print a line for each orphan reaped"},
    {'v', "verbose",        nullptr,   Ask::run,     take_verbose,      "say more; up to twice"},
    {'P', "pause",          nullptr,   Ask::run,     take_pause,        "run no command: hold the namespaces until told to stop"},
    {0,   "services",       "PATH",    Ask::run,     take_services,     "supervise the services of a directory or a file"},
    {0,   "check",          nullptr,   Ask::run,     take_check,        "with --services: only read them, and say what is wrong"},
    {0,   "log-format",     "FORMAT",  Ask::run,     take_log_format,   "with --services: prefix (default) or json"},
    {'h', "help",           nullptr,   Ask::help,    take_nothing,      "print this help"},
    {'V', "version",        nullptr,   Ask::version, take_nothing,      "print the version"},
    {'l', "license",        nullptr,   Ask::license, take_nothing,      "print the licence"},
};
// clang-format on

const Option* find_letter(char letter) {
    if (letter == 'L') letter = 'l';  // catatonit's spelling
    for (const Option& option : kOptions) {
        if (option.letter != 0 && option.letter == letter) return &option;
    }
    return nullptr;
}

/// The option whose long name is `text` up to `length`.
const Option* find_name(const char* text, size_t length) {
    for (const Option& option : kOptions) {
        if (strlen(option.name) == length && strncmp(option.name, text, length) == 0) {
            return &option;
        }
    }
    return nullptr;
}

/// Walks over argv; each member function leaves `at` on the next word not yet read.
class Reader {
 public:
    Reader(char** words, Options& options) : at_(words), options_(options) {}

    Parsed read() {
        // A program of that name is still "-- ctl".
        if (*at_ != nullptr && equal(*at_, "ctl")) {
            options_.command = at_ + 1;
            return {Ask::control, nullptr, nullptr};
        }
        while (*at_ != nullptr && (*at_)[0] == '-' && (*at_)[1] != '\0') {
            const char* word = *at_++;
            if (equal(word, "--")) {
                options_.drop_dashes = false;
                break;
            }
            const Parsed parsed = word[1] == '-' ? read_name(word) : read_letters(word);
            if (parsed.ask != Ask::run) return parsed;
        }
        if (options_.pause && *at_ != nullptr) {
            return {Ask::misuse, "--pause runs no command", *at_};
        }
        if (options_.services != nullptr && *at_ != nullptr) {
            return {Ask::misuse, "--services runs no command", *at_};
        }
        if (options_.services != nullptr) return {Ask::serve, nullptr, nullptr};
        if (options_.check) return {Ask::misuse, "--check needs --services", nullptr};
        if (options_.pause) return {};
        if (*at_ == nullptr) return {Ask::misuse, "no command given", nullptr};
        if (options_.drop_dashes && at_[1] != nullptr && equal(at_[1], "--")) {
            at_[1] = at_[0];
            ++at_;
        }
        options_.command = at_;
        return {};
    }

 private:
    /// --name, --name=value, --name value
    Parsed read_name(const char* word) {
        const char* name = word + 2;
        const size_t length = strcspn(name, "=");
        const Option* option = find_name(name, length);
        if (option == nullptr) return {Ask::misuse, "unknown option", word};
        const char* value = name[length] == '=' ? name + length + 1 : nullptr;
        if (option->value == nullptr && value != nullptr) {
            return {Ask::misuse, "option takes no value", word};
        }
        return take(*option, value, word);
    }

    /// -sg, -e143, -e 143
    Parsed read_letters(const char* word) {
        for (const char* letter = word + 1; *letter != '\0'; ++letter) {
            const Option* option = find_letter(*letter);
            if (option == nullptr) return {Ask::misuse, "unknown option", word};
            const bool has_value = option->value != nullptr;
            const char* value = has_value && letter[1] != '\0' ? letter + 1 : nullptr;
            const Parsed parsed = take(*option, value, word);
            if (parsed.ask != Ask::run || has_value) return parsed;
        }
        return {};
    }

    Parsed take(const Option& option, const char* value, const char* word) {
        if (option.value != nullptr && value == nullptr) {
            if (*at_ == nullptr) return {Ask::misuse, "option needs a value", word};
            value = *at_++;
        }
        const char* problem = option.take(value, options_);
        if (problem != nullptr) return {Ask::misuse, problem, value};
        return {option.ask, nullptr, nullptr};
    }

    char** at_;
    Options& options_;
};

/// A session of its own leaves the command's group without a parent in its session, and the
/// kernel drops job-control stops for such groups: SIGSTOP is the one that works (dumb-init).
void finish(Options& options) {
    if (!options.own_session) return;
    static constexpr int kJobStops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
    for (const int signal : kJobStops) {
        if (options.rewrite[signal] == signal) options.rewrite[signal] = SIGSTOP;
    }
}

}  // namespace

Options::Options() {
    for (int signal = 0; signal <= kMaxSignal; ++signal) {
        rewrite[signal] = static_cast<uint8_t>(signal);
    }
}

bool parse_stop_timeout(const char* text, uint32_t& milliseconds) {
    if (equal(text, "infinity")) {
        milliseconds = kNever;
        return true;
    }
    uint32_t whole = 0;
    const char* rest = nullptr;
    if (!read_number(text, kMaxStopSeconds, whole, rest)) return false;
    milliseconds = whole * 1000;
    if (*rest == '\0') return true;
    if (*rest != '.') return false;
    const char* decimals = ++rest;
    for (uint32_t weight = 100; *rest >= '0' && *rest <= '9' && weight != 0; ++rest, weight /= 10) {
        milliseconds += static_cast<uint32_t>(*rest - '0') * weight;
    }
    return *rest == '\0' && rest != decimals;
}

Parsed parse_options(char** argv, char* const* environment, Options& options) {
    if (argv[0] == nullptr) return {Ask::misuse, "no command given", nullptr};
    apply_name(argv[0], environment, options);
    const Parsed parsed = Reader(argv + 1, options).read();
    finish(options);
    return parsed;
}

void print_help(int fd) {
    Line usage;
    usage.add("usage: box-init [OPTION...] [--] COMMAND [ARGUMENT...]\n");
    usage.add("       box-init --services=PATH [OPTION...]\n");
    usage.add("       box-init ctl [status|start|stop|restart|logs] [SERVICE] [--json]\n\n");
    usage.add("PID 1 for one command: runs it, passes signals on, reaps orphans, exits with\n");
    usage.add(
            "its status. SIGTERM, SIGINT, SIGPWR and SIGRTMIN+3..+6 stop it with a grace time.\n");
    usage.write_to(fd);
    for (const Option& option : kOptions) {
        Line line;
        const char letter[] = {'-', option.letter, ',', ' ', '\0'};
        line.add("  ").add(option.letter != 0 ? letter : "    ").add("--").add(option.name);
        if (option.value != nullptr) line.add("=").add(option.value);
        while (line.size() < 30)
            line.add(" ");
        line.add(option.help).write_to(fd);
    }
}

}  // namespace boxctl::init
