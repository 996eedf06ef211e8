// SPDX-License-Identifier: LGPL-2.1-or-later
// The binder, a process on the box's mounts (see bind.h). Private to lib/shell.
#pragma once

#include <cstdint>
#include <string>

#include "lib/launch/protocol.h"
#include "lib/os/fd.h"
#include "lib/rootfs/place.h"
#include "lib/shell/target.h"
#include "lib/state/binds.h"

namespace boxctl::shell {

struct BinderInput {
    const Target* target = nullptr;
    const launch::Link* to_caller = nullptr;
    bool user_namespace = true;                             ///< the box has one
    os::BorrowedFd mount{-1};                               ///< detached
    rootfs::PlaceType type = rootfs::PlaceType::directory;  ///< of its root
    std::string path;                                       ///< in the box
    bool make_target = false;
};

/// Takes the mount into the box and exits.
[[noreturn]] void binder_main(const BinderInput& input);

struct UnbinderInput {
    const Target* target = nullptr;
    const launch::Link* to_caller = nullptr;
    bool user_namespace = true;
    const state::BindNote* note = nullptr;
};

/// Unmounts what the note says if it is there and on top, and exits.
[[noreturn]] void unbinder_main(const UnbinderInput& input);

}  // namespace boxctl::shell
