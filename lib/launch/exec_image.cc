// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/exec_image.h"

#include <algorithm>

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/security/capability.h"

namespace boxctl::launch {
namespace {

constexpr const char* kExecute = "execute";

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
    std::vector<const char*> out;
    out.reserve(strings.size() + 1);
    for (const std::string& text : strings)
        out.push_back(text.c_str());
    out.push_back(nullptr);
    return out;
}

Result<void> choose_filters(ExecImage& image, const plan::SecurityPlan& security) {
    if (!security.has_own_filter()) {
        image.filters = security::default_filters(image.bounding);
        return {};
    }
    image.own_filters = BOX_TRY(security.own_filters(image.bounding));
    const auto view = [](const std::vector<sock_filter>& code) {
        return security::FilterView{code.data(), static_cast<uint16_t>(code.size()), "own"};
    };
    image.filters = {view(image.own_filters.main)};
    if (!image.own_filters.last.empty()) image.last_filter = view(image.own_filters.last);
    return {};
}

/// boxctl may itself run under filters and no_new_privs; the payload inherits both.
Result<void> expect_inherited(ExecImage& image) {
    const os::UniqueFd status = BOX_TRY(os::open_host("/proc/self/status", O_RDONLY));
    const int inherited = security::read_filter_count(status.get());
    const auto filters = static_cast<uint32_t>(image.filters.size());
    image.expected.seccomp_filters = filters + static_cast<uint32_t>(std::max(inherited, 0));
    image.expected.seccomp_mode = 2;
    const bool no_new_privileges =
            image.no_new_privileges || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    image.expected.no_new_privs = no_new_privileges ? 1 : 0;
    return {};
}

}  // namespace

Result<std::unique_ptr<ExecImage>> prepare_exec(const plan::ProcessPlan& process,
                                                const plan::SecurityPlan& security,
                                                bool user_namespace) {
    auto image = std::make_unique<ExecImage>();
    image->candidates = pointers(process.candidates);
    image->arguments = pointers(process.arguments);
    image->environment = pointers(process.environment);
    image->limits = security.limits;
    image->groups = process.user.groups;
    std::sort(image->groups.begin(), image->groups.end());
    image->uid = process.user.uid;
    image->gid = process.user.gid;
    image->no_new_privileges = security.no_new_privileges;
    image->bounding = security.capabilities;
    if (!user_namespace) image->bounding &= BOX_TRY(security::probe_bounding_set());
    image->ambient = security.ambient & image->bounding;
    // A user other than root starts with those only: execve(2) would take others away anyway.
    image->effective = image->uid == 0 ? image->bounding : image->ambient;
    BOX_TRY(choose_filters(*image, security));
    if (security.suppress_sync) image->filters.push_back(security::suppress_sync_filter());
    image->expected.inheritable = image->ambient;
    image->expected.ambient = image->ambient;
    image->expected.bounding = image->bounding;
    image->expected.effective = image->effective;
    image->expected.groups = image->groups.data();
    image->expected.group_count = image->groups.size();
    BOX_TRY(expect_inherited(*image));
    return image;
}

ExecFault confine(const ExecImage& image) noexcept {
    const auto call = [](const char* what, long result) {
        return result == 0 ? ExecFault{}
                           : ExecFault{what, result == -1 ? errno : static_cast<int>(-result)};
    };
    // Opened while it still can be: a user other than root may not be allowed to.
    const int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (status < 0) return {"open /proc/self/status", errno};
    ExecFault fault;
    const auto step = [&](const char* what, auto&& act) {
        if (fault.what == nullptr) fault = call(what, act());
    };
    step("set resource limits",
         [&] { return security::apply_limits(image.limits.data(), image.limits.size()); });
    step("start a session keyring", [] {
        const long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
        // A kernel built without keys, or a filter around us, leaves nothing to share.
        return key >= 0 || errno == ENOSYS || errno == EPERM ? 0L : -1L;
    });
    step("reset securebits", [] { return security::reset_securebits(); });
    step("drop capabilities", [&] { return security::drop_bounding(image.bounding); });
    if (image.no_new_privileges) {
        step("set no_new_privs", [] { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); });
    }
    for (const security::FilterView& filter : image.filters) {
        step("load a seccomp filter", [&] { return security::load_filter(filter); });
    }
    step("set groups", [&] { return setgroups(image.groups.size(), image.groups.data()); });
    step("set the group id", [&] { return setresgid(image.gid, image.gid, image.gid); });
    if (image.ambient != 0) {
        // Or the change of ids would take them; execve(2) clears it.
        step("keep capabilities", [] { return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0); });
    }
    step("set the user id", [&] { return setresuid(image.uid, image.uid, image.uid); });
    step("set capabilities",
         [&] { return security::set_capabilities(image.effective, image.ambient); });
    // The ids changed, which cleared it (prctl(2)).
    step("follow the supervisor", [] { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); });
    // With fs.suid_dumpable=1 the change of ids opened this process to tracers of its new user
    // (A4).
    step("stay closed to tracers", [] { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); });
    if (fault.what == nullptr) {
        const security::Mismatch mismatch = security::check_self(status, image.expected);
        if (mismatch != security::Mismatch::none) fault = {security::to_string(mismatch), 0};
    }
    close(status);  // check-style: the exec leg makes raw calls only
    return fault;
}

ExecFault execute(const ExecImage& image) noexcept {
    if (image.last_filter) {
        const int loaded = security::load_filter(*image.last_filter);
        if (loaded < 0) return {"load the last seccomp filter", -loaded};
    }
    ExecFault fault = {kExecute, ENOENT};
    for (const char* path : image.candidates) {
        if (path == nullptr) break;
        execve(path, const_cast<char* const*>(image.arguments.data()),
               const_cast<char* const*>(image.environment.data()));
        // Like a shell: keep the most telling reason, and go on only where there was nothing.
        if (errno != ENOENT && errno != ENOTDIR) fault.error = errno;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
    }
    return fault;
}

Error execute_error(const std::string& program, const ExecFault& fault) {
    std::string text = "execute " + quote(program);
    if (fault.what != std::string_view(kExecute)) text += std::string(": ") + fault.what;
    Error error(fault.error, text);
    error.set_exit_code(fault.error == ENOENT ? 127 : 126);
    if (fault.error == ENOEXEC) error.set_hint("the tree may be of another architecture");
    return error;
}

Error execute_error(const plan::Plan& plan, const ExecFault& fault) {
    const plan::ProcessPlan& process = plan.process;
    return execute_error(plan.mode == settings::Mode::boot ? process.candidates.front()
                                                           : process.arguments.front(),
                         fault);
}

}  // namespace boxctl::launch
