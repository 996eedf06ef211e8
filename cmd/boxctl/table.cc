// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/table.h"

#include <algorithm>

namespace boxctl::cmd {

std::string Table::text() const {
    std::vector<size_t> widths(rows_.front().size());
    for (const Row& row : rows_) {
        for (size_t i = 0; i < row.size(); i++)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const Row& row : rows_) {
        for (size_t i = 0; i < row.size(); i++) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

}  // namespace boxctl::cmd
