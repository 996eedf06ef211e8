// SPDX-License-Identifier: LGPL-2.1-or-later
// Making files with the box's own ids.
#pragma once

#include <cstdint>

#include "lib/base/result.h"

namespace boxctl::rootfs {

/// While it lives, files are made with the box's root as owner and permission checks are its own
/// (setfsuid(2)). In an id-mapped tree what the host's root makes would belong to nobody.
class AsBoxRoot {
 public:
    explicit AsBoxRoot(uint32_t id_base);
    AsBoxRoot(const AsBoxRoot&) = delete;
    AsBoxRoot& operator=(const AsBoxRoot&) = delete;
    AsBoxRoot(AsBoxRoot&&) = delete;
    AsBoxRoot& operator=(AsBoxRoot&&) = delete;
    ~AsBoxRoot();

    /// The calls themselves do not say whether they worked, and files made as the host's root in a
    /// tree of the box's would be a start weaker than asked for.
    [[nodiscard]] Result<void> check() const;

 private:
    uint32_t id_;
};

}  // namespace boxctl::rootfs
