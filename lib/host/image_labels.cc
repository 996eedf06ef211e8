// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/image_labels.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/file.h"

namespace boxctl::host {
namespace {

/// What begins so and is neither is one of them misspelt.
constexpr std::string_view kFamily = "io.boxctl.service";
constexpr std::string_view kPathLabel = "io.boxctl.services";
constexpr std::string_view kTextLabel = "io.boxctl.service.";
constexpr const char* kConfig = "config.json";
constexpr const char* kRootfs = "rootfs";

// As in box-init (lib/init/limits.h, parse.cc), which would refuse more: here a name becomes a path
// first.
constexpr size_t kMostServices = 64;
constexpr size_t kLongestName = 48;
constexpr std::string_view kNameBytes =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.@";

bool is_service_name(std::string_view name) {
    return !name.empty() && name.size() <= kLongestName && name[0] != '.' && name[0] != '-' &&
           name.find_first_not_of(kNameBytes) == name.npos;
}

Error label_error(std::string_view label, const std::string& fault) {
    return Error("label " + quote(label) + " " + fault);
}

Result<void> take_path(const std::string& value, ServiceLabels& labels) {
    const bool usable = os::is_absolute(value) && value.find('\0') == value.npos;
    if (!usable) return label_error(kPathLabel, "is no absolute path: " + quote(value));
    labels.path = os::normalize_path(value);
    return {};
}

/// A line of a Dockerfile holds no line feed, so a value of one line is a command.
Result<void> take_text(const std::string& label, const std::string& value, ServiceLabels& labels) {
    const std::string name = label.substr(kTextLabel.size());
    if (!is_service_name(name)) return label_error(label, "does not end in a service's name");
    if (labels.texts.size() == kMostServices) {
        return label_error(label, format("is one too many: the most are %zu", kMostServices));
    }
    for (const ServiceText& other : labels.texts) {
        if (other.name == name) return label_error(label, "is there twice");
    }
    const std::string_view trimmed = trim(value);
    if (trimmed.empty()) return label_error(label, "is empty");
    const bool command = trimmed[0] != '[' && trimmed.find('\n') == trimmed.npos;
    labels.texts.push_back(
            {name, command ? "[Service]\nExecStart=" + std::string(trimmed) + "\n" : value});
    return {};
}

/// `labels` is null where there are none.
Result<void> take_labels(const json::Value* labels, ServiceLabels& taken) {
    if (labels == nullptr || !labels->is_object()) return {};
    for (const auto& [label, value] : labels->items()) {
        const bool path = label == kPathLabel;
        if (!path && !label.starts_with(kTextLabel)) {
            if (!label.starts_with(kFamily)) continue;
            return label_error(label, "is not known: there are " + quote(kPathLabel) + " and " +
                                              quote(std::string(kTextLabel) + "NAME"));
        }
        const std::string text = BOX_TRY(json::get_string(*labels, label));
        BOX_TRY(path ? take_path(text, taken) : take_text(label, text, taken));
    }
    return {};
}

Result<void> check_path(os::BorrowedFd root, const std::string& path) {
    if (path.empty()) return {};
    auto found = os::open_in(root, path, O_PATH);
    if (found) return {};
    return std::move(found).context("label " + quote(kPathLabel)).error();
}

Result<std::optional<ServiceLabels>> read_from(os::BorrowedFd root, os::BorrowedFd bundle) {
    const auto text = os::read_untrusted(bundle, kConfig, 1U << 20U);
    if (!text && text.error().code() == ENOENT) return std::optional<ServiceLabels>();
    if (!text) return text.error();
    auto labels = BOX_TRY(parse_service_labels(*text));
    if (labels) BOX_TRY(check_path(root, labels->path));
    return labels;
}

mode_t type_at(os::BorrowedFd directory, const char* name) {
    struct stat status = {};
    const bool there = fstatat(directory.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    return there ? status.st_mode & S_IFMT : 0;
}

}  // namespace

Result<std::optional<ServiceLabels>> parse_service_labels(std::string_view text) {
    const json::Value config = BOX_TRY(json::parse(text));
    ServiceLabels labels;
    BOX_TRY(take_labels(json::find(config, "annotations"), labels));
    if (const json::Value* image = json::find(config, "config")) {
        BOX_TRY(take_labels(json::find(*image, "Labels"), labels));
    }
    if (labels.path.empty() && labels.texts.empty()) return std::optional<ServiceLabels>();
    if (!labels.path.empty() && !labels.texts.empty()) {
        return Error("there are labels of both kinds: " + quote(kPathLabel) + " and " +
                     quote(std::string(kTextLabel) + labels.texts[0].name));
    }
    return std::optional(std::move(labels));
}

Result<std::optional<ServiceLabels>> read_service_labels(os::BorrowedFd root) {
    const auto [above, name] = os::split_path(BOX_TRY(os::host_path(root)));
    if (name != kRootfs) return std::optional<ServiceLabels>();
    // Above the descriptor, whatever the names on the way lead to by now.
    const os::UniqueFd bundle(openat(root.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!bundle.valid()) return errno_error("open " + quote(above));
    auto labels = read_from(root, bundle);
    if (labels) return labels;
    Error error = std::move(labels).context("labels in " + quote(above + "/" + kConfig)).error();
    error.set_hint("--init=PATH boots the tree without them");
    return error;
}

std::string rootfs_of_bundle(const std::string& directory) {
    const auto opened = os::open_named(directory, O_PATH | O_DIRECTORY);
    if (!opened) return {};
    const bool bundle = type_at(*opened, kConfig) == S_IFREG &&
                        type_at(*opened, kRootfs) == S_IFDIR && type_at(*opened, "usr") == 0;
    if (!bundle) return {};
    const auto path = os::host_path(*opened);
    return path ? os::normalize_path(*path + "/" + kRootfs) : std::string();
}

}  // namespace boxctl::host
