// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/table.h"

#include <array>
#include <iterator>

#include "lib/settings/rows_console.h"
#include "lib/settings/rows_exec.h"
#include "lib/settings/rows_files.h"
#include "lib/settings/rows_image.h"
#include "lib/settings/rows_network.h"
#include "lib/settings/rows_security.h"

namespace boxctl::settings {
namespace {

template <size_t... N>
consteval auto concatenate(const Row (&... parts)[N]) {
    std::array<Row, (N + ...)> all{};
    size_t next = 0;
    const auto take = [&](std::span<const Row> part) {
        for (const Row& row : part)
            all[next++] = row;
    };
    (take(parts), ...);
    return all;
}

constexpr auto kTable =
        concatenate(kImageRows, kExecRows, kFilesRows, kNetworkRows, kSecurityRows, kConsoleRows);

// Two rows that `same` says share a name.
template <class Same>
consteval bool any_pair(Same same) {
    for (size_t i = 0; i < kTable.size(); i++) {
        for (size_t j = i + 1; j < kTable.size(); j++) {
            if (same(kTable[i], kTable[j])) return true;
        }
    }
    return false;
}

template <class Good>
consteval bool every_row(Good good) {
    for (const Row& row : kTable) {
        if (!good(row)) return false;
    }
    return true;
}

static_assert(!any_pair([](const Row& a, const Row& b) {
    return !a.option.empty() && a.option == b.option;
}),
              "two rows share an option");
static_assert(!any_pair([](const Row& a, const Row& b) {
    return a.letter != 0 && a.letter == b.letter;
}),
              "two rows share a letter");
static_assert(!any_pair([](const Row& a, const Row& b) {
    return !a.key.empty() && a.section == b.section && a.key == b.key;
}),
              "two rows share a key");
static_assert(!any_pair([](const Row& a, const Row& b) {
    return !a.json.empty() && a.json == b.json;
}),
              "two rows share a JSON name");
static_assert(every_row([](const Row& row) { return !row.help.empty() && row.help.back() != '.'; }),
              "a row without a help line");
static_assert(every_row([](const Row& row) { return is_option(row) || !row.key.empty(); }),
              "a row that nobody can name");
static_assert(every_row([](const Row& row) { return row.key.empty() == row.section.empty(); }),
              "a key without a section");
static_assert(every_row([](const Row& row) {
                  return row.argument.empty() || row.argument.starts_with("=") ||
                         (row.argument.starts_with("[=") && row.argument.ends_with("]"));
              }),
              "an argument that is neither =X nor [=X]");
// Help fits 80 columns: 33 are for the option.
static_assert(every_row([](const Row& row) { return row.help.size() <= 47; }),
              "a help line that is too long");
// -h, --help and --version belong to the front end, of every verb.
static_assert(every_row([](const Row& row) {
                  return row.letter != 'h' && row.option != "help" && row.option != "version";
              }),
              "a row takes an option of the front end");

}  // namespace

const char* title(Group group) {
    switch (group) {
        case Group::image:
            return "Root";
        case Group::execution:
            return "Execution";
        case Group::life:
            return "Start and stop";
        case Group::identity:
            return "Identity";
        case Group::users:
            return "Users";
        case Group::mounts:
            return "Files";
        case Group::network:
            return "Network";
        case Group::security:
            return "Security";
        case Group::resources:
            return "Limits";
        case Group::console:
            return "Console";
        case Group::tool:
            return "This run";
    }
    return "";
}

std::span<const Row> rows() {
    return kTable;
}

const Row* find_option(std::string_view name) {
    for (const Row& row : kTable) {
        if (!row.option.empty() && row.option == name) return &row;
    }
    return nullptr;
}

const Row* find_letter(char letter) {
    for (const Row& row : kTable) {
        if (row.letter != 0 && row.letter == letter) return &row;
    }
    return nullptr;
}

const Row* find_key(std::string_view section, std::string_view key) {
    for (const Row& row : kTable) {
        if (row.section != section || row.key.empty()) continue;
        const bool family = row.key.ends_with('*');
        const std::string_view stem = row.key.substr(0, row.key.size() - 1);
        if (family ? key.starts_with(stem) && key != stem : row.key == key) return &row;
    }
    return nullptr;
}

std::string spelling(const Row& row) {
    if (!is_option(row)) return std::string(row.key) + "=";
    return row.option.empty() ? std::string("-") + row.letter : "--" + std::string(row.option);
}

bool is_allowed(const Row& row, std::string_view text, bool trusted) {
    switch (row.trust) {
        case Trust::any:
            return true;
        case Trust::denying:
            return trusted || text.starts_with('~');
        case Trust::admin:
            return trusted;
    }
    return false;
}

Result<void> assign(const Row& row, Settings& settings, const Input& input) {
    if (!is_allowed(row, input.text, input.trusted)) {
        return Error("not allowed in a file that comes with the image");
    }
    return row.access.set(settings, input);
}

}  // namespace boxctl::settings
