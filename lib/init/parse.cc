// SPDX-License-Identifier: LGPL-2.1-or-later
// The text of one service file into services.
#include <string.h>

#include "lib/init/arena.h"
#include "lib/init/ini.h"
#include "lib/init/load.h"
#include "lib/init/service_keys.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

/// Letters, digits and "-_.@", not first a dot or dash: it becomes a directory and a socket's name.
bool is_name(const char* text) {
    const size_t length = strlen(text);
    if (length == 0 || length > kMaxServiceName || text[0] == '.' || text[0] == '-') return false;
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.@") ==
           length;
}

class FileParser {
 public:
    FileParser(const char* file, const char* name, Services& services, ServiceFault& fault)
            : file_(file), name_(name), services_(services), fault_(fault) {}

    bool parse(const char* text, size_t size) {
        IniReader reader(text, size);
        IniItem item = reader.next();
        for (; item.kind != IniKind::end; item = reader.next()) {
            if (!take(item)) return false;
        }
        if (service_ == nullptr) return fail(item.line, "has no [Service] section");
        return finish();
    }

 private:
    bool take(const IniItem& item) {
        if (item.kind == IniKind::fault) return fail(item.line, item.key);
        if (item.kind == IniKind::section) return open(item);
        if (service_ == nullptr) return fail(item.line, "comes before any section: ", item.key);
        bool known = false;
        const char* problem = take_key(*service_, item.key, item.value, known);
        if (!known) return fail(item.line, "is no key of a service: ", item.key);
        if (problem == nullptr) return true;
        Line text;
        text.add(item.key).add(" ").add(problem).add(": ");
        return fail(item.line, text.text(), item.value);
    }

    /// [Service], [Service NAME]; [Unit] and [Install] of a unit file hold keys of the same
    /// service.
    bool open(const IniItem& item) {
        const bool other = equal(item.key, "Unit");
        const char* rest = after_prefix(item.key, "Service");
        if (!other && (rest == nullptr || (*rest != '\0' && *rest != ' '))) {
            return fail(item.line, "is no section of a service file: ", item.key);
        }
        const char* name = other || *rest == '\0' ? name_ : rest + strspn(rest, " ");
        if (name == nullptr) return fail(item.line, "needs a name: [Service NAME]");
        if (!is_name(name)) return fail(item.line, "is no name for a service: ", name);
        const uint32_t known = services_.find(name);
        const bool same = name == name_ && known < kMaxServices;
        if (same && service_ == &services_.list[known]) return true;  // [Unit], then [Service]
        if (known < kMaxServices) return fail(item.line, "is there already: ", name);
        return finish() && add(name, item.line);
    }

    bool add(const char* name, uint32_t line) {
        if (services_.count == kMaxServices) return fail(line, "there are more than 64 services");
        Service& service = services_.list[services_.count];
        service = Service();
        service.name = keep_text(name, strlen(name));
        if (service.name == nullptr) return fail(line, "the service files are too large together");
        service.file = file_;
        service.line = line;
        service_ = &service;
        ++services_.count;
        return true;
    }

    /// What only shows when all keys of a service are known.
    bool finish() {
        if (service_ == nullptr) return true;
        Service& service = *service_;
        if (service.start == nullptr) return fail(service.line, "has no ExecStart: ", service.name);
        const bool probed = service.ready.kind != ProbeKind::none;
        if (probed && service.type != ServiceType::simple) {
            return fail(service.line, "Ready= is for Type=simple, not for ", service.name);
        }
        if (service.period != 0 && service.type != ServiceType::oneshot) {
            return fail(service.line, "OnUnitActiveSec= is for Type=oneshot, not for ",
                        service.name);
        }
        return service.type != ServiceType::oneshot || finish_oneshot(service);
    }

    bool finish_oneshot(Service& service) {
        if (service.restart == RestartPolicy::always) {
            return fail(service.line, "a oneshot cannot be Restart=always: ", service.name);
        }
        if (service.health.kind != ProbeKind::none) {
            return fail(service.line, "a oneshot has no health to check: ", service.name);
        }
        if (service.period != 0) {
            // There is a next time anyway, and half a job done twice may be worse than one missed.
            if (!service.restart_given) service.restart = RestartPolicy::no;
        } else if (!service.on_failure_given) {
            // Set-up that failed must not look like a box that works.
            service.on_failure = EndPolicy::stop_box;
        }
        return true;
    }

    bool fail(uint32_t line, const char* text, const char* object = nullptr) {
        Line message;
        message.add(file_).add(":").add(int64_t{line}).add(": ").add(text);
        if (object != nullptr) message.quoted(object);
        memcpy(fault_.text, message.text(), message.size());
        fault_.text[message.size() < sizeof fault_.text ? message.size() : sizeof fault_.text - 1] =
                '\0';
        return false;
    }

    const char* file_;
    const char* name_;
    Services& services_;
    ServiceFault& fault_;
    Service* service_ = nullptr;
};

}  // namespace

uint32_t Services::find(const char* name) const {
    for (uint32_t i = 0; i < count; ++i) {
        if (equal(list[i].name, name)) return i;
    }
    return kMaxServices;
}

bool parse_services(const char* text, size_t size, const ServiceSource& source, Services& services,
                    ServiceFault& fault) {
    return FileParser(source.file, source.name, services, fault).parse(text, size);
}

}  // namespace boxctl::init
