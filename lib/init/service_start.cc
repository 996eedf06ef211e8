// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/service_start.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/init/arena.h"
#include "lib/init/exec.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

/// Environment variables being put together: a later one of the same name takes the place.
class Variables {
 public:
    Variables(char** list, size_t room) : list_(list), room_(room) {}

    bool put(const char* text) {
        const size_t name = strcspn(text, "=") + 1;
        for (size_t i = 0; i < count_; ++i) {
            if (strncmp(list_[i], text, name) != 0) continue;
            list_[i] = const_cast<char*>(text);
            return true;
        }
        if (count_ == room_) return false;
        list_[count_++] = const_cast<char*>(text);
        return true;
    }

    bool put(const char* name, const char* value) {
        Line line;
        line.add(name).add("=").add(value);
        const char* kept = keep_text(line.text(), line.size());
        return kept != nullptr && put(kept);
    }

 private:
    char** list_;
    size_t room_;
    size_t count_ = 0;
};

bool is_for_box_init(const char* variable) {
    static constexpr const char* kNames[] = {
            "NOTIFY_SOCKET=", "MAINPID=", "LISTEN_FDS=", "LISTEN_PID="};
    for (const char* name : kNames) {
        if (after_prefix(variable, name) != nullptr) return true;
    }
    return false;
}

/// In the child: same memory as box-init, which sleeps in vfork(2); every signal still blocked.
/// Only system calls.
const char* prepare_child(const Launch& request) {
    const Service& service = *request.service;
    (void)setsid();  // cannot fail: a fresh process leads no group
    if (request.leaf.is_there() && (errno = join_leaf(request.leaf)) != 0) return "join its cgroup";
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    // Without /dev/null the service gets no input at all, which is the same to it.
    if (null >= 0 ? dup2(null, STDIN_FILENO) < 0 : (close(STDIN_FILENO), false)) return "set input";
    if (dup2(request.log, STDOUT_FILENO) < 0 || dup2(request.log, STDERR_FILENO) < 0) {
        return "set output";
    }
    if (request.ready_pipe >= 0 && dup2(request.ready_pipe, request.ready_number) < 0) {
        return "set its Ready= descriptor";
    }
    if (service.limits.open_files != 0) {
        const struct rlimit limit = {service.limits.open_files, service.limits.open_files};
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return "set LimitNOFILE";
    }
    const Identity& user = service.user;
    if (user.set) {
        if (setgroups(user.group_count, user.groups) < 0) return "set its groups";
        if (setresgid(user.gid, user.gid, user.gid) < 0) return "set its group";
        if (setresuid(user.uid, user.uid, user.uid) < 0) return "set its user";
    }
    if (service.directory != nullptr && chdir(service.directory) < 0) {
        return "enter its WorkingDirectory";
    }
    return nullptr;
}

[[noreturn]] void become_service(const Launch& request, volatile Launched& failure) {
    const char* what = prepare_child(request);
    int error = errno;
    if (what == nullptr) {
        give_signals(*request.signals);
        environ = request.environment;
        error = execute(request.command);
        what = "execute";
    }
    failure.error = error;
    failure.what = what;
    _exit(127);
}

}  // namespace

void Environment::set_main(pid_t pid) const {
    Line digits;
    digits.add(int64_t{pid});
    memset(main_pid, 0, kPidDigits + 1);
    memcpy(main_pid, digits.text(), digits.size() < kPidDigits ? digits.size() : kPidDigits);
}

bool build_environment(const Service& service, char* const* own, const char* notify,
                       Environment& environment) {
    static constexpr char kMainPid[] = "MAINPID=";
    constexpr size_t kOwn = 6;  // those that are put below, and both ends
    size_t count = kOwn + service.environment_count;
    for (char* const* variable = own; *variable != nullptr; ++variable)
        ++count;
    auto** list = static_cast<char**>(take_memory((count + 1) * sizeof(char*)));
    char* main = static_cast<char*>(take_memory(sizeof kMainPid + Environment::kPidDigits + 1));
    if (list == nullptr || main == nullptr) return false;
    memcpy(main, kMainPid, sizeof kMainPid);
    list[0] = main;
    environment.for_stop = list;
    environment.main_pid = main + sizeof kMainPid - 1;
    Variables variables(list + 1, count - 1);
    bool fits = true;
    for (char* const* variable = own; *variable != nullptr; ++variable) {
        if (!is_for_box_init(*variable)) fits = fits && variables.put(*variable);
    }
    if (notify != nullptr) fits = fits && variables.put("NOTIFY_SOCKET", notify);
    if (service.user.set) {
        fits = fits && variables.put("HOME", service.user.home) &&
               variables.put("USER", service.user.name) &&
               variables.put("LOGNAME", service.user.name);
    }
    for (uint32_t i = 0; i < service.environment_count; ++i)
        fits = fits && variables.put(service.environment[i]);
    return fits;
}

Launched launch(const Launch& request) {
    volatile Launched failure = {};
    char** const own = environ;
    const pid_t pid = vfork();
    if (pid == 0) become_service(request, failure);
    const int error = errno;
    environ = own;  // the child shared it
    if (pid < 0) return {0, "make a process", error};
    return {pid, failure.what, failure.error};
}

}  // namespace boxctl::init
