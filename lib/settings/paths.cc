// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/paths.h"

#include <algorithm>
#include <vector>

#include "lib/base/text.h"

namespace boxctl::settings {
namespace {

constexpr size_t kPathMax = 4095;  // PATH_MAX without the NUL
constexpr size_t kNameMax = 255;

// The components that count: without empty ones and ".".
std::vector<std::string> components(std::string_view path) {
    std::vector<std::string> parts = split(path, '/');
    std::erase_if(parts, [](const std::string& part) { return part.empty() || part == "."; });
    return parts;
}

Result<std::string> absolute(std::string_view what, const std::vector<std::string>& parts) {
    std::string path;
    for (const std::string& part : parts) {
        if (part.size() > kNameMax) return Error(std::string(what) + " has an overlong component");
        path += "/" + part;
    }
    if (path.size() > kPathMax) return Error(std::string(what) + " is too long");
    return path.empty() ? "/" : path;
}

Error refused(std::string_view what, std::string_view text, const char* why) {
    return Error(std::string(what) + " " + quote(text) + " " + why);
}

}  // namespace

Result<std::string> to_inside_path(std::string_view what, std::string_view text) {
    if (text.empty()) return Error(std::string(what) + " is empty");
    if (text[0] != '/') return refused(what, text, "is not absolute");
    const std::vector<std::string> parts = components(text);
    if (std::find(parts.begin(), parts.end(), "..") != parts.end()) {
        return refused(what, text, "must not contain '..'");
    }
    return absolute(what, parts);
}

Result<std::string> to_mount_point(std::string_view what, std::string_view text) {
    std::string path = BOX_TRY(to_inside_path(what, text));
    if (path == "/") return refused(what, text, "is the root of the box itself");
    return path;
}

Result<std::string> to_host_path(std::string_view text, const Caller& caller) {
    if (text.empty()) return Error("source is empty");
    std::vector<std::string> parts = components(text);
    std::vector<std::string> base;
    auto next = parts.begin();
    if (text[0] != '/') {
        if (caller.file) return refused("source", text, "is not absolute");
        if (caller.directory.empty()) {
            return refused("source", text, "is relative to a removed directory");
        }
        base = components(caller.directory);
        for (; next != parts.end() && *next == ".."; ++next) {
            if (!base.empty()) base.pop_back();
        }
    }
    if (std::find(next, parts.end(), "..") != parts.end()) {
        return refused("source", text, "must not contain '..' behind its start");
    }
    base.insert(base.end(), next, parts.end());
    return absolute("source", base);
}

std::string escape_path(std::string_view path) {
    std::string text;
    for (const char c : path) {
        if (c == ':' || c == '\\') text += '\\';
        text += c;
    }
    return text;
}

}  // namespace boxctl::settings
