// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/bus.h"

#include <algorithm>

#include <unistd.h>

#include "lib/base/text.h"
#include "lib/endpoint/unit_view.h"

namespace boxctl::endpoint {
namespace {

constexpr std::string_view kNames[] = {kBusName, kSystemdName, "org.freedesktop.login1"};
constexpr const char* kOwner = ":1.0";  ///< of the other two: ourselves

bool is_ours(std::string_view name) {
    return name == kOwner ||
           std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

void hello(const Call& call, Connection& client) {
    if (client.greeted) return call.refuse(kFailed, "Hello was said already");
    client.greeted = true;
    call.reply("s", std::move(dbus::Writer().string(client.name())));
}

void add_match(const Call& call, Connection& client) {
    // Every client is sent every signal: there are few of both.
    client.subscribed = true;
    call.reply();
}

void remove_match(const Call& call, Connection&) {
    call.reply();
}

void name_has_owner(const Call& call, Connection& client) {
    const std::string_view name = call.message().reader().string();
    call.reply("b", std::move(dbus::Writer().boolean(is_ours(name) || name == client.name())));
}

void get_name_owner(const Call& call, Connection& client) {
    const std::string name(call.message().reader().string());
    if (name == kBusName || name == client.name()) {
        return call.reply("s", std::move(dbus::Writer().string(name)));
    }
    if (is_ours(name)) return call.reply("s", std::move(dbus::Writer().string(kOwner)));
    call.refuse(kNameHasNoOwner, "nobody in this box is called " + quote(name));
}

void list_names(const Call& call, Connection& client) {
    std::vector<std::string> names(std::begin(kNames), std::end(kNames));
    names.emplace_back(kOwner);
    names.push_back(client.name());
    call.reply("as", std::move(dbus::Writer().strings(names)));
}

void list_nothing(const Call& call, Connection&) {
    call.reply("as", std::move(dbus::Writer().strings({})));
}

void get_id(const Call& call, Connection&) {
    // One bus a box; nobody compares it.
    call.reply("s", std::move(dbus::Writer().string("00000000000000000000000000000001")));
}

/// Ids are those of the box, whose root is all that talks here.
void get_user(const Call& call, Connection&) {
    call.reply("u", std::move(dbus::Writer().u32(0)));
}

void get_credentials(const Call& call, Connection&) {
    dbus::Writer body;
    write_all(body, {{"UnixUserID", uint32_t{0}}});
    call.reply("a{sv}", std::move(body));
}

void start_service(const Call& call, Connection&) {
    constexpr uint32_t kAlreadyRunning = 2;
    const std::string name(call.message().reader().string());
    if (is_ours(name)) return call.reply("u", std::move(dbus::Writer().u32(kAlreadyRunning)));
    call.refuse(kServiceUnknown, "there is no service " + quote(name) + " in this box");
}

void refuse_name(const Call& call, Connection&) {
    call.refuse(kAccessDenied, "no names are given out here: this is not the box's own bus");
}

struct Method {
    std::string_view interface;
    std::string_view member;
    std::string_view signature;
    void (*act)(const Call& call, Connection& client);
};

// clang-format off
constexpr Method kMethods[] = {
    {kBusName, "Hello", "", hello},
    {kBusName, "AddMatch", "s", add_match},
    {kBusName, "RemoveMatch", "s", remove_match},
    {kBusName, "NameHasOwner", "s", name_has_owner},
    {kBusName, "GetNameOwner", "s", get_name_owner},
    {kBusName, "ListNames", "", list_names},
    {kBusName, "ListActivatableNames", "", list_nothing},
    {kBusName, "ListQueuedOwners", "s", list_nothing},
    {kBusName, "GetId", "", get_id},
    {kBusName, "GetConnectionUnixUser", "s", get_user},
    {kBusName, "GetConnectionCredentials", "s", get_credentials},
    {kBusName, "StartServiceByName", "su", start_service},
    {kBusName, "RequestName", "su", refuse_name},
    {kBusName, "ReleaseName", "s", refuse_name},
};
// clang-format on

/// What every object of every service can do.
bool answer_as_object(const Call& call) {
    const dbus::Message& message = call.message();
    if (message.interface == "org.freedesktop.DBus.Peer" && message.member == "Ping") {
        call.reply();
        return true;
    }
    if (message.interface == "org.freedesktop.DBus.Introspectable" &&
        message.member == "Introspect") {
        call.reply("s", std::move(dbus::Writer().string("<node></node>")));
        return true;
    }
    return false;
}

}  // namespace

bool answer_as_bus(const Call& call, Connection& client) {
    const dbus::Message& message = call.message();
    if (answer_as_object(call)) return true;
    if (message.destination != kBusName) return false;
    for (const Method& method : kMethods) {
        if (message.member != method.member ||
            (!message.interface.empty() && message.interface != method.interface)) {
            continue;
        }
        if (message.signature != method.signature) {
            call.refuse(kInvalidArgs, "wrong arguments");
        } else {
            method.act(call, client);
        }
        return true;
    }
    call.refuse(kUnknownMethod, "the bus of this box has no method " + quote(message.member));
    return true;
}

}  // namespace boxctl::endpoint
