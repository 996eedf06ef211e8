// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/connection.h"

#include <poll.h>
#include <sys/epoll.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/bus/libsystemd.h"

namespace boxctl::bus {
namespace {

constexpr uint64_t kConnectTimeout = 5 * event::kSecond;
constexpr uint64_t kCallTimeout = 25 * event::kSecond;
constexpr const char* kNoAnswer = "no answer";
constexpr int kBatch = 64;  ///< messages served before the loop looks at its other sources

// epoll(7) defines its bits as those of poll(2), in which sd-bus tells what it waits for.
static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT);

/// Errors of the services we call that sd-bus has no errno for.
constexpr struct {
    const char* name;
    int code;
} kErrorCodes[] = {
        {"org.freedesktop.systemd1.UnitExists", EEXIST},
        {"org.freedesktop.systemd1.NoSuchUnit", ENOENT},
        {"org.freedesktop.systemd1.UnitMasked", EPERM},
        {"org.freedesktop.machine1.MachineExists", EEXIST},
        {"org.freedesktop.machine1.NoSuchMachine", ENOENT},
};

std::string describe(const Address& address, const char* method) {
    return std::string("call ") + method + " of " + address.service;
}

/// A sentence of a service as part of ours.
std::string words_of(const sd_bus_error& error) {
    std::string words = printable(error.message != nullptr ? error.message : error.name);
    while (!words.empty() && words.back() == '.')
        words.pop_back();
    return words;
}

Error answer_error(const Libsystemd& library, const sd_bus_error* answer) {
    const int code = library.bus_error_get_errno(answer);
    const std::string_view name = answer->name != nullptr ? answer->name : "";
    for (const auto& known : kErrorCodes) {
        if (name == known.name) return {known.code, words_of(*answer)};
    }
    // Made by sd-bus itself, in the words of errno.
    if (name.empty() || name.starts_with("System.Error.")) return {code, kNoAnswer};
    return {code, words_of(*answer)};
}

}  // namespace

struct Slot::Callback {
    const Libsystemd* library = nullptr;
    sd_bus_slot* slot = nullptr;
    Connection::Signal signal;
    std::function<void(sd_bus_message*)> answer;

    /// sd_bus_message_handler_t. 0 lets other matches see the message as well.
    static int called(sd_bus_message* message, void* self, sd_bus_error* /*unused*/) {
        auto* callback = static_cast<Callback*>(self);
        if (callback->signal) {
            Message signal(*callback->library, callback->library->bus_message_ref(message));
            callback->signal(signal);
        } else {
            // Moved out: the callback may drop the slot it lives in.
            const auto answer = std::move(callback->answer);
            answer(message);
        }
        return 0;
    }
    /// Of AddMatch; given, because sd-bus would close the connection when none is.
    static int added(sd_bus_message* /*unused*/, void* /*unused*/, sd_bus_error* /*unused*/) {
        return 0;
    }
};

Slot::Slot() = default;
Slot::Slot(Slot&& other) noexcept = default;
Slot::~Slot() {
    reset();
}

Slot& Slot::operator=(Slot&& other) noexcept {
    if (this != &other) {
        reset();
        callback_ = std::move(other.callback_);
    }
    return *this;
}

void Slot::reset() {
    if (callback_ != nullptr) callback_->library->bus_slot_unref(callback_->slot);
    callback_.reset();
}

Result<std::unique_ptr<Connection>> Connection::open(Peer peer, const std::string& socket) {
    auto connection = BOX_TRY(begin(peer, socket));
    BOX_TRY(connection->await_name().context("connect to " + quote(socket)));
    return connection;
}

Result<std::unique_ptr<Connection>> Connection::begin(Peer peer, const std::string& socket) {
    const Libsystemd* library = BOX_TRY(load_libsystemd());
    sd_bus* bus = nullptr;
    const int made = library->bus_new(&bus);
    if (made < 0) return Error(-made, "make a bus connection");
    std::unique_ptr<Connection> connection(new Connection(*library, bus, peer));
    BOX_TRY(connection->start(socket).context("connect to " + quote(socket)));
    return connection;
}

Result<void> Connection::start(const std::string& socket) {
    // The address is ours and plain: no byte of it needs escaping.
    const std::string address = "unix:path=" + socket;
    int done = library_->bus_set_address(bus_, address.c_str());
    if (done >= 0) done = library_->bus_set_bus_client(bus_, peer_ == Peer::bus ? 1 : 0);
    // Whoever listens there was put there by root.
    if (done >= 0) done = library_->bus_set_trusted(bus_, 1);
    if (done >= 0) done = library_->bus_set_method_call_timeout(bus_, kCallTimeout);
    if (done >= 0) done = library_->bus_start(bus_);
    if (done < 0) return Error(-done, "start");
    return {};
}

Result<void> Connection::await_name() {
    BOX_TRY(serve_until([this] { return library_->bus_is_ready(bus_) > 0; },
                        event::now_us() + kConnectTimeout));
    const char* name = nullptr;
    if (peer_ == Peer::bus && library_->bus_get_unique_name(bus_, &name) >= 0) name_ = name;
    return {};
}

Connection::~Connection() {
    hook_.reset();
    timer_.reset();
    io_.reset();
    // Before the bus has greeted us a flush would wait for that, for up to ninety seconds.
    if (library_->bus_is_ready(bus_) > 0) {
        library_->bus_flush_close_unref(bus_);
    } else {
        library_->bus_close_unref(bus_);
    }
}

