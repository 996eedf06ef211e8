// SPDX-License-Identifier: LGPL-2.1-or-later
// Service files into Services: reading, then linking what names other services.
#pragma once

#include "lib/init/service.h"

namespace boxctl::init {

/// Reads `path`: a directory of NAME.service.ini files, each with one [Service], or one file with a
/// [Service NAME] for each. Then links them. False with `fault` filled.
bool load_services(const char* path, Services& services, ServiceFault& fault);

/// Where the text of services comes from.
struct ServiceSource {
    const char* file;  ///< for messages; must outlive the services
    const char* name;  ///< of a section without one of its own; null: each has to have one
};

/// Reads the text of one file.
bool parse_services(const char* text, size_t size, const ServiceSource& source, Services& services,
                    ServiceFault& fault);

/// Resolves Requires and After, and refuses what can never start: names that are no service and
/// cycles, which are spelled out.
bool link_services(Services& services, ServiceFault& fault);

}  // namespace boxctl::init
