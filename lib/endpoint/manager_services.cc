// SPDX-License-Identifier: LGPL-2.1-or-later
// Manager: services of the box's own init.
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/endpoint/manager.h"

namespace boxctl::endpoint {
namespace {

constexpr size_t kMostCommands = 16;
constexpr uint64_t kListPatience = 10 * event::kSecond;
/// A service may take long to start; clients wait for an answer of ours for 25 s.
constexpr uint64_t kActPatience = 20 * event::kSecond;
/// One command of a user asks several times.
constexpr uint64_t kListAge = event::kSecond;

Refusal not_found(const std::string& name) {
    return {kNoSuchUnit, "Unit " + name + " not found."};
}

}  // namespace

void Manager::run_command(Call& call, const std::vector<std::string>& command, uint64_t patience,
                          InsideCommand::Done done) {
    if (commands_.size() >= kMostCommands) {
        return call.refuse(kLimitsExceeded, "too much is asked of this box at once");
    }
    auto started = InsideCommand::start(loop_, *box_.record, *box_.leaves, command, patience,
                                        std::move(done));
    if (!started) return call.refuse(refusal_of(started.error()));
    commands_.push_back(std::move(started).value());
}

void Manager::with_services(Call& call, const Listed& then) {
    if (services_at_ != 0 && event::now_us() - services_at_ < kListAge) {
        return then(call, services_);
    }
    if (commands_.size() >= kMostCommands) {
        return call.refuse(kLimitsExceeded, "too much is asked of this box at once");
    }
    auto started = InsideCommand::start(
            loop_, *box_.record, *box_.leaves, list_command(), kListPatience,
            [this, by = call.caller(), then](const Result<os::ExitStatus>& status,
                                             const std::string& output) {
                // A box without a shell has no services that we could see.
                if (!status) log::debug("services: " + status.error().message());
                services_ = parse_list(output);
                services_at_ = event::now_us();
                Call asked(outlet_, by.connection, by.call, {});
                then(asked, services_);
            });
    if (started) {
        commands_.push_back(std::move(started).value());
        return;
    }
    // Nor one that cannot be entered any more; what else there is, is still told.
    log::debug("services: " + started.error().message());
    then(call, {});
}

void Manager::act_on_service(Call& call, const std::string& name, ServiceAct act) {
    if (!is_service_name(name)) return call.refuse(not_found(name));
    const uint32_t job = next_job_++;
    run_command(call, act_command(act, name), kActPatience,
                [this, by = call.caller(), job, name](const Result<os::ExitStatus>& status,
                                                      const std::string&) {
                    on_act_done(by, job, name, status);
                });
}

void Manager::on_act_done(const Caller& by, uint32_t job, const std::string& name,
                          const Result<os::ExitStatus>& status) {
    services_at_ = 0;
    Call asked(outlet_, by.connection, by.call, {});
    if (!status) return asked.refuse(refusal_of(status.error()));
    switch (act_result(status->shell_code())) {
        case ActResult::no_such_service:
            return asked.refuse(not_found(name));
        case ActResult::not_possible:
            return asked.refuse(kNotSupported, "the init of this box cannot do that to a service");
        case ActResult::done:
            reply_with_job(asked, job);
            return remove_job(job, name, "done");
        case ActResult::failed:
            reply_with_job(asked, job);
            return remove_job(job, name, "failed");
    }
}

}  // namespace boxctl::endpoint
