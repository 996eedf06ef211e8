// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/names.h"

#include <string.h>

#include "lib/init/text.h"

namespace boxctl::init {

namespace {

/// The value of variable `name`; null when it is not set.
const char* value_of(char* const* environment, const char* name) {
    for (; *environment != nullptr; ++environment) {
        const char* rest = after_prefix(*environment, name);
        if (rest != nullptr && *rest == '=') return rest + 1;
    }
    return nullptr;
}

void as_tini(char* const* environment, Options& options) {
    options.drop_dashes = true;
    if (value_of(environment, "TINI_SUBREAPER") != nullptr) options.subreaper = true;
    if (value_of(environment, "TINI_KILL_PROCESS_GROUP") != nullptr) {
        options.kill_mode = KillMode::group;
    }
    const char* verbosity = value_of(environment, "TINI_VERBOSITY");
    // tini ignores what is not a number here as well.
    if (verbosity != nullptr) (void)parse_number(verbosity, 9, options.verbosity);
}

void as_dumb_init(char* const* environment, Options& options) {
    const char* own_session = value_of(environment, "DUMB_INIT_SETSID");
    if (own_session == nullptr || !equal(own_session, "0")) {
        options.kill_mode = KillMode::group;
        options.own_session = true;
    }
    const char* debug = value_of(environment, "DUMB_INIT_DEBUG");
    if (debug != nullptr && equal(debug, "1")) options.verbosity = 3;
    options.lone_is_fine = true;
}

void as_catatonit(char* const*, Options&) {
}

struct Name {
    const char* text;
    void (*apply)(char* const* environment, Options& options);
};

constexpr Name kNames[] = {
        {"tini", as_tini},           {"tini-static", as_tini},    {"docker-init", as_tini},
        {"dumb-init", as_dumb_init}, {"catatonit", as_catatonit}, {"podman-init", as_catatonit},
};

}  // namespace

void apply_name(const char* name, char* const* environment, Options& options) {
    if (equal(name, "/dev/init")) options.forward_only = true;
    for (const Name& known : kNames) {
        if (!equal(base_name(name), known.text)) continue;
        options.forward_only = true;
        known.apply(environment, options);
    }
}

}  // namespace boxctl::init
