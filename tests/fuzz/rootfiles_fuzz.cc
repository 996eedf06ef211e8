// SPDX-License-Identifier: LGPL-2.1-or-later
// Every parser of a text that a box's tree (or a table of the host) holds, on the same bytes. What
// must hold whatever the text: no crash, no user that was not written there, bounded results.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/host/image_labels.h"
#include "lib/host/init_kind.h"
#include "lib/host/inittab.h"
#include "lib/host/os_release.h"
#include "lib/host/passwd.h"
#include "lib/host/probe.h"
#include "lib/userns/live_maps.h"
#include "lib/userns/overlap.h"

using namespace boxctl;

namespace {

void require(bool holds) {
    if (!holds) abort();
}

void check_users(std::string_view text) {
    const auto number = host::find_user(text, text, "1000");
    require(number && number->uid == 1000);
    const auto root = host::find_user(text, text, "0");
    require(root && root->uid == 0 && root->home.front() == '/');
    for (const char* wanted : {"alice", "root"}) {
        const auto user = host::find_user(text, text, wanted);
        if (!user) continue;
        require(user->name == wanted && user->uid != UINT32_MAX && user->gid != UINT32_MAX);
        require(user->home.front() == '/' && user->shell.front() == '/');
        require(user->groups.size() <= host::kMaxGroups);
    }
    for (const char* wanted : {"", "4294967295", "4294967296", "00"}) {
        require(!host::find_user(text, text, wanted));
    }
}

void check_spans(const std::vector<userns::IdSpan>& spans) {
    for (const userns::IdSpan& span : spans) {
        require(span.count > 0 && span.first + span.count <= 2 * uint64_t{UINT32_MAX} + 1);
        require(span.overlaps(span));
    }
}

void check_labels(std::string_view text) {
    const auto labels = host::parse_service_labels(text);
    if (!labels || !*labels) return;
    require((*labels)->path.empty() != (*labels)->texts.empty());
    require((*labels)->path.empty() || (*labels)->path.front() == '/');
    require((*labels)->texts.size() <= 64);
    for (const host::ServiceText& service : (*labels)->texts) {
        require(!service.name.empty() && service.name.find('/') == std::string::npos);
        require(service.name.front() != '.');
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_users(text);
    check_labels(text);
    require(host::parse_os_release(text).size() <= host::kOsReleaseEntries);
    for (const int tty : host::parse_inittab_ttys(text)) {
        require(tty >= 1 && tty <= host::kLastTty);
    }
    const std::string id = host::parse_machine_id(text);
    require(id.empty() || id.size() == 32);
    require(host::zone_of_link(text).find('.') == std::string::npos);
    const std::string cgroup = host::own_cgroup(text);
    require(cgroup.empty() || cgroup.front() == '/');
    (void)host::shared_flag(text, 29);
    (void)host::init_kind_by_content(text);
    (void)host::init_kind_by_name(text, text);
    check_spans(userns::parse_id_column(text));
    check_spans(userns::parse_id_map(text));
    check_spans(userns::parse_subids(text, userns::Owner::others));
    check_spans(userns::parse_subids(text, userns::Owner::root));
    if (const auto look = userns::parse_look(text)) {
        const auto again = userns::parse_look(userns::write_look(*look));
        if (!again || again->spans.size() != look->spans.size()) abort();
    }
    return 0;
}
