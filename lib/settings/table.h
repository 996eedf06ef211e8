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

/// Which verbs take the option.
enum class Verbs : uint8_t { boot = 1, run = 2, both = 3 };
constexpr bool applies(Verbs verbs, Mode mode) {
    const Verbs one = mode == Mode::boot ? Verbs::boot : Verbs::run;
    return (static_cast<unsigned>(verbs) & static_cast<unsigned>(one)) != 0;
}

/// Whose files may set it; the command line may set everything.
enum class Trust {
    any,    ///< also a file that came with the image
    admin,  ///< only files of the administrator: it opens the host to the box
};

/// What a second value from the same source does; one from a better source always replaces.
enum class Merge { last, append };

/// Headings of the help, in its order.
enum class Group {
    image,
    execution,
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

/// How a row reaches its field; made by replaces<>() and appends<>() of rows.h.
struct Access {
    Merge merge;
    bool boolean;  ///< JSON true or false instead of a string
    Result<void> (*set)(Settings& settings, const Input& input);
    std::vector<std::string> (*write)(const Settings& settings);
    const Origin& (*origin)(const Settings& settings);
};

using Choices = std::vector<std::string> (*)();

struct Row {
    std::string_view section;  ///< of .nspawn files, with `key`; empty: only an option
    std::string_view key;
    std::string_view option;  ///< without "--"; empty: only a letter
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
};

std::span<const Row> rows();
const Row* find_option(std::string_view name);
const Row* find_letter(char letter);

constexpr Arity arity(const Row& row) {
    if (row.argument.empty()) return Arity::none;
    return row.argument[0] == '[' ? Arity::optional : Arity::required;
}

/// "--private-users", or "-U" where there is no long form.
std::string spelling(const Row& row);

/// The only check of trust: parses and stores, or says why not. A value from a lesser source than
/// the one that set the field is parsed and then ignored.
Result<void> assign(const Row& row, Settings& settings, const Input& input);

}  // namespace boxctl::settings
