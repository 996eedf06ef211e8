// SPDX-License-Identifier: LGPL-2.1-or-later
// Samples: what each box uses at a moment, for stats and top.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/cgroup/usage.h"

namespace boxctl::cmd {

struct Sample {
    std::string name;
    cgroup::Usage usage;
    bool frozen = false;
    double share = 0;  ///< of a processor since the last sample
    bool has_share = false;
};

/// Those named, or all that run. One that ends meanwhile is left out of all.
Result<std::vector<Sample>> take_samples(const std::vector<std::string>& names);

/// Compares each sample with the one before.
class Shares {
 public:
    /// `now` in µs, event::now_us().
    void add_to(std::vector<Sample>& samples, uint64_t now);

 private:
    std::map<std::string, uint64_t> used_;  ///< µs of processor time, by name
    uint64_t last_ = 0;
};

/// A line of titles and one for each sample.
std::string table_of(const std::vector<Sample>& samples);

}  // namespace boxctl::cmd