Result<Message> Connection::make_call(const Address& address, const char* method) {
    sd_bus_message* message = nullptr;
    const int made = library_->bus_message_new_method_call(
            bus_, &message, peer_ == Peer::bus ? address.service : nullptr, address.path.c_str(),
            address.interface, method);
    if (made < 0) return Error(-made, describe(address, method));
    return Message(*library_, message);
}

Result<Message> Connection::call(Message& request) {
    if (request.fault() != 0) return Error(request.fault(), "write a message");
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message* answer = nullptr;
    const int called = library_->bus_call(bus_, request.raw(), kCallTimeout, &error, &answer);
    if (called >= 0) return Message(*library_, answer);
    Error failure =
            error.name != nullptr ? answer_error(*library_, &error) : Error(-called, kNoAnswer);
    library_->bus_error_free(&error);
    return failure;
}

Result<Slot> Connection::call_async(Message& request, Answer answer) {
    if (request.fault() != 0) return Error(request.fault(), "write a message");
    Slot slot;
    slot.callback_ = std::make_unique<Slot::Callback>();
    slot.callback_->library = library_;
    slot.callback_->answer = [this, answer = std::move(answer)](sd_bus_message* message) {
        if (library_->bus_message_is_method_error(message, nullptr) > 0) {
            return answer(answer_error(*library_, library_->bus_message_get_error(message)));
        }
        answer(Message(*library_, library_->bus_message_ref(message)));
    };
    const int sent =
            library_->bus_call_async(bus_, &slot.callback_->slot, request.raw(),
                                     &Slot::Callback::called, slot.callback_.get(), kCallTimeout);
    if (sent < 0) return Error(-sent, "send a message");
    return slot;
}

Result<void> Connection::send(Message& request) {
    if (request.fault() != 0) return Error(request.fault(), "write a message");
    const int sent = library_->bus_send(bus_, request.raw(), nullptr);
    if (sent < 0) return Error(-sent, "send a message");
    return {};
}

Result<Slot> Connection::match(const Address& sender, const char* member, Signal signal) {
    Slot slot;
    slot.callback_ = std::make_unique<Slot::Callback>();
    slot.callback_->library = library_;
    slot.callback_->signal = std::move(signal);
    const int added = library_->bus_match_signal_async(
            bus_, &slot.callback_->slot, peer_ == Peer::bus ? sender.service : nullptr,
            sender.path.c_str(), sender.interface, member, &Slot::Callback::called,
            &Slot::Callback::added, slot.callback_.get());
    if (added < 0) return Error(-added, std::string("wait for signal ") + member);
    return slot;
}

Result<Slot> Connection::match_first(const Address& sender, const char* member,
                                     const std::string& first, Signal signal) {
    Slot slot;
    slot.callback_ = std::make_unique<Slot::Callback>();
    slot.callback_->library = library_;
    slot.callback_->signal = std::move(signal);
    const std::string rule =
            format("type='signal',sender='%s',path='%s',interface='%s',member='%s',arg0='%s'",
                   sender.service, sender.path.c_str(), sender.interface, member, first.c_str());
    const int added = library_->bus_add_match_async(bus_, &slot.callback_->slot, rule.c_str(),
                                                    &Slot::Callback::called, &Slot::Callback::added,
                                                    slot.callback_.get());
    if (added < 0) return Error(-added, std::string("wait for signal ") + member);
    return slot;
}

/// True when there was something to do.
Result<bool> Connection::process_one() {
    const int done = library_->bus_process(bus_, nullptr);
    if (done < 0) return Error(-done, "read from the bus");
    return done > 0;
}

Result<void> Connection::serve_until(const std::function<bool()>& done, uint64_t deadline) {
    while (!done()) {
        if (BOX_TRY(process_one())) continue;
        const uint64_t now = event::now_us();
        if (now >= deadline) return Error(ETIME, "wait for an answer");
        const int waited = library_->bus_wait(bus_, deadline - now);
        if (waited < 0 && waited != -EINTR) return Error(-waited, "wait for an answer");
    }
    return {};
}

Result<void> Connection::attach(event::Loop& loop, Lost lost) {
    const int fd = library_->bus_get_fd(bus_);
    if (fd < 0) return Error(-fd, "watch a bus connection");
    io_ = BOX_TRY(loop.add_io(os::BorrowedFd(fd), EPOLLIN, [this](uint32_t) { process(); }));
    timer_ = loop.add_timer(event::kNever, [this] { process(); });
    hook_ = loop.add_hook([this] { prepare(); });
    lost_ = std::move(lost);
    return {};
}

void Connection::process() {
    for (int i = 0; i < kBatch; i++) {
        const auto more = process_one();
        if (!more) return lose();
        if (!*more) return;
    }
}

/// What the library waits for changes with every call into it.
void Connection::prepare() {
    const int events = library_->bus_get_events(bus_);
    uint64_t deadline = event::kNever;
    if (events < 0 || library_->bus_get_timeout(bus_, &deadline) < 0) return lose();
    timer_.set_deadline(deadline);
    const auto set = io_.set_events(static_cast<uint32_t>(events));
    if (!set) log::debug(set.error().message());
}

void Connection::lose() {
    hook_.reset();
    timer_.reset();
    io_.reset();
    const Lost lost = std::exchange(lost_, nullptr);
    if (lost) lost();  // may destroy this
}

}  // namespace boxctl::bus
