// SPDX-License-Identifier: LGPL-2.1-or-later
// Refused: what systemd-nspawn knows and boxctl does not, so that it is told in one line and not as
// a misspelling. A row leaves this table when the setting gets one in rows_*.h.
#pragma once

#include <span>
#include <string_view>

#include "lib/base/result.h"
#include "lib/settings/table.h"

namespace boxctl::settings {

struct RefusedRow {
    std::string_view option;  ///< without "--"
    char letter = 0;
    Arity arity = Arity::required;
    std::string_view section;  ///< of files, with `key`; empty: only an option
    std::string_view key;
    std::string_view why;  ///< the sentence behind the name
};

std::span<const RefusedRow> refused_rows();
const RefusedRow* find_refused_key(std::string_view section, std::string_view key);

/// "--image is not there yet: …".
Error refusal(std::string_view spelled, const RefusedRow& row);

}  // namespace boxctl::settings
