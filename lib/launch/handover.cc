// SPDX-License-Identifier: LGPL-2.1-or-later
// A box and what it holds on the host, on their way to another image of this program.
#include "lib/state/handover.h"

#include "lib/launch/launch.h"
#include "lib/launch/reservation.h"

namespace boxctl::launch {
namespace {

using json::Value;

Value pack_lock(const os::LockFile& lock, state::Outgoing& outgoing) {
    return {{"fd", outgoing.add(lock.fd())},
            {"path", lock.path()},
            {"shared", lock.kind() == os::LockKind::shared}};
}

Result<os::LockFile> unpack_lock(const Value& object, const char* key, state::Incoming& incoming) {
    const Value& packed = *BOX_TRY(json::get_object(object, key));
    os::UniqueFd fd = BOX_TRY(incoming.take(packed, "fd"));
    const bool shared = BOX_TRY(json::get_bool(packed, "shared"));
    return os::LockFile::adopt(std::move(fd), BOX_TRY(json::get_string(packed, "path")),
                               shared ? os::LockKind::shared : os::LockKind::exclusive);
}

Value pack_ids(const userns::IdRange& ids, state::Outgoing& outgoing) {
    Value nspawn = Value::array();
    for (const userns::NspawnLock& lock : ids.nspawn)
        nspawn.push_back({{"fd", outgoing.add(lock.fd)}, {"path", lock.path}});
    return {{"base", ids.base},
            {"count", ids.count},
            {"lock", pack_lock(ids.lock, outgoing)},
            {"nspawn", nspawn}};
}

Result<uint32_t> get_u32(const Value& object, const char* key) {
    const uint64_t value = BOX_TRY(json::get_u64(object, key));
    if (value > UINT32_MAX) return Error(ERANGE, "'" + std::string(key) + "' of the handover");
    return static_cast<uint32_t>(value);
}

Result<userns::IdRange> unpack_ids(const Value& packed, state::Incoming& incoming) {
    userns::IdRange ids;
    ids.base = BOX_TRY(get_u32(packed, "base"));
    ids.count = BOX_TRY(get_u32(packed, "count"));
    ids.lock = BOX_TRY(unpack_lock(packed, "lock", incoming));
    for (const Value& lock : *BOX_TRY(json::get_array(packed, "nspawn"))) {
        os::UniqueFd fd = BOX_TRY(incoming.take(lock, "fd"));
        ids.nspawn.push_back({std::move(fd), BOX_TRY(json::get_string(lock, "path"))});
    }
    return ids;
}

Value pack_cgroup(const cgroup::Cgroup& cgroup, state::Outgoing& outgoing) {
    return {{"scope", cgroup.kind == cgroup::CgroupPlan::Kind::scope},
            {"machine_dir", cgroup.machine_dir},
            {"machine", outgoing.add(cgroup.machine)},
            {"payload", outgoing.add(cgroup.payload)},
            {"box_dir", cgroup.box_dir}};
}

Result<cgroup::Cgroup> unpack_cgroup(const Value& packed, state::Incoming& incoming) {
    cgroup::Cgroup cgroup;
    cgroup.machine = BOX_TRY(incoming.take(packed, "machine"));
    cgroup.payload = BOX_TRY(incoming.take(packed, "payload"));
    cgroup.box_dir = BOX_TRY(json::get_string(packed, "box_dir"));
    cgroup.machine_dir = BOX_TRY(json::get_string(packed, "machine_dir"));
    // Of the others only box_dir counts from here on.
    if (BOX_TRY(json::get_bool(packed, "scope"))) {
        cgroup.kind = cgroup::CgroupPlan::Kind::scope;
    } else if (!cgroup.box_dir.empty()) {
        cgroup.kind = cgroup::CgroupPlan::Kind::own;
    }
    return cgroup;
}

}  // namespace

Value Reservation::pack(state::Outgoing& outgoing) const {
    return {{"name_lock", pack_lock(name_lock_, outgoing)},
            {"root_lock", pack_lock(root_lock_, outgoing)},
            {"ids", pack_ids(ids_, outgoing)},
            {"cgroup", pack_cgroup(cgroup_, outgoing)},
            {"shared_mount", shared_mount_},
            {"directory", directory_},
            {"watch_pipe", outgoing.add(watch_.pipe())},
            {"watch_child", outgoing.add(watch_.child())}};
}

Result<Reservation> Reservation::unpack(const Value& packed, state::Incoming& incoming) {
    Reservation taken;
    taken.name_lock_ = BOX_TRY(unpack_lock(packed, "name_lock", incoming));
    taken.root_lock_ = BOX_TRY(unpack_lock(packed, "root_lock", incoming));
    taken.ids_ = BOX_TRY(unpack_ids(*BOX_TRY(json::get_object(packed, "ids")), incoming));
    taken.cgroup_ = BOX_TRY(unpack_cgroup(*BOX_TRY(json::get_object(packed, "cgroup")), incoming));
    taken.shared_mount_ = BOX_TRY(json::get_string(packed, "shared_mount"));
    taken.has_ids_ = true;
    taken.directory_ = BOX_TRY(json::get_string(packed, "directory"));
    os::UniqueFd pipe = BOX_TRY(incoming.take(packed, "watch_pipe"));
    os::UniqueFd child = BOX_TRY(incoming.take(packed, "watch_child"));
    taken.watch_ = os::DeathWatch::adopt(std::move(pipe), std::move(child));
    return taken;
}

Value RunningBox::pack(state::Outgoing& outgoing) const {
    Value ends = Value::array();
    for (const rootfs::TerminalEnd& terminal : terminals)
        ends.push_back({{"index", terminal.index}, {"master", outgoing.add(terminal.master)}});
    return {{"leader", leader},
            {"pidfd", outgoing.add(pidfd)},
            {"terminals", ends},
            {"notify", outgoing.add(notify)},
            {"cable", {{"index", cable.index}, {"name", cable.name}}}};
}

Result<RunningBox> RunningBox::unpack(const Value& packed, state::Incoming& incoming) {
    RunningBox box;
    box.pidfd = BOX_TRY(incoming.take(packed, "pidfd"));
    box.leader = static_cast<pid_t>(BOX_TRY(get_u32(packed, "leader")));
    box.notify = BOX_TRY(incoming.take(packed, "notify"));
    for (const Value& end : *BOX_TRY(json::get_array(packed, "terminals"))) {
        const int index = static_cast<int>(BOX_TRY(get_u32(end, "index")));
        box.terminals.push_back({index, BOX_TRY(incoming.take(end, "master"))});
    }
    const Value& cable = *BOX_TRY(json::get_object(packed, "cable"));
    box.cable = {BOX_TRY(get_u32(cable, "index")), BOX_TRY(json::get_string(cable, "name"))};
    return box;
}

}  // namespace boxctl::launch
