// SPDX-License-Identifier: LGPL-2.1-or-later
// Refusal: why a call is not carried out, in the two words that D-Bus has for it.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace boxctl::endpoint {

constexpr const char* kUnknownMethod = "org.freedesktop.DBus.Error.UnknownMethod";
constexpr const char* kUnknownObject = "org.freedesktop.DBus.Error.UnknownObject";
constexpr const char* kUnknownInterface = "org.freedesktop.DBus.Error.UnknownInterface";
constexpr const char* kUnknownProperty = "org.freedesktop.DBus.Error.UnknownProperty";
constexpr const char* kServiceUnknown = "org.freedesktop.DBus.Error.ServiceUnknown";
constexpr const char* kNameHasNoOwner = "org.freedesktop.DBus.Error.NameHasNoOwner";
constexpr const char* kInvalidArgs = "org.freedesktop.DBus.Error.InvalidArgs";
constexpr const char* kNotSupported = "org.freedesktop.DBus.Error.NotSupported";
constexpr const char* kAccessDenied = "org.freedesktop.DBus.Error.AccessDenied";
constexpr const char* kLimitsExceeded = "org.freedesktop.DBus.Error.LimitsExceeded";
constexpr const char* kFailed = "org.freedesktop.DBus.Error.Failed";
constexpr const char* kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
constexpr const char* kUnitExists = "org.freedesktop.systemd1.UnitExists";
constexpr const char* kNoSuchJob = "org.freedesktop.systemd1.NoSuchJob";

struct Refusal {
    std::string name = kFailed;
    std::string text;
};

/// A failure of ours, as the user at the other end reads it.
inline Refusal refusal_of(const Error& error) {
    return {kFailed, error.message()};
}

}  // namespace boxctl::endpoint
