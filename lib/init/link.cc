// SPDX-License-Identifier: LGPL-2.1-or-later
// What services say of each other: names into bits, and a proof that an order exists.
#include <string.h>

#include "lib/init/load.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

bool fail(ServiceFault& fault, const Service& service, const Line& text) {
    Line message;
    message.add(service.file).add(":").add(int64_t{service.line}).add(": ").add(text.text());
    const size_t length =
            message.size() < sizeof fault.text ? message.size() : sizeof fault.text - 1;
    memcpy(fault.text, message.text(), length);
    fault.text[length] = '\0';
    return false;
}

/// Turns a list of names into a set. "web.service" is "web", as in unit files.
bool resolve(const Services& services, const Service& service, const char* names, ServiceSet& set,
             ServiceFault& fault) {
    if (names == nullptr) return true;
    while (true) {
        names += strspn(names, " \t");
        size_t length = strcspn(names, " \t");
        if (length == 0) return true;
        char name[kMaxServiceName + 16] = {};
        if (length < sizeof name) memcpy(name, names, length);
        names += length;
        static constexpr char kSuffix[] = ".service";
        constexpr size_t kSuffixLength = sizeof kSuffix - 1;
        if (length > kSuffixLength && length < sizeof name &&
            equal(name + length - kSuffixLength, kSuffix)) {
            name[length - kSuffixLength] = '\0';
        }
        const uint32_t index = services.find(name);
        if (index == kMaxServices) {
            Line text;
            return fail(fault, service,
                        text.quoted(service.name)
                                .add(" needs ")
                                .quoted(name)
                                .add(", which is no service"));
        }
        set |= bit_of(index);
    }
}

/// Takes away, again and again, every service that waits for none of the rest; what stays, if
/// anything, is on a cycle or behind one.
ServiceSet services_never_free(const Services& services) {
    ServiceSet rest = services.count == kMaxServices ? ~ServiceSet{0} : bit_of(services.count) - 1;
    bool moved = true;
    while (moved) {
        moved = false;
        for (uint32_t i = 0; i < services.count; ++i) {
            if ((rest & bit_of(i)) == 0 || (services.list[i].after & rest) != 0) continue;
            rest &= ~bit_of(i);
            moved = true;
        }
    }
    return rest;
}

uint32_t first_of(ServiceSet set) {
    uint32_t index = 0;
    while ((set & bit_of(index)) == 0)
        ++index;
    return index;
}

/// Every service in `rest` waits for another one in it: following them must come back.
bool report_cycle(const Services& services, ServiceSet rest, ServiceFault& fault) {
    ServiceSet seen = 0;
    uint32_t at = first_of(rest);
    while ((seen & bit_of(at)) == 0) {
        seen |= bit_of(at);
        at = first_of(services.list[at].after & rest);
    }
    Line text;
    text.add("these services wait for each other: ").add(services.list[at].name);
    uint32_t next = at;
    do {
        next = first_of(services.list[next].after & rest);
        text.add(" after ").add(services.list[next].name);
    } while (next != at);
    return fail(fault, services.list[at], text);
}

}  // namespace

bool link_services(Services& services, ServiceFault& fault) {
    for (uint32_t i = 0; i < services.count; ++i) {
        Service& service = services.list[i];
        service.required = 0;
        service.after = 0;
        if (!resolve(services, service, service.requires_text, service.required, fault) ||
            !resolve(services, service, service.after_text, service.after, fault)) {
            return false;
        }
        service.after |= service.required;
    }
    const ServiceSet rest = services_never_free(services);
    return rest == 0 || report_cycle(services, rest, fault);
}

}  // namespace boxctl::init
