// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/services.h"

#include "lib/base/text.h"
#include "lib/endpoint/transient.h"

namespace boxctl::endpoint {
namespace {

constexpr std::string_view kSuffix = ".service";
constexpr size_t kMostServices = 512;
constexpr int kNoSuchService = 4;
constexpr int kNotPossible = 3;

// services.sh as a string, made by the build.
constexpr const char* kScript =
#include "lib/endpoint/services_script.inc"
        ;

const char* word(ServiceAct act) {
    switch (act) {
        case ServiceAct::start:
            return "start";
        case ServiceAct::stop:
            return "stop";
        case ServiceAct::restart:
            return "restart";
        case ServiceAct::reload:
            return "reload";
    }
    return "";
}

bool is_state(std::string_view active) {
    return active == "active" || active == "inactive" || active == "failed" ||
           active == "activating" || active == "deactivating";
}

}  // namespace

std::vector<std::string> list_command() {
    return {"/bin/sh", "-c", kScript, "boxctl", "list"};
}

std::vector<std::string> act_command(ServiceAct act, std::string_view unit) {
    unit.remove_suffix(kSuffix.size());
    return {"/bin/sh", "-c", kScript, "boxctl", word(act), std::string(unit)};
}

ActResult act_result(int status) {
    switch (status) {
        case 0:
            return ActResult::done;
        case kNoSuchService:
            return ActResult::no_such_service;
        case kNotPossible:
            return ActResult::not_possible;
        default:
            return ActResult::failed;
    }
}

std::vector<UnitView> parse_list(std::string_view output) {
    std::vector<UnitView> views;
    for (const std::string& line : split(output, '\n')) {
        const std::vector<std::string> fields = split(line, '\t');
        if (fields.size() != 4 || views.size() >= kMostServices) continue;
        UnitView view;
        view.name = fields[0] + std::string(kSuffix);
        view.active_state = fields[1];
        view.sub_state = printable(fields[2]);
        view.description = printable(fields[3]);
        if (is_service_name(view.name) && is_state(view.active_state)) {
            views.push_back(std::move(view));
        }
    }
    return views;
}

}  // namespace boxctl::endpoint
