// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/refused.h"

#include <string>

namespace boxctl::settings {
namespace {

constexpr std::string_view kDisk =
        "disk images are not supported; mount the image's root file system on a directory";
constexpr std::string_view kOci = "OCI bundles are not supported; unpack it into a directory";
constexpr std::string_view kLinks =
        "of network links only --network-veth is supported; move or bridge links by hand";
constexpr std::string_view kPorts =
        "ports are not forwarded; use --private-network=no or rules of your own";
constexpr std::string_view kLabels = "SELinux labels are not supported";
constexpr std::string_view kJournal = "the journal is not forwarded; use journald inside the box";
constexpr std::string_view kManaged = "ranges of systemd-nsresourced are not supported";
constexpr std::string_view kScope = "boxes of users other than root are not supported";

constexpr Arity kValue = Arity::required;

// clang-format off
constexpr RefusedRow kRefused[] = {
    {"image", 'i', kValue, "", "", kDisk},
    {"image-policy", 0, kValue, "", "", kDisk},
    {"root-hash", 0, kValue, "", "", kDisk},
    {"root-hash-sig", 0, kValue, "", "", kDisk},
    {"verity-data", 0, kValue, "", "", kDisk},
    {"mstack", 0, kValue, "", "", kDisk},
    {"oci-bundle", 0, kValue, "", "", kOci},
    {"network-interface", 0, kValue, "Network", "Interface", kLinks},
    {"network-macvlan", 0, kValue, "Network", "MACVLAN", kLinks},
    {"network-ipvlan", 0, kValue, "Network", "IPVLAN", kLinks},
    {"network-veth-extra", 0, kValue, "Network", "VirtualEthernetExtra", kLinks},
    {"network-bridge", 0, kValue, "Network", "Bridge", kLinks},
    {"network-zone", 0, kValue, "Network", "Zone", kLinks},
    {"network-namespace-path", 0, kValue, "Network", "NamespacePath", kLinks},
    {"port", 'p', kValue, "Network", "Port", kPorts},
    {"selinux-context", 'Z', kValue, "", "", kLabels},
    {"selinux-apifs-context", 'L', kValue, "", "", kLabels},
    {"forward-journal", 0, kValue, "", "", kJournal},
    {"forward-journal-max-use", 0, kValue, "", "", kJournal},
    {"forward-journal-keep-free", 0, kValue, "", "", kJournal},
    {"forward-journal-max-file-size", 0, kValue, "", "", kJournal},
    {"forward-journal-max-files", 0, kValue, "", "", kJournal},
    {"private-users-delegate", 0, kValue, "Exec", "PrivateUsersDelegate", kManaged},
    {"private-users-chown", 0, Arity::none, "Files", "PrivateUsersChown", "owners on disk are never changed; --private-users-ownership=map shows them mapped"},
    {"background", 0, kValue, "", "", "the terminal is not tinted"},
    {"system", 0, Arity::none, "", "", kScope},
    {"share-system", 0, Arity::none, "", "", "share single namespaces with --share"},
};
// clang-format on

// Each refusal must be able to be the only meaning of its name.
consteval bool sound() {
    for (const RefusedRow& row : kRefused) {
        if (row.option.empty() || row.why.empty() || row.why.back() == '.') return false;
        if (row.key.empty() != row.section.empty()) return false;
    }
    return true;
}
static_assert(sound(), "a refused row without a name or a reason");

}  // namespace

std::span<const RefusedRow> refused_rows() {
    return kRefused;
}

const RefusedRow* find_refused_key(std::string_view section, std::string_view key) {
    for (const RefusedRow& row : kRefused) {
        if (!row.key.empty() && row.section == section && row.key == key) return &row;
    }
    return nullptr;
}

Error refusal(std::string_view spelled, const RefusedRow& row) {
    return Error(std::string(spelled) + ": " + std::string(row.why));
}

}  // namespace boxctl::settings
