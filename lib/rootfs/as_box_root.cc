// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/rootfs/as_box_root.h"

#include <sys/fsuid.h>

namespace boxctl::rootfs {

AsBoxRoot::AsBoxRoot(uint32_t id_base) : id_(id_base) {
    setfsgid(id_base);
    setfsuid(id_base);
}

AsBoxRoot::~AsBoxRoot() {
    setfsuid(0);
    setfsgid(0);
}

Result<void> AsBoxRoot::check() const {
    // -1 is no id: that call changes nothing and returns what is in force (setfsuid(2)).
    constexpr auto kAsk = static_cast<uid_t>(-1);
    const bool user = setfsuid(kAsk) == static_cast<int>(id_);
    const bool group = setfsgid(kAsk) == static_cast<int>(id_);
    if (!user || !group) return Error("cannot take the ids of the box's root");
    return {};
}

}  // namespace boxctl::rootfs
