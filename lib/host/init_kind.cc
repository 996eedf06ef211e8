// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/init_kind.h"

#include <string.h>

namespace boxctl::host {
namespace {

struct Mark {
    std::string_view text;
    InitKind kind;
};

// By last component of the resolved path.
constexpr Mark kNames[] = {
        {"systemd", InitKind::systemd},
        {"busybox", InitKind::busybox},
        {"busybox.static", InitKind::busybox},
        {"bbsuid", InitKind::busybox},
        {"openrc-init", InitKind::openrc},
        {"runit-init", InitKind::runit},
        {"runit", InitKind::runit},
        {"s6-linux-init", InitKind::s6},
        {"s6-svscan", InitKind::s6},
        {"s6-overlay-suexec", InitKind::s6},
        {"dinit", InitKind::dinit},
        {"dinit-init", InitKind::dinit},
        {"box-init", InitKind::box_init},
};

// In this order: busybox names other inits' parts in its help texts.
constexpr Mark kContents[] = {
        {"BusyBox v", InitKind::busybox},      {"s6-linux-init", InitKind::s6},
        {"s6-overlay", InitKind::s6},          {"s6-svscan", InitKind::s6},
        {"INIT: version", InitKind::sysvinit}, {"sysvinit", InitKind::sysvinit},
};

std::string_view last_component(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

const char* to_string(InitKind kind) {
    switch (kind) {
        case InitKind::systemd:
            return "systemd";
        case InitKind::busybox:
            return "busybox";
        case InitKind::sysvinit:
            return "sysvinit";
        case InitKind::openrc:
            return "openrc";
        case InitKind::runit:
            return "runit";
        case InitKind::s6:
            return "s6";
        case InitKind::dinit:
            return "dinit";
        case InitKind::box_init:
            return "box-init";
        case InitKind::unknown:
            return "unknown";
    }
    return "unknown";
}

const std::vector<std::string>& init_candidates() {
    static const std::vector<std::string> paths = {
            "/usr/lib/systemd/systemd",
            "/lib/systemd/systemd",
            "/sbin/init",
            "/usr/sbin/init",
            "/bin/init",
            "/etc/init",
            "/init",
    };
    return paths;
}

InitKind init_kind_by_name(std::string_view path, std::string_view resolved) {
    if (resolved == "/lib/sysvinit/init" || resolved == "/usr/lib/sysvinit/init") {
        return InitKind::sysvinit;
    }
    // The resolved name first: /sbin/runit may well be a link to busybox.
    for (const std::string_view name : {last_component(resolved), last_component(path)}) {
        for (const Mark& mark : kNames) {
            if (name == mark.text) return mark.kind;
        }
    }
    return InitKind::unknown;
}

InitKind init_kind_by_content(std::string_view content) {
    content = content.substr(0, kInitScanLimit);
    if (content.empty()) return InitKind::unknown;  // memmem(3) takes no null pointer
    for (const Mark& mark : kContents) {
        const void* found =
                memmem(content.data(), content.size(), mark.text.data(), mark.text.size());
        if (found != nullptr) return mark.kind;
    }
    return InitKind::unknown;
}

}  // namespace boxctl::host
