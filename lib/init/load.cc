// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/init/arena.h"
#include "lib/init/file.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

constexpr char kSuffix[] = ".service.ini";
constexpr size_t kSuffixLength = sizeof kSuffix - 1;

char text[kMaxServiceFile + 1];

bool fail(ServiceFault& fault, const char* path, const char* problem) {
    Line line;
    line.add(path).add(": ").add(problem);
    const size_t length = line.size() < sizeof fault.text ? line.size() : sizeof fault.text - 1;
    memcpy(fault.text, line.text(), length);
    fault.text[length] = '\0';
    return false;
}

bool load_file(int directory, const char* file, const ServiceSource& source, Services& services,
               ServiceFault& fault) {
    const ssize_t size = read_small(directory, file, text, sizeof text);
    if (size < 0) {
        const bool large = errno == EFBIG;
        return fail(fault, source.file, large ? "is larger than 64 KiB" : errno_text(errno));
    }
    return parse_services(text, static_cast<size_t>(size), source, services, fault);
}

bool is_service_file(const char* name) {
    const size_t length = strlen(name);
    return length > kSuffixLength && name[0] != '.' &&
           equal(name + length - kSuffixLength, kSuffix);
}

/// The names of the service files, sorted: what is printed and which service comes first when it
/// does not matter must not depend on the file system.
struct FileNames {
    const char* list[kMaxServices] = {};
    uint32_t count = 0;

    const char* add(const char* name) {
        if (count == kMaxServices) return "holds more than 64 service files";
        const char* kept = keep_text(name, strlen(name));
        if (kept == nullptr) return "does not fit in memory";
        uint32_t at = count++;
        for (; at > 0 && strcmp(list[at - 1], kept) > 0; --at)
            list[at] = list[at - 1];
        list[at] = kept;
        return nullptr;
    }
};

bool list_files(DIR* directory, const char* path, FileNames& names, ServiceFault& fault) {
    errno = 0;
    while (const struct dirent* entry = readdir(directory)) {
        if (!is_service_file(entry->d_name)) continue;
        const char* problem = names.add(entry->d_name);
        if (problem != nullptr) return fail(fault, path, problem);
    }
    if (errno != 0) return fail(fault, path, errno_text(errno));
    return names.count != 0 || fail(fault, path, "holds no NAME.service.ini");
}

bool load_directory(DIR* directory, const char* path, Services& services, ServiceFault& fault) {
    FileNames names;
    if (!list_files(directory, path, names, fault)) return false;
    for (uint32_t i = 0; i < names.count; ++i) {
        const char* file = names.list[i];
        Line shown;
        shown.add(path).add("/").add(file);
        const char* kept = keep_text(shown.text(), shown.size());
        char* name = keep_text(file, strlen(file) - kSuffixLength);
        if (kept == nullptr || name == nullptr) return fail(fault, path, "does not fit in memory");
        if (!load_file(dirfd(directory), file, {kept, name}, services, fault)) return false;
    }
    return true;
}

}  // namespace

bool load_services(const char* path, Services& services, ServiceFault& fault) {
    DIR* directory = opendir(path);
    const bool loaded = directory != nullptr ? load_directory(directory, path, services, fault)
                        : errno == ENOTDIR
                                ? load_file(AT_FDCWD, path, {path, nullptr}, services, fault)
                                : fail(fault, path, errno_text(errno));
    if (directory != nullptr) (void)closedir(directory);
    return loaded && link_services(services, fault);
}

}  // namespace boxctl::init
