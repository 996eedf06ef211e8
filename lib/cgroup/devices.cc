// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/devices.h"

#include <algorithm>
#include <map>

#include <fcntl.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/bus/systemd1.h"
#include "lib/bus/unit_properties.h"
#include "lib/host/devices.h"
#include "lib/os/bpf.h"
#include "lib/os/file.h"

namespace boxctl::cgroup {
namespace {

struct Right {
    char letter;
    uint32_t bit;
};
constexpr Right kRights[] = {
        {'r', BPF_DEVCG_ACC_READ}, {'w', BPF_DEVCG_ACC_WRITE}, {'m', BPF_DEVCG_ACC_MKNOD}};

bool is_gone(const Error& error) {
    return error.code() == ENOENT;
}

/// The program of ours that is attached to this very cgroup; invalid: there is none.
Result<os::UniqueFd> find_program(os::BorrowedFd dir) {
    for (const uint32_t id : BOX_TRY(os::list_device_programs(dir))) {
        auto program = os::open_bpf_program(id);
        if (!program && is_gone(program.error())) continue;
        if (!program) return program;
        if (BOX_TRY(os::describe_bpf_program(*program)).name == kDeviceProgram) return program;
    }
    return os::UniqueFd();
}

/// ENOENT when the program has none of that name. Its shape is looked at, as we read from it by
/// that.
Result<os::UniqueFd> find_map(os::BorrowedFd program, const char* name,
                              const os::BpfMapShape& shape) {
    for (const uint32_t id : BOX_TRY(os::describe_bpf_program(program)).maps) {
        os::UniqueFd map = BOX_TRY(os::open_bpf_map(id));
        const os::BpfMapInfo info = BOX_TRY(os::describe_bpf_map(map));
        if (info.name == name && info.shape == shape) return map;
    }
    return Error(ENOENT, "find BPF map " + quote(name));
}

/// Of a box that has one, unless a privileged one took it off.
Result<os::UniqueFd> program_of(os::BorrowedFd machine) {
    const os::UniqueFd payload = BOX_TRY(
            os::open_in(machine, "payload", O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks));
    os::UniqueFd program = BOX_TRY(find_program(payload));
    if (!program.valid()) return Error(ENOENT, "find the box's device program");
    return program;
}

Result<os::UniqueFd> load(os::BorrowedFd allowed, os::BorrowedFd refused) {
    auto loaded = os::load_device_program(
            kDeviceProgram,
            assemble_device_program(allowed.get(), refused.get(), Naming::with_command));
    if (loaded || loaded.error().code() != EINVAL) return loaded;
    return os::load_device_program(
            kDeviceProgram, assemble_device_program(allowed.get(), refused.get(), Naming::without));
}

/// In a map that is in use: what was allowed stays so.
Result<void> add_rule(os::BorrowedFd allowed, const DeviceRule& rule) {
    const AllowedKey key = key_of(rule.device);
    AllowedValue bits = 0;
    auto known = os::get_bpf_entry(allowed, &key, &bits);
    if (!known && !is_gone(known.error())) return known;
    bits |= bits_of(rule.access);
    return os::set_bpf_entry(allowed, &key, &bits).context("allow " + describe(rule));
}

Result<void> add_rules(os::BorrowedFd allowed, const std::vector<DeviceRule>& rules) {
    for (const DeviceRule& rule : rules)
        BOX_TRY(add_rule(allowed, rule));
    return {};
}

Result<std::vector<DeviceRule>> rules_of_unit(const std::string& unit) {
    const auto connection = BOX_TRY(bus::reach_systemd(true, true).context("reach systemd"));
    std::vector<DeviceRule> rules;
    for (const auto& [name, access] : BOX_TRY(bus::devices_of(*connection, unit))) {
        for (const host::DeviceNumber& device : host::find_devices(name))
            allow_device(rules, device, access);
    }
    return rules;
}

Result<std::vector<DeviceRule>> rules_of_properties(
        const std::vector<settings::Assignment>& properties) {
    std::vector<bus::Property> parsed;
    for (const settings::Assignment& property : properties) {
        if (!is_about_devices(property)) continue;
        BOX_TRY(bus::assign_property(parsed, property.name, property.value));
    }
    std::vector<DeviceRule> rules;
    for (const bus::Property& property : parsed) {
        const auto* allowed = std::get_if<bus::TextPairs>(&property.value);
        if (allowed == nullptr) continue;
        for (const auto& [name, access] : *allowed) {
            const auto devices = host::find_devices(name);
            if (devices.empty())
                return Error("DeviceAllow=" + printable(name) + ": no such device");
            for (const host::DeviceNumber& device : devices)
                allow_device(rules, device, access);
        }
    }
    return rules;
}

/// The box may change the map meanwhile, whereupon the kernel may begin anew: so no more steps than
/// there can be entries, a few times over.
Result<std::vector<Refusal>> read_all(os::BorrowedFd refused) {
    constexpr uint32_t kMostSteps = 4 * kRefusedShape.max_entries;
    std::map<RefusedKey, RefusedValue> found;
    RefusedKey key;
    const RefusedKey* last = nullptr;
    for (uint32_t step = 0; step < kMostSteps; step++) {
        RefusedKey next;
        auto more = os::next_bpf_key(refused, last, &next);
        if (!more && is_gone(more.error())) break;
        if (!more) return std::move(more).error();
        key = next;
        last = &key;
        RefusedValue count = 0;
        if (os::get_bpf_entry(refused, &key, &count)) found[key] = count;
    }
    std::vector<Refusal> refusals;
    refusals.reserve(found.size());
    for (const auto& [entry, count] : found)
        refusals.push_back(decode_refusal(entry, count));
    std::ranges::stable_sort(refusals, std::greater(), &Refusal::count);
    return refusals;
}

}  // namespace

AllowedKey key_of(const host::DeviceNumber& device) {
    return {device.block ? uint32_t{BPF_DEVCG_DEV_BLOCK} : uint32_t{BPF_DEVCG_DEV_CHAR},
            device.major_number, device.minor_number.value_or(kEveryMinor)};
}

AllowedValue bits_of(const std::string& access) {
    AllowedValue bits = 0;
    for (const Right& right : kRights) {
        if (access.find(right.letter) != std::string::npos) bits |= right.bit;
    }
    return bits;
}

Refusal decode_refusal(const RefusedKey& key, RefusedValue count) {
    Refusal refusal;
    refusal.device = {key.device.type == BPF_DEVCG_DEV_BLOCK, key.device.major_number,
                      key.device.minor_number};
    for (const Right& right : kRights) {
        if ((key.access & right.bit) != 0) refusal.access += right.letter;
    }
    refusal.command.assign(key.command.data(), strnlen(key.command.data(), key.command.size()));
    refusal.count = count;
    return refusal;
}

Result<void> restrict_devices(const Cgroup& cgroup, const DevicePlan& plan) {
    if (!plan.restricted) return {};
    std::vector<DeviceRule> rules = plan.rules;
    if (!plan.unit.empty()) {
        for (const DeviceRule& rule : BOX_TRY(rules_of_unit(plan.unit)))
            allow_device(rules, rule.device, rule.access);
    }
    const os::UniqueFd earlier = BOX_TRY(find_program(cgroup.payload));
    if (earlier.valid()) {
        return add_rules(BOX_TRY(find_map(earlier, kAllowedMap, kAllowedShape)), rules);
    }
    const os::UniqueFd allowed =
            BOX_TRY(os::create_bpf_map(kAllowedMap, kAllowedShape, BPF_F_RDONLY_PROG));
    const os::UniqueFd refused = BOX_TRY(os::create_bpf_map(kRefusedMap, kRefusedShape, 0));
    BOX_TRY(add_rules(allowed, rules));
    return os::attach_device_program(cgroup.payload, BOX_TRY(load(allowed, refused)));
}

Result<void> restrict_leaf(os::BorrowedFd machine, os::BorrowedFd leaf) {
    return os::attach_device_program(leaf, BOX_TRY(program_of(machine)));
}

Result<void> allow_devices(os::BorrowedFd machine,
                           const std::vector<settings::Assignment>& properties) {
    const std::vector<DeviceRule> rules = BOX_TRY(rules_of_properties(properties));
    const os::UniqueFd program = BOX_TRY(program_of(machine));
    return add_rules(BOX_TRY(find_map(program, kAllowedMap, kAllowedShape)), rules);
}

Result<std::vector<Refusal>> read_refusals(os::BorrowedFd machine) {
    const os::UniqueFd program = BOX_TRY(program_of(machine));
    return read_all(BOX_TRY(find_map(program, kRefusedMap, kRefusedShape)));
}

}  // namespace boxctl::cgroup
