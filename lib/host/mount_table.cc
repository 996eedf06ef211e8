// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/mount_table.h"

#include <algorithm>
#include <memory>

#include <dlfcn.h>
#include <sys/mount.h>

#include <libmount/libmount.h>

#include "lib/base/text.h"

namespace boxctl::host {
namespace {

// What is used of the library; types are checked against its header.
struct Library {
    decltype(&::mnt_new_table) new_table;
    decltype(&::mnt_unref_table) unref_table;
    decltype(&::mnt_table_parse_file) parse_file;
    decltype(&::mnt_new_iter) new_iter;
    decltype(&::mnt_free_iter) free_iter;
    decltype(&::mnt_table_next_fs) next_fs;
    decltype(&::mnt_fs_get_id) get_id;
    decltype(&::mnt_fs_get_target) get_target;
    decltype(&::mnt_fs_get_source) get_source;
    decltype(&::mnt_fs_get_fstype) get_fstype;
    decltype(&::mnt_fs_get_propagation) get_propagation;
};

template <class Function>
bool resolve(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    return function != nullptr;
}

Result<Library> load_library() {
    void* handle = dlopen("libmount.so.1", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        Error error(std::string("load libmount: ") + dlerror());
        error.set_hint("install the package that has libmount.so.1 (Debian: libmount1)");
        return error;
    }
    Library lib = {};
    const bool complete = resolve(handle, "mnt_new_table", lib.new_table) &&
                          resolve(handle, "mnt_unref_table", lib.unref_table) &&
                          resolve(handle, "mnt_table_parse_file", lib.parse_file) &&
                          resolve(handle, "mnt_new_iter", lib.new_iter) &&
                          resolve(handle, "mnt_free_iter", lib.free_iter) &&
                          resolve(handle, "mnt_table_next_fs", lib.next_fs) &&
                          resolve(handle, "mnt_fs_get_id", lib.get_id) &&
                          resolve(handle, "mnt_fs_get_target", lib.get_target) &&
                          resolve(handle, "mnt_fs_get_source", lib.get_source) &&
                          resolve(handle, "mnt_fs_get_fstype", lib.get_fstype) &&
                          resolve(handle, "mnt_fs_get_propagation", lib.get_propagation);
    if (!complete) return Error("libmount.so.1 is too old for boxctl");
    return lib;
}

std::string text_of(const char* text) {
    return text != nullptr ? text : std::string();
}

MountEntry describe(const Library& lib, libmnt_fs* fs) {
    unsigned long propagation = 0;
    const bool known = lib.get_propagation(fs, &propagation) == 0;
    return {.id = static_cast<uint64_t>(lib.get_id(fs)),
            .target = text_of(lib.get_target(fs)),
            .source = text_of(lib.get_source(fs)),
            .type = text_of(lib.get_fstype(fs)),
            .shared = known && (propagation & MS_SHARED) != 0};
}

bool is_below(const std::string& path, const std::string& directory) {
    if (directory == "/" || path == directory) return true;
    return path.starts_with(directory) && path[directory.size()] == '/';
}

}  // namespace

Result<std::vector<MountEntry>> read_mounts(const std::string& file) {
    static const Result<Library> loaded = load_library();
    if (!loaded) return Error(loaded.error());
    const Library& lib = *loaded;
    const std::unique_ptr<libmnt_table, decltype(lib.unref_table)> table(lib.new_table(),
                                                                         lib.unref_table);
    const std::unique_ptr<libmnt_iter, decltype(lib.free_iter)> iterator(
            lib.new_iter(MNT_ITER_FORWARD), lib.free_iter);
    if (!table || !iterator) return Error(ENOMEM, "read the mount table");
    if (const int code = lib.parse_file(table.get(), file.c_str()); code != 0) {
        return Error(code < 0 ? -code : EINVAL, "read mount table " + quote(file));
    }
    std::vector<MountEntry> mounts;
    libmnt_fs* fs = nullptr;
    while (lib.next_fs(table.get(), iterator.get(), &fs) == 0)
        mounts.push_back(describe(lib, fs));
    return mounts;
}

const MountEntry* mount_of(const std::vector<MountEntry>& mounts, const std::string& path) {
    const MountEntry* best = nullptr;
    for (const MountEntry& mount : mounts) {
        if (!is_below(path, mount.target)) continue;
        if (best == nullptr || mount.target.size() >= best->target.size()) best = &mount;
    }
    return best;
}

std::vector<MountEntry> mounts_below(const std::vector<MountEntry>& mounts,
                                     const std::string& path) {
    std::vector<MountEntry> found;
    std::copy_if(mounts.rbegin(), mounts.rend(), std::back_inserter(found),
                 [&](const MountEntry& mount) { return is_below(mount.target, path); });
    return found;
}

}  // namespace boxctl::host
