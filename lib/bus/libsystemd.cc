// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/libsystemd.h"

#include <string>

#include <dlfcn.h>

namespace boxctl::bus {
namespace {

constexpr const char* kLibrary = "libsystemd.so.0";

template <class Function>
bool resolve(void* library, const char* symbol, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, symbol));
    return function != nullptr;
}

/// The first function that the library does not have, or nullptr.
const char* fill(void* library, Libsystemd& table) {
#define BOX_RESOLVE(name) \
    if (!resolve(library, "sd_" #name, table.name)) return "sd_" #name;
    BOX_LIBSYSTEMD_FUNCTIONS(BOX_RESOLVE)
#undef BOX_RESOLVE
    return nullptr;
}

}  // namespace

Result<const Libsystemd*> load_libsystemd() {
    static Libsystemd table;
    static bool loaded = false;
    if (loaded) return &table;
    // Lazily bound: most of what the library itself calls is never called here, and each call bound
    // at load time is a page written for nothing.
    void* library = dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) {
        Error error(std::string("load ") + kLibrary + ": not found");
        error.set_hint("talking to systemd needs it: install libsystemd0");
        return error;
    }
    if (const char* missing = fill(library, table)) {
        dlclose(library);
        return Error(std::string("load ") + kLibrary + ": too old, it has no " + missing);
    }
    loaded = true;
    return &table;
}

}  // namespace boxctl::bus
