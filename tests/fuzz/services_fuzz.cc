// SPDX-License-Identifier: LGPL-2.1-or-later
// The input as one service file with a section for each service, as the file of a directory, as an
// HTTP answer and as a notice. Whatever the text: no crash, a fault where nothing was read, names
// that can be file names, and an order in which all services can start.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "lib/init/arena.h"
#include "lib/init/endpoint.h"
#include "lib/init/load.h"
#include "lib/init/probe.h"

namespace {

using namespace boxctl::init;

void require(bool holds) {
    if (!holds) abort();
}

void require_startable(const Services& services) {
    ServiceSet started = 0;
    for (uint32_t round = 0; round < services.count; ++round) {
        for (uint32_t i = 0; i < services.count; ++i) {
            if ((services.list[i].after & ~started) == 0) started |= bit_of(i);
        }
    }
    for (uint32_t i = 0; i < services.count; ++i) {
        const Service& service = services.list[i];
        require((started & bit_of(i)) != 0);
        require(service.start != nullptr && service.start[0] != nullptr);
        require(strchr(service.name, '/') == nullptr && service.name[0] != '.');
        require((service.required & ~service.after) == 0);
    }
}

void try_file(const char* text, size_t size, const char* name) {
    static Services services;
    services = Services();
    ServiceFault fault;
    reset_memory();
    const bool good = parse_services(text, size, {"f.ini", name}, services, fault) &&
                      link_services(services, fault);
    require(good != fault.found());
    require(services.count <= kMaxServices);
    if (good) require_startable(services);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const char* text = reinterpret_cast<const char*>(data);
    if (size > kMaxServiceFile) return 0;
    try_file(text, size, nullptr);
    try_file(text, size, "web");
    Notice notice;
    read_notice(text, size, notice);
    require(strlen(notice.status) < sizeof notice.status);
    (void)judge_http(text, size);
    return 0;
}
