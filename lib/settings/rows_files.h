// SPDX-License-Identifier: LGPL-2.1-or-later
// What is mounted and written in the tree.
#pragma once

#include "lib/settings/rows.h"

namespace boxctl::settings {

// clang-format off
inline constexpr Row kFilesRows[] = {
    {"Files", "Bind", "bind", 0, "=SOURCE[:PATH[:OPTIONS]]", "bind", Verbs::both, Trust::admin, Group::mounts,
     appends<&FilesSettings::binds, to_bind, write_binds>(), nullptr, "Show a file or directory of the host in the box", "yes", Together::mounts},
    {"Files", "BindReadOnly", "bind-ro", 0, "=SOURCE[:PATH[:OPTIONS]]", "bind_read_only", Verbs::both, Trust::admin, Group::mounts,
     appends<&FilesSettings::binds, to_bind_ro, write_binds_ro>(), nullptr, "The same, read-only", "yes", Together::mounts},
    {"Files", "TemporaryFileSystem", "tmpfs", 0, "=PATH[:OPTIONS]", "tmpfs", Verbs::both, Trust::admin, Group::mounts,
     appends<&FilesSettings::tmpfs, to_tmpfs, write_tmpfs>(), nullptr, "Mount an empty tmpfs", "yes", Together::mounts},
    {"Files", "Overlay", "overlay", 0, "=LOWER[:LOWER...]:UPPER:PATH", "overlay", Verbs::both, Trust::admin, Group::mounts,
     appends<&FilesSettings::overlays, to_overlay, write_overlays>(), nullptr, "Mount a union of directories, written to UPPER", "yes", Together::mounts},
    {"Files", "OverlayReadOnly", "overlay-ro", 0, "=LOWER[:LOWER...]:PATH", "overlay_read_only", Verbs::both, Trust::admin, Group::mounts,
     appends<&FilesSettings::overlays, to_overlay_ro, write_overlays_ro>(), nullptr, "Mount a union of directories read-only", "yes", Together::mounts},
    {"Files", "Inaccessible", "inaccessible", 0, "=PATH", "inaccessible", Verbs::both, Trust::admin, Group::mounts,
     appends<&FilesSettings::inaccessible, to_inaccessible, write_inaccessible>(), nullptr, "Hide a file or directory of the box", "yes", Together::mounts},
    {"Files", "BindUser", "bind-user", 0, "=USER", "bind_user", Verbs::both, Trust::admin, Group::mounts,
     appends<&FilesSettings::bind_users, to_bound_user, write_bound_users>(), nullptr, "Let a user of the host, with home, into the box", "yes", Together::mounts},
    {"Files", "BindUserShell", "bind-user-shell", 0, "=PATH", "bind_user_shell", Verbs::both, Trust::admin, Group::mounts,
     replaces<&FilesSettings::bind_user_shell, to_bound_shell, write_bound_shell>(), bool_words, "Their shell there, or yes: as on the host"},
    {"X-Boxctl", "BindUserGroup", "bind-user-group", 0, "=GROUP", "bind_user_group", Verbs::both, Trust::admin, Group::mounts,
     appends<&FilesSettings::bind_user_groups, to_bound_group, write_texts>(), nullptr, "Put them into this group of the box", "yes", Together::mounts},
    {"Exec", "ResolvConf", "resolv-conf", 0, "=MODE", "resolv_conf", Verbs::both, Trust::any, Group::mounts,
     replaces<&FilesSettings::resolv_conf, to_resolv_conf, write_resolv_conf>(), resolv_conf_words, "What /etc/resolv.conf becomes (default: auto)"},
    {"Exec", "Timezone", "timezone", 0, "=MODE", "timezone", Verbs::both, Trust::any, Group::mounts,
     replaces<&FilesSettings::timezone, to_timezone, write_timezone>(), timezone_words, "What /etc/localtime becomes (default: auto)"},
};
// clang-format on

}  // namespace boxctl::settings
