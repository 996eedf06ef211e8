// SPDX-License-Identifier: LGPL-2.1-or-later
// Manager: what clients look at.
#include <algorithm>

#include <fnmatch.h>
#include <sys/utsname.h>

#include "lib/base/text.h"
#include "lib/endpoint/manager.h"

namespace boxctl::endpoint {
namespace {

std::vector<std::string> read_strings(dbus::Reader& reader) {
    std::vector<std::string> strings;
    const size_t end = reader.array('s');
    while (reader.more(end))
        strings.emplace_back(reader.string());
    return strings;
}

bool matches(const std::vector<std::string>& patterns, const std::string& name) {
    return patterns.empty() ||
           std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
               return fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
           });
}

bool is_in_state(const std::vector<std::string>& states, const UnitView& view) {
    return states.empty() ||
           std::any_of(states.begin(), states.end(), [&](const std::string& state) {
               return state == view.active_state || state == view.sub_state ||
                      state == view.load_state;
           });
}

std::string architecture() {
    utsname name = {};
    if (uname(&name) < 0) return {};
    const std::string machine = name.machine;
    return machine == "x86_64" ? "x86-64" : machine == "aarch64" ? "arm64" : machine;
}

}  // namespace

void Manager::get_unit(Call& call) {
    const std::string name(call.message().reader().string());
    // Nothing is loaded that does not run: what is not there has an object all the same.
    if (find(name) == nullptr && call.message().member != "LoadUnit") {
        return call.refuse(kNoSuchUnit, "this box has no unit " + quote(name));
    }
    call.reply("o", std::move(dbus::Writer().string(unit_path(name))));
}

void Manager::write_matching(Call& call, std::function<bool(const UnitView&)> wanted) {
    with_services(call, [this, wanted = std::move(wanted)](Call& asked,
                                                           const std::vector<UnitView>& services) {
        dbus::Writer body;
        const auto list = body.array('(');
        for (const auto& [name, entry] : units_) {
            const UnitView view =
                    view_of(*entry.unit, {entry.job.number, job_path(entry.job.number)});
            if (wanted(view)) write_list_entry(body, view);
        }
        for (const UnitView& view : services) {
            if (wanted(view)) write_list_entry(body, view);
        }
        body.end(list);
        asked.reply("a(ssssssouso)", std::move(body));
    });
}

void Manager::list_units(Call& call) {
    dbus::Reader reader = call.message().reader();
    const std::vector<std::string> states =
            call.message().signature.empty() ? std::vector<std::string>() : read_strings(reader);
    write_matching(call, [states](const UnitView& view) { return is_in_state(states, view); });
}

void Manager::list_by_patterns(Call& call) {
    dbus::Reader reader = call.message().reader();
    const std::vector<std::string> states = read_strings(reader);
    const std::vector<std::string> patterns = read_strings(reader);
    write_matching(call, [states, patterns](const UnitView& view) {
        return is_in_state(states, view) && matches(patterns, view.name);
    });
}

void Manager::list_by_names(Call& call) {
    dbus::Reader reader = call.message().reader();
    const std::vector<std::string> names = read_strings(reader);
    write_matching(call, [names](const UnitView& view) {
        return std::find(names.begin(), names.end(), view.name) != names.end();
    });
}

void Manager::list_jobs(Call& call) {
    dbus::Writer body;
    body.end(body.array('('));
    call.reply("a(usssoo)", std::move(body));
}

void Manager::unit_processes(Call& call) {
    // Numbers of processes are the host's here and mean nothing to who asks by way of the box.
    dbus::Writer body;
    body.end(body.array('('));
    call.reply("a(sus)", std::move(body));
}

Properties Manager::manager_properties() const {
    const auto is = [&](auto&& predicate) {
        return static_cast<uint32_t>(std::count_if(units_.begin(), units_.end(), predicate));
    };
    const uint32_t failed = is([](const auto& each) { return each.second.unit->failed(); });
    const uint64_t started = box_.record->started * event::kSecond;
    return {
            {"Version", std::string("boxctl " BOXCTL_VERSION)},
            {"Features", std::string()},
            {"Virtualization", std::string("container-other")},
            {"Architecture", architecture()},
            {"Tainted", std::string()},
            {"SystemState", box_.record->phase},
            {"NNames", static_cast<uint32_t>(units_.size())},
            {"NFailedUnits", failed},
            {"NJobs", is([](const auto& each) { return each.second.job.number != 0; })},
            {"NInstalledJobs", next_job_ - 1},
            {"NFailedJobs", uint32_t{0}},
            {"Progress", std::string()},
            {"Environment", std::vector<std::string>{}},
            {"ControlGroup", std::string()},
            {"UserspaceTimestamp", started},
            {"FinishTimestamp", started},
            {"UnitsLoadStartTimestamp", started},
            {"UnitsLoadFinishTimestamp", started},
    };
}

Properties Manager::entry_properties(const Entry& entry) const {
    const UnitView view = view_of(*entry.unit, {entry.job.number, job_path(entry.job.number)});
    return unit_properties(view, entry.unit.get(), entry.invocation, {});
}

/// Of the object that the call is for; refuses when there is none.
void Manager::with_properties(Call& call, std::function<void(Call&, const Properties&)> then) {
    if (call.message().path == kSystemdPath) return then(call, manager_properties());
    const std::string name = unit_name(call.message().path);
    if (name.empty()) return call.refuse(kUnknownObject, "there is nothing at this path");
    if (const Entry* const entry = find(name)) return then(call, entry_properties(*entry));
    with_services(call, [name, then = std::move(then)](Call& asked,
                                                       const std::vector<UnitView>& services) {
        UnitView view;
        view.name = name;
        view.description = name;
        view.load_state = "not-found";
        for (const UnitView& service : services) {
            if (service.name == name) view = service;
        }
        then(asked, unit_properties(view, nullptr, {}, {}));
    });
}

void Manager::get_property(Call& call) {
    dbus::Reader reader = call.message().reader();
    reader.string();  // the interface: no name is found in two of them
    const std::string wanted(reader.string());
    with_properties(call, [wanted](Call& asked, const Properties& properties) {
        for (const Property& property : properties) {
            if (wanted != property.name) continue;
            dbus::Writer body;
            write_variant(body, property.value);
            return asked.reply("v", std::move(body));
        }
        asked.refuse(kUnknownProperty,
                     "property " + quote(wanted) + " is not available in this box");
    });
}

void Manager::get_all(Call& call) {
    with_properties(call, [](Call& asked, const Properties& properties) {
        dbus::Writer body;
        write_all(body, properties);
        asked.reply("a{sv}", std::move(body));
    });
}

void Manager::set_property(Call& call) {
    call.refuse("org.freedesktop.DBus.Error.PropertyReadOnly",
                "properties of this box cannot be set: it has no systemd");
}

}  // namespace boxctl::endpoint
