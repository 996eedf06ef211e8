// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/instance.h"

#include <algorithm>

#include <fcntl.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cgroup/change.h"
#include "lib/cgroup/usage.h"
#include "lib/os/file.h"

namespace boxctl::supervise {
namespace {

constexpr const char* kInterface = "io.systemd.MachineInstance";
constexpr const char* kDescription =
        "interface io.systemd.MachineInstance\n"
        "type Memory (configuredBytes: int, targetBytes: int, actualBytes: ?int)\n"
        "method Terminate() -> ()\n"
        "method PowerOff() -> ()\n"
        "method Reboot() -> ()\n"
        "method Pause() -> ()\n"
        "method Resume() -> ()\n"
        "method Describe() -> (running: bool, status: string, memory: ?Memory)\n"
        "method SubscribeEvents(filter: ?[]string) -> (event: string, data: ?object)\n"
        "method AddStorage(fileDescriptorIndex: int, name: string, config: ?string) -> ()\n"
        "method RemoveStorage(name: string) -> ()\n"
        "method ReplaceStorage(fileDescriptorIndex: int, name: string) -> ()\n"
        "method SetMemory(bytes: int) -> ()\n"
        "error NotSupported()\n";

/// Between two looks whether the box stands still.
constexpr uint64_t kLook = event::kSecond / 200;

varlink::Reply system_error(int code) {
    return {"io.systemd.System", {{"origin", "linux"}, {"errno", code}}};
}

varlink::Reply not_supported() {
    return {std::string(kInterface) + ".NotSupported", json::Value::object()};
}

}  // namespace

struct Instance::Method {
    std::string_view name;
    void (Instance::*serve)(Ticket ticket, const varlink::Call& call);
};

const Instance::Method Instance::kMethods[] = {
        {"Terminate", &Instance::terminate},
        {"PowerOff", &Instance::power_off},
        {"Reboot", &Instance::reboot},
        {"Pause", &Instance::pause},
        {"Resume", &Instance::resume},
        {"Describe", &Instance::describe},
        {"SubscribeEvents", &Instance::subscribe},
        // What only a virtual machine has.
        {"AddStorage", &Instance::refuse},
        {"RemoveStorage", &Instance::refuse},
        {"ReplaceStorage", &Instance::refuse},
        {"SetMemory", &Instance::refuse},
};

Instance::Instance(event::Loop& loop, const state::Record& record, Hooks hooks)
        : loop_(loop),
          record_(record),
          hooks_(std::move(hooks)),
          address_(std::string(state::kDirectory) + "/" + record.name + "/instance") {
}

Result<std::unique_ptr<Instance>> Instance::create(event::Loop& loop, const state::Record& record,
                                                   Hooks hooks) {
    std::unique_ptr<Instance> made(new Instance(loop, record, std::move(hooks)));
    Instance* self = made.get();
    made->server_ = BOX_TRY(varlink::Server::create(
            loop, made->address_, {kInterface, kDescription},
            [self](Ticket ticket, const varlink::Call& call) { self->on_call(ticket, call); }));
    made->look_ = loop.add_timer(event::kNever, [self] { self->look_at_pause(); });
    return made;
}

void Instance::on_call(Ticket ticket, const varlink::Call& call) {
    const std::string_view name = std::string_view(call.method).substr(call.method.rfind('.') + 1);
    for (const Method& method : kMethods) {
        if (method.name == name) return (this->*method.serve)(ticket, call);
    }
    server_->reply(ticket, varlink::no_such_method(call.method));
}

void Instance::terminate(Ticket ticket, const varlink::Call&) {
    server_->reply(ticket, {});
    hooks_.terminate();
}

void Instance::power_off(Ticket ticket, const varlink::Call&) {
    server_->reply(ticket, {});
    tell("POWERDOWN");
    hooks_.power_off();
}

void Instance::reboot(Ticket ticket, const varlink::Call&) {
    server_->reply(ticket, {});
    tell("RESET");
    hooks_.reboot();
}

Result<os::UniqueFd> Instance::open_cgroup() const {
    if (record_.cgroup.empty()) return Error(EOPNOTSUPP, "freeze a box without a cgroup");
    return os::open_host(record_.cgroup, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

void Instance::pause(Ticket ticket, const varlink::Call&) {
    pausing_.push_back(ticket);
    if (pausing_.size() > 1) return;
    const auto machine = open_cgroup();
    const auto begun = machine ? cgroup::begin_freeze(*machine) : machine.error();
    if (!begun) return end_pause(system_error(begun.error().code()));
    pause_deadline_ = event::now_us() + kFreezeTime;
    look_at_pause();
}

/// A process in the middle of a system call takes its time, and the loop cannot wait for it.
void Instance::look_at_pause() {
    const auto machine = open_cgroup();
    if (!machine) return end_pause(system_error(machine.error().code()));
    if (cgroup::is_frozen(*machine)) {
        tell("STOP");
        return end_pause({});
    }
    if (event::now_us() < pause_deadline_) return look_.set_deadline(event::now_us() + kLook);
    // Half a box that stands still is worse than one that runs.
    const auto thawed = cgroup::thaw_box(*machine);
    if (!thawed) log::warning(thawed.error().message());
    end_pause(system_error(ETIME));
}

void Instance::end_pause(const varlink::Reply& reply) {
    look_.set_deadline(event::kNever);
    for (const Ticket ticket : std::exchange(pausing_, {}))
        server_->reply(ticket, reply);
}

void Instance::resume(Ticket ticket, const varlink::Call&) {
    if (!pausing_.empty()) end_pause(system_error(ECANCELED));
    const auto machine = open_cgroup();
    const auto thawed = machine ? cgroup::thaw_box(*machine) : machine.error();
    if (!thawed) return server_->reply(ticket, system_error(thawed.error().code()));
    server_->reply(ticket, {});
    tell("RESUME");
}

void Instance::describe(Ticket ticket, const varlink::Call&) {
    const auto machine = open_cgroup();
    const bool frozen = machine && cgroup::is_frozen(*machine);
    const char* status = frozen ? "paused" : record_.phase == "stopping" ? "shutdown" : "running";
    server_->reply(ticket, {"", {{"running", !frozen}, {"status", status}, {"memory", nullptr}}});
}

/// Answered by one event after another, the first of which only says that it has begun.
void Instance::subscribe(Ticket ticket, const varlink::Call& call) {
    if (!call.more) return server_->reply(ticket, varlink::expected_more());
    Subscriber subscriber = {ticket, {}};
    const json::Value* filter = json::find(call.parameters, "filter");
    if (filter != nullptr && !filter->is_null()) {
        if (!filter->is_array())
            return server_->reply(ticket, varlink::invalid_parameter("filter"));
        for (const json::Value& name : *filter) {
            if (!name.is_string()) {
                return server_->reply(ticket, varlink::invalid_parameter("filter"));
            }
            subscriber.wanted.push_back(name.get<std::string>());
        }
    }
    std::erase_if(subscribers_,
                  [this](const Subscriber& other) { return !server_->waits(other.ticket); });
    subscribers_.push_back(std::move(subscriber));
    server_->reply(ticket, {"", {{"event", "READY"}, {"data", nullptr}}}, true);
}

void Instance::tell(const char* event) {
    for (const Subscriber& subscriber : subscribers_) {
        const auto& wanted = subscriber.wanted;
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), event) == wanted.end()) {
            continue;
        }
        server_->reply(subscriber.ticket, {"", {{"event", event}, {"data", nullptr}}}, true);
    }
}

void Instance::refuse(Ticket ticket, const varlink::Call&) {
    server_->reply(ticket, not_supported());
}

}  // namespace boxctl::supervise
