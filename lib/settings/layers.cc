// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/layers.h"

#include <algorithm>

#include "lib/base/text.h"

namespace boxctl::settings {
namespace {

using Statements = std::vector<Statement>;

bool stand_together(const Row& one, const Row& other) {
    if (&one == &other) return one.access.merge != Merge::join;
    return one.together != Together::alone && one.together == other.together;
}

/// Those of `lower` that no row of `higher` masks.
Statements unmasked(std::span<const Statement> lower, std::span<const Statement> higher) {
    Statements rest;
    std::copy_if(lower.begin(), lower.end(), std::back_inserter(rest), [&](const Statement& low) {
        return std::none_of(higher.begin(), higher.end(), [&](const Statement& high) {
            return stand_together(*low.row, *high.row);
        });
    });
    return rest;
}

/// Without what a later empty statement takes back, and without those themselves.
Statements after_resets(std::span<const Statement> files) {
    Statements left;
    for (const Statement& next : files) {
        if (next.resets) {
            std::erase_if(left, [&](const Statement& old) { return old.row == next.row; });
        } else {
            left.push_back(next);
        }
    }
    return left;
}

std::string place_of(const Statement& from) {
    return from.origin.source == Source::option
                   ? "option " + quote(from.origin.text)
                   : from.origin.text + ": " + std::string(from.row->key);
}

Result<void> assign_all(Settings& made, std::span<const Statement> statements,
                        const Caller& caller) {
    for (const Statement& from : statements) {
        BOX_TRY(assign(*from.row, made, {from.text, from.origin, caller, from.trusted})
                        .context(place_of(from)));
    }
    return {};
}

/// Whether the files were written for the other verb.
bool mean_the_other(const Statements& files, Mode mode) {
    const Row* boot = find_key("Exec", "Boot");
    bool other = false;
    for (const Statement& file : files) {
        const auto wanted = parse_boolean(file.text);
        if (file.row == boot && wanted) other = *wanted != (mode == Mode::boot);
    }
    return other;
}

bool says_what_to_start(const Statements& files) {
    return std::any_of(files.begin(), files.end(), [](const Statement& file) {
        return file.row == find_key("Exec", "Boot") || file.row == find_key("Exec", "ProcessTwo");
    });
}

}  // namespace

std::vector<std::string> drop_foreign(std::vector<Statement>& files, const Settings& line) {
    const Mode mode = line.mode;
    const bool nspawn = line.front == Front::nspawn;
    const Row* arguments = find_key("Exec", "Parameters");
    const char* const verb = mode == Mode::boot ? "boxctl run" : "boxctl boot";
    std::vector<std::string> warnings;
    if (nspawn ? !says_what_to_start(files) : mean_the_other(files, mode)) {
        std::erase_if(files, [&](const Statement& file) { return file.row == arguments; });
    }
    std::erase_if(files, [&](const Statement& file) {
        const bool starts = file.row == find_key("Exec", "Boot");
        if (nspawn || starts || applies(file.row->verbs, mode)) return false;
        warnings.push_back(file.origin.text + ": " + quote(file.row->key) + " is for '" + verb +
                           "' only, ignored");
        return true;
    });
    return warnings;
}

Result<Settings> combine(const CommandLine& line, std::span<const Statement> files,
                         const Caller& caller) {
    const bool files_win = line.settings.tool.settings.value == FileUse::override_;
    Statements from_files = after_resets(files);
    for (Statement& file : from_files) {
        if (files_win) file.origin.source = Source::overriding_file;
    }
    const Caller file_caller{.directory = {}, .environment = {}, .file = true};
    Settings made = defaults_of(line.settings.front);
    made.mode = line.settings.mode;
    if (files_win) {
        BOX_TRY(assign_all(made, unmasked(line.statements, from_files), caller));
        BOX_TRY(assign_all(made, from_files, file_caller));
    } else {
        BOX_TRY(assign_all(made, unmasked(from_files, line.statements), file_caller));
        BOX_TRY(assign_all(made, line.statements, caller));
    }
    if (made.front == Front::nspawn) made.mode = made.exec.boot.value ? Mode::boot : Mode::run;
    return made;
}

}  // namespace boxctl::settings
