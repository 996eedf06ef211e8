// SPDX-License-Identifier: LGPL-2.1-or-later
// Machines and trees as facts, for plans that are computed without either.
#pragma once

#include <string>
#include <vector>

#include "lib/host/facts.h"
#include "lib/settings/settings.h"

namespace plan_test {

/// What a plan is made from besides the command line.
struct World {
    boxctl::host::HostFacts host;
    boxctl::host::RootFacts root;
};

/// One line of a case's `facts` file: base=NAME, or one fact of the base that is different.
struct Fact {
    std::string key;
    std::string value;
};

/// The bases are
///   debian   Debian 12 with cgroup v2 beside v1 and without controllers, at a terminal; the tree
///            is an Alpine minirootfs, booted by busybox
///   systemd  the same with version 2 alone and a systemd; the tree is a Debian with systemd
///   bare     no cgroup v2, no os-release, no localtime, no time namespaces, no terminal; the tree
///            is a static busybox
/// `directory` is the root as the caller wrote it. Throws std::runtime_error for what is unknown.
World make_world(const std::vector<Fact>& facts, const std::string& directory,
                 boxctl::settings::Mode mode);

/// Where relative paths start.
constexpr const char* kCallerDirectory = "/home/admin";

}  // namespace plan_test
