// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

namespace boxctl::cmd {

/// Columns of text as wide as their widest cell, with two blanks between.
class Table {
 public:
    using Row = std::vector<std::string>;
    explicit Table(Row titles) { add(std::move(titles)); }
    /// A row has as many cells as there are titles.
    void add(Row row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] std::string text() const;

 private:
    std::vector<Row> rows_;
};

}  // namespace boxctl::cmd
