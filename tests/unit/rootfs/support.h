// SPDX-License-Identifier: LGPL-2.1-or-later
// A child with a mount namespace of its own and, on a tmpfs there, a box's tree beside a directory
// that nothing in the tree may lead to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"
#include "lib/os/process.h"
#include "lib/rootfs/apply.h"

namespace rootfs_test {

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id id);

/// Of the child: everything is below path().
class Field {
 public:
    /// The mount namespace must be the caller's own and private.
    explicit Field(const std::string& path);

    [[nodiscard]] std::string tree(const std::string& name = "") const {
        return path_ + "/tree" + name;
    }
    [[nodiscard]] std::string outside(const std::string& name = "") const {
        return path_ + "/outside" + name;
    }
    void put(const std::string& path, std::string_view text) const;
    void directory(const std::string& path) const;
    void link(const std::string& path, const std::string& to) const;
    /// A box whose "/" is the tree; no user namespace, ids are the host's.
    [[nodiscard]] boxctl::rootfs::Build build() const;
    /// All there is outside: names, types, modes, owners, contents, and mounts.
    [[nodiscard]] std::string look_outside() const;

 private:
    std::string path_;
};

/// Runs `act` in a forked child; its findings become failures of the test case. An act throws
/// nothing and returns the first thing that is wrong, or nothing.
void in_child(std::string (*act)(const Field& field));

std::string content(const std::string& path);
bool is_mount(const std::string& path);
std::string failure_of(const boxctl::Result<void>& result);

}  // namespace rootfs_test

/// Returns what does not hold, for acts.
#define HOLDS(condition)                                                              \
    do {                                                                              \
        if (!(condition)) return boxctl::format("line %d: %s", __LINE__, #condition); \
    } while (false)
#define DONE(result)                                                                               \
    do {                                                                                           \
        const boxctl::Result<void> done = (result);                                                \
        if (!done) return boxctl::format("line %d: %s", __LINE__, done.error().message().c_str()); \
    } while (false)
