// SPDX-License-Identifier: LGPL-2.1-or-later
// Table: every setting of a box, one row each; the only way into Settings.
//
// The command line (cli.h), the help, the man page's option list, the shell completions and the
// dump (dump.h) all walk these rows, and .nspawn files will: a row names the setting in each of
// those languages, says who may set it and how values meet, and holds the functions that parse and
// write it. To add a setting, add a Field in settings.h and one row in rows_*.h; that no two rows
// share a name and that every one has a help line is checked when table.cc is compiled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/settings.h"
#include "lib/settings/values.h"

namespace boxctl::settings {

/// Which verbs take the option; systemd-nspawn's command line takes all.
enum class Verbs : uint8_t { boot = 1, run = 2, both = 3, nspawn = 4 };
constexpr bool applies(Verbs verbs, Mode mode) {
    const Verbs one = mode == Mode::boot ? Verbs::boot : Verbs::run;
    return (static_cast<unsigned>(verbs) & static_cast<unsigned>(one)) != 0;
}

/// Whose files may set it; the command line may set everything.
enum class Trust {
    any,      ///< also a file that came with the image
    denying,  ///< from such a file only values that begin with '~': those take away
    admin,    ///< only files of the administrator: it opens the host to the box
};

/// What a second value from the same source does. One from a better source replaces what is there,
/// but with `join` only what has the same name.
enum class Merge { last, append, join };

/// Rows that stand or fall together, as systemd-nspawn groups them: where one of them is set on the
/// command line, a file sets none of them; under --settings=override it is the other way round.
enum class Together { alone, start, capabilities, mounts, network };

/// What the value of a key in a file is: one text, or words between blanks, each a value of its
/// own, with "quotes" where a word holds blanks.
enum class FileValue { text, words };

/// Headings of the help, in its order.
enum class Group {
    image,
    execution,
    life,
    identity,
    users,
    mounts,
    network,
    security,
    resources,
    console,
    tool,
};
const char* title(Group group);

enum class Arity { none, optional, required };

/// One value on its way into Settings.
struct Input {
    std::string_view text;
    const Origin& origin;
    const Caller& caller;
    bool trusted = true;
};

/// A value as text, and who set it.
struct Written {
    std::string text;
    Origin origin;
};

/// How a row reaches its field; made by replaces<>() and appends<>() of rows.h.
struct Access {
    Merge merge;
    bool boolean;  ///< JSON true or false instead of a string
    Result<void> (*set)(Settings& settings, const Input& input);
    std::vector<std::string> (*write)(const Settings& settings);
    std::vector<Written> (*list)(const Settings& settings);
    const Origin& (*origin)(const Settings& settings);
};

using Choices = std::vector<std::string> (*)();

struct Row {
    std::string_view section;  ///< of files, with `key`; empty: only an option
    std::string_view key;      ///< "Limit*": every key that begins so, the rest names the value
    std::string_view option;   ///< without "--"; empty: only a letter
    char letter = 0;
    std::string_view argument;  ///< "=NAME" required, "[=BOOL]" optional, "" none
    std::string_view json;      ///< member name; empty: another spelling of an earlier row
    Verbs verbs = Verbs::both;
    Trust trust = Trust::any;
    Group group = Group::tool;
    Access access;
    Choices choices = nullptr;  ///< the words that are always good; "help" as a value lists them
    std::string_view help;      ///< one line
    std::string_view implied = "yes";  ///< the value when an argument is optional or none
    Together together = Together::alone;
    FileValue file_value = FileValue::text;
};

std::span<const Row> rows();
const Row* find_option(std::string_view name);
const Row* find_letter(char letter);
/// Of a file; a key of a family ("LimitNOFILE") finds its row ("Limit*").
const Row* find_key(std::string_view section, std::string_view key);

/// Whether the command line has it.
constexpr bool is_option(const Row& row) {
    return !row.option.empty() || row.letter != 0;
}

constexpr Arity arity(const Row& row) {
    if (row.argument.empty()) return Arity::none;
    return row.argument[0] == '[' ? Arity::optional : Arity::required;
}

/// Is it only another spelling of an earlier row, for who comes from systemd-nspawn?
constexpr bool is_alias(const Row& row) {
    return row.json.empty() && row.help.starts_with("The same as ");
}

/// "--private-users", or "-U" where there is no long form; "Boot=" where only files have it.
std::string spelling(const Row& row);

/// Whether a file, `trusted` or not, may set the row to `text`.
bool is_allowed(const Row& row, std::string_view text, bool trusted);

/// The only check of trust: parses and stores, or says why not. A value from a lesser source than
/// the one that set the field is parsed and then ignored.
Result<void> assign(const Row& row, Settings& settings, const Input& input);

}  // namespace boxctl::settings
