// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests of box-init ctl: one line in, text out, end of file.
//
//     status [--json] [SERVICE]      start SERVICE      stop SERVICE      restart SERVICE
//     logs SERVICE
//
// The first byte of an answer is "+" for done or "-" for an error, then comes the text.
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/init/file.h"
#include "lib/init/page.h"
#include "lib/init/supervisor.h"
#include "lib/init/text.h"
#include "lib/init/watch.h"

namespace boxctl::init {

namespace {

/// The longest answer: 64 services in JSON, each with a status of its own.
constexpr size_t kAnswer = 65536;
char answer_text[kAnswer];
/// Milliseconds.
constexpr int64_t kLookAway = 500;

struct Request {
    char text[kMaxControlRequest + 1] = {};
    const char* verb = "";
    const char* name = nullptr;
    bool json = false;
};

/// Splits a request of at most three words; false for what is none.
bool split(Request& request) {
    char* rest = request.text;
    for (int count = 0; count < 4; ++count) {
        rest += strspn(rest, " ");
        if (*rest == '\0') return count > 0;
        char* word = rest;
        rest += strcspn(rest, " ");
        if (*rest != '\0') *rest++ = '\0';
        if (count == 0) {
            request.verb = word;
        } else if (equal(word, "--json")) {
            request.json = true;
        } else if (request.name == nullptr) {
            request.name = word;
        } else {
            return false;
        }
    }
    return false;
}

const char* type_name(ServiceType type) {
    switch (type) {
        case ServiceType::simple:
            return "simple";
        case ServiceType::notify:
            return "notify";
        case ServiceType::oneshot:
            return "oneshot";
        case ServiceType::forking:
            return "forking";
    }
    return "";
}

}  // namespace

void Supervisor::drop(Client& client) {
    (void)close(client.socket);
    client = Client();
}

void Supervisor::answer(Client& client, const char* text, size_t size) {
    // It fits into the socket at once, or the client is gone: nobody waits for it.
    (void)send(client.socket, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    drop(client);
}

void Supervisor::refuse(Client& client, const char* problem, const char* object) {
    Line line;
    line.add("-").add(problem);
    if (object != nullptr) line.quoted(object);
    answer(client, line.text(), line.size());
}

/// A connection that cannot be taken, for want of a descriptor or of memory, stays where it is and
/// would wake us at once again: we look away for a while.
void Supervisor::take_client() {
    const int socket = accept_client(listener_);
    if (socket < 0) {
        if (!is_shortage(errno)) return;
        struct epoll_event nothing = {};
        nothing.data.u64 = watch_tag(watch_listener, 0);
        (void)epoll_ctl(poll_, EPOLL_CTL_MOD, listener_, &nothing);
        listener_again_ = monotonic_now() + kLookAway;
        return;
    }
    for (uint32_t slot = 0; slot < kMaxControlClients; ++slot) {
        if (clients_[slot].socket >= 0) continue;
        clients_[slot].socket = socket;
        if (!watch(socket, watch_client, slot, EPOLLIN)) drop(clients_[slot]);
        return;
    }
    static constexpr char kBusy[] = "-too many requests at a time";
    (void)send(socket, kBusy, sizeof kBusy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(socket);
}

void Supervisor::watch_listener_again() {
    struct epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = watch_tag(watch_listener, 0);
    (void)epoll_ctl(poll_, EPOLL_CTL_MOD, listener_, &event);
}

void Supervisor::take_request(uint32_t slot) {
    Client& client = clients_[slot];
    if (client.socket < 0) return;
    Request request;
    const ssize_t got = recv(client.socket, request.text, kMaxControlRequest, MSG_DONTWAIT);
    if (got <= 0 || client.awaits != kMaxServices) return drop(client);
    const size_t length = strcspn(request.text, "\n");
    if (request.text[length] != '\n') return refuse(client, "request is not one line", nullptr);
    request.text[length] = '\0';
    if (!split(request)) return refuse(client, "no such request", nullptr);
    uint32_t index = kMaxServices;
    if (request.name != nullptr) {
        index = services_.find(request.name);
        if (index == kMaxServices) return refuse(client, "no such service: ", request.name);
    }
    if (equal(request.verb, "status")) return send_status(client, index, request.json);
    if (index == kMaxServices) return refuse(client, "needs the name of a service", nullptr);
    if (equal(request.verb, "logs")) return send_log(client, index);
    order(client, request.verb, index);
}

void Supervisor::order(Client& client, const char* verb, uint32_t index) {
    const bool start = equal(verb, "start");
    const bool restart = equal(verb, "restart");
    if (!start && !restart && !equal(verb, "stop"))
        return refuse(client, "no such request: ", verb);
    if (crew_.stopping()) return refuse(client, "the box is stopping", nullptr);
    const bool up = crew_.state(index) == ServiceState::up;
    if (restart) {
        crew_.renew(index);
    } else if (!start) {
        crew_.stop(bit_of(index));
    } else if (!up) {
        crew_.start(bit_of(index));
    }
    workers_[index].failures = 0;
    client.awaits = index;
    client.awaits_start = start || restart;
}

/// Whether a start that was asked for has come to nothing, at least for now.
bool Supervisor::has_failed(uint32_t index) const {
    const ServiceState state = crew_.state(index);
    return state == ServiceState::failed || state == ServiceState::off ||
           (state == ServiceState::delayed && workers_[index].failures > 0);
}

/// Tells clients whose wish has come true or cannot come true any more. Called when nothing
/// follows from the states: a service that is off or failed now stays so.
void Supervisor::answer_waiting() {
    for (Client& client : clients_) {
        if (client.socket < 0 || client.awaits == kMaxServices) continue;
        const ServiceState state = crew_.state(client.awaits);
        const bool is_there = state == ServiceState::up || state == ServiceState::finished;
        if (client.awaits_start ? is_there : state == ServiceState::off) {
            answer(client, "+", 1);
        } else if (client.awaits_start && has_failed(client.awaits)) {
            Line problem;
            problem.add("-it is ").add(to_string(state)).add(", status ");
            problem.add(int64_t{workers_[client.awaits].status});
            answer(client, problem.text(), problem.size());
        }
    }
}

void Supervisor::send_log(Client& client, uint32_t index) {
    static char text[kLogKept];
    Page page(answer_text, kAnswer);
    page.add("+").add(text, copy_log(index, text));
    answer(client, page.text(), page.size());
}

void Supervisor::send_status(Client& client, uint32_t index, bool json) {
    Page page(answer_text, kAnswer);
    page.add("+");
    if (json) {
        page.add("[");
    } else {
        page.add("SERVICE").column(20).add("STATE").column(30).add("PID").column(38).add("FOR");
        page.column(46).add("STARTS").column(53).add("MEMORY").column(62).add("CPU").column(70);
        page.add("STATUS\n");
    }
    bool first = true;
    for (uint32_t i = 0; i < services_.count; ++i) {
        if (index != kMaxServices && index != i) continue;
        if (json && !first) page.add(",");
        first = false;
        json ? add_json_status(page, i) : add_status(page, i);
    }
    if (json) page.add("]\n");
    if (page.is_cut()) return refuse(client, "the answer is too long", nullptr);
    answer(client, page.text(), page.size());
}

/// Milliseconds until it starts by itself: after a failure, or at the next time of a periodic one.
int64_t Supervisor::next_start(uint32_t index) const {
    const ServiceState state = crew_.state(index);
    const int64_t deadline = workers_[index].deadline;
    const bool waits = state == ServiceState::delayed || is_settled(state);
    if (!waits || deadline == kNoTime) return kNoTime;
    const int64_t left = deadline - monotonic_now();
    return left > 0 ? left : 0;
}

void Supervisor::add_status(Page& page, uint32_t index) const {
    const Worker& worker = workers_[index];
    const Usage usage = read_usage(worker.leaf);
    page.add(services_.list[index].name).column(20).add(to_string(crew_.state(index))).column(30);
    worker.main > 0 ? page.add(int64_t{worker.main}) : page.add("-");
    page.column(38).add((monotonic_now() - worker.since) / 1000).add("s").column(46);
    page.add(int64_t{worker.starts}).column(53);
    usage.memory >= 0 ? page.add(usage.memory / 1024).add("K") : page.add("-");
    page.column(62);
    usage.known ? page.add(usage.cpu_usec / 1000).add("ms") : page.add("-");
    page.column(70);
    if (worker.told[0] != '\0') {
        Line safe;
        safe.quoted(worker.told);
        page.add(safe.text(), safe.size());
    } else {
        page.add("exit ").add(int64_t{worker.status});
        const int64_t left = next_start(index);
        if (left != kNoTime) page.add(", starts in ").add((left + 999) / 1000).add("s");
    }
    page.add("\n");
}

void Supervisor::add_json_status(Page& page, uint32_t index) const {
    const Worker& worker = workers_[index];
    const Service& service = services_.list[index];
    const Usage usage = read_usage(worker.leaf);
    const auto number = [&](const char* key, int64_t value) {
        page.add(",\"").add(key).add("\":").add(value);
    };
    page.add("{\"name\":").json(service.name).add(",\"type\":").json(type_name(service.type));
    page.add(",\"state\":").json(to_string(crew_.state(index)));
    if (service.description != nullptr) page.add(",\"description\":").json(service.description);
    if (worker.told[0] != '\0') page.add(",\"text\":").json(worker.told);
    number("pid", worker.main);
    number("status", worker.status);
    number("starts", worker.starts);
    number("failures", worker.failures);
    number("milliseconds", monotonic_now() - worker.since);
    if (next_start(index) != kNoTime) number("next_milliseconds", next_start(index));
    if (usage.known) number("cpu_usec", usage.cpu_usec);
    if (usage.memory >= 0) number("memory", usage.memory);
    if (usage.processes >= 0 && usage.known) number("processes", usage.processes);
    page.add("}");
}

}  // namespace boxctl::init
