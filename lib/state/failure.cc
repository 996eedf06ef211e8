// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/failure.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/file.h"
#include "lib/state/record.h"

namespace boxctl::state {
namespace {

constexpr const char* kFolder = ".failed";
constexpr size_t kMostBytes = 64U << 10U;
constexpr size_t kMostText = 4096;  ///< of one member: paths can be long, and their escapes longer
constexpr size_t kMostSettings = 8;

std::string cut(const std::string& text) {
    return text.substr(0, kMostText);
}

Result<os::UniqueFd> open_folder() {
    return os::open_host(std::string(kDirectory) + "/" + kFolder,
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

Result<os::UniqueFd> make_folder() {
    BOX_TRY(make_directories());
    const os::UniqueFd above = BOX_TRY(os::open_host(kDirectory, O_RDONLY | O_DIRECTORY));
    if (mkdirat(above.get(), kFolder, 0700) < 0 && errno != EEXIST) {
        return errno_error("make a place for what failed");
    }
    return open_folder();
}

/// Whatever is no file of ours counts as oldest.
Result<std::vector<std::string>> names_by_age(os::BorrowedFd folder) {
    struct Aged {
        timespec time = {};
        std::string name;
    };
    std::vector<Aged> aged;
    for (std::string& name : BOX_TRY(os::list_directory(folder))) {
        struct stat status = {};
        if (fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
        aged.push_back({status.st_mtim, std::move(name)});
    }
    std::sort(aged.begin(), aged.end(), [](const Aged& a, const Aged& b) {
        return a.time.tv_sec != b.time.tv_sec ? a.time.tv_sec > b.time.tv_sec
                                              : a.time.tv_nsec > b.time.tv_nsec;
    });
    std::vector<std::string> names;
    names.reserve(aged.size());
    for (Aged& one : aged)
        names.push_back(std::move(one.name));
    return names;
}

}  // namespace

std::string to_json(const Failure& failure) {
    std::vector<std::string> settings;
    for (const std::string& setting : failure.settings) {
        if (settings.size() < kMostSettings) settings.push_back(cut(setting));
    }
    const json::Value value = {{"name", failure.name},           {"time", failure.time},
                               {"phase", cut(failure.phase)},    {"step", cut(failure.step)},
                               {"act", cut(failure.act)},        {"code", failure.code},
                               {"settings", settings},           {"hint", cut(failure.hint)},
                               {"message", cut(failure.message)}};
    return json::to_text(value) + "\n";
}

Result<Failure> failure_from_json(std::string_view text) {
    const json::Value value = BOX_TRY(json::parse(text));
    Failure failure;
    failure.name = BOX_TRY(json::get_string(value, "name"));
    failure.time = BOX_TRY(json::get_u64(value, "time"));
    failure.phase = BOX_TRY(json::get_string(value, "phase"));
    failure.step = BOX_TRY(json::get_string(value, "step"));
    failure.act = BOX_TRY(json::get_string(value, "act"));
    const uint64_t code = BOX_TRY(json::get_u64(value, "code"));
    constexpr uint64_t kMaxErrno = 4095;
    if (code > kMaxErrno) return Error("'code' is no errno");
    failure.code = static_cast<int>(code);
    for (const json::Value& setting : *BOX_TRY(json::get_array(value, "settings"))) {
        if (!setting.is_string()) return Error("'settings' holds something else than text");
        failure.settings.push_back(setting.get_ref<const std::string&>());
    }
    failure.hint = BOX_TRY(json::get_string(value, "hint"));
    failure.message = BOX_TRY(json::get_string(value, "message"));
    return failure;
}

Result<void> write_failure(const Failure& failure) {
    const os::UniqueFd folder = BOX_TRY(make_folder());
    const std::vector<std::string> names = BOX_TRY(names_by_age(folder));
    for (size_t i = kMostFailures - 1; i < names.size(); i++)
        BOX_TRY(os::remove_file_at(folder, names[i]));
    return os::replace_file_at(folder, failure.name, to_json(failure), 0600);
}

Result<void> forget_failure(const std::string& name) {
    const std::string path = std::string(kDirectory) + "/" + kFolder + "/" + name;
    if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return errno_error("forget that " + quote(name) + " failed");
}

Result<Failure> read_failure(const std::string& name) {
    const std::string path = std::string(kDirectory) + "/" + kFolder + "/" + name;
    return failure_from_json(BOX_TRY(os::read_file(path, kMostBytes)));
}

Result<std::vector<std::string>> failed_names() {
    const auto folder = open_folder();
    if (!folder && folder.error().code() == ENOENT) return std::vector<std::string>();
    if (!folder) return folder.error();
    return names_by_age(*folder);
}

}  // namespace boxctl::state
