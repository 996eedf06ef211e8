// SPDX-License-Identifier: LGPL-2.1-or-later
// restrict_devices() against kernels that refuse: bpf(2) is played by this test, so it needs
// neither privilege nor a kernel with device programs.
#include <cerrno>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cgroup/devices.h"

extern "C" {  // cmocka 1.1.5 does not say so itself
#include <cmocka.h>
}

using namespace boxctl;

namespace {

struct Kernel {
    std::vector<bpf_cmd> calls;
    int failing = -1;  ///< which call fails
    int code = 0;
    bool names = true;    ///< offers bpf_get_current_comm
    int interrupted = 0;  ///< so many loads, by signals
    int attached = 0;
    uint32_t length = 0;  ///< of the program that was loaded last
};
Kernel kernel;

long refuse(int code) {
    errno = code;
    return -1;
}

bool calls_for_name(const bpf_attr& request) {
    const auto* code = reinterpret_cast<const bpf_insn*>(request.insns);
    for (uint32_t i = 0; i < request.insn_cnt; i++) {
        if (code[i].code == (BPF_JMP | BPF_CALL) && code[i].imm == BPF_FUNC_get_current_comm) {
            return true;
        }
    }
    return false;
}

long play(bpf_cmd command, bpf_attr& request) {
    kernel.calls.push_back(command);
    if (static_cast<int>(kernel.calls.size()) - 1 == kernel.failing) return refuse(kernel.code);
    switch (static_cast<int>(command)) {
        case BPF_PROG_QUERY:
            request.query.prog_cnt = 0;
            return 0;
        case BPF_MAP_CREATE:
            return open("/dev/null", O_RDWR | O_CLOEXEC);
        case BPF_MAP_LOOKUP_ELEM:
            return refuse(ENOENT);
        case BPF_MAP_UPDATE_ELEM:
            return 0;
        case BPF_PROG_LOAD:
            if (kernel.interrupted-- > 0) return refuse(EAGAIN);
            if (calls_for_name(request) && !kernel.names) return refuse(EINVAL);
            kernel.length = request.insn_cnt;
            return open("/dev/null", O_RDWR | O_CLOEXEC);
        case BPF_PROG_ATTACH:
            kernel.attached++;
            return 0;
        default:
            return refuse(ENOSYS);
    }
}

cgroup::DevicePlan plan() {
    cgroup::DevicePlan wanted;
    wanted.restricted = true;
    wanted.rules = {{{false, 1, 3}, "rwm"}, {{true, 8, 0}, "r"}};
    return wanted;
}

Result<void> restrict() {
    return cgroup::restrict_devices(cgroup::Cgroup(), plan());
}

int count_of(bpf_cmd command) {
    int count = 0;
    for (const bpf_cmd call : kernel.calls)
        count += call == command ? 1 : 0;
    return count;
}

}  // namespace

extern "C" {
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
    assert_int_equal(number, SYS_bpf);
    va_list arguments;
    va_start(arguments, number);
    const auto command = static_cast<bpf_cmd>(va_arg(arguments, int));
    bpf_attr* request = va_arg(arguments, bpf_attr*);
    va_end(arguments);
    return play(command, *request);
}
}

static void the_program_is_loaded_and_attached_once(void**) {
    kernel = {};
    assert_true(restrict().has_value());
    assert_int_equal(kernel.attached, 1);
    assert_int_equal(count_of(BPF_PROG_LOAD), 1);
    assert_int_equal(count_of(BPF_MAP_CREATE), 2);
    assert_int_equal(count_of(BPF_MAP_UPDATE_ELEM), 2);
    assert_int_equal(kernel.calls.back(), BPF_PROG_ATTACH);
}

static void a_kernel_that_tells_no_name_gets_one_without(void**) {
    kernel = {};
    assert_true(restrict().has_value());
    const uint32_t whole = kernel.length;
    kernel = {};
    kernel.names = false;
    assert_true(restrict().has_value());
    assert_int_equal(count_of(BPF_PROG_LOAD), 2);
    assert_true(kernel.length < whole);
    assert_int_equal(kernel.attached, 1);
}

static void a_load_that_a_signal_interrupts_is_repeated(void**) {
    kernel = {};
    kernel.interrupted = 3;
    assert_true(restrict().has_value());
    assert_int_equal(count_of(BPF_PROG_LOAD), 4);
    assert_int_equal(kernel.attached, 1);
    kernel = {};
    kernel.interrupted = INT32_MAX;
    const auto done = restrict();
    assert_false(done.has_value());
    assert_int_equal(done.error().code(), EAGAIN);
    assert_int_equal(kernel.attached, 0);
}

static void every_refused_call_is_an_error(void**) {
    kernel = {};
    assert_true(restrict().has_value());
    const int whole = static_cast<int>(kernel.calls.size());
    for (const int code : {EPERM, ENOMEM, E2BIG}) {
        for (int call = 0; call < whole; call++) {
            kernel = {};
            kernel.failing = call;
            kernel.code = code;
            const auto done = restrict();
            assert_false(done.has_value());
            assert_int_equal(done.error().code(), code);
            assert_int_equal(kernel.attached, 0);
            assert_int_equal(kernel.calls.size(), call + 1);  // no second attempt
        }
    }
}

static void nothing_is_called_for_a_box_that_needs_none(void**) {
    kernel = {};
    assert_true(cgroup::restrict_devices(cgroup::Cgroup(), {}).has_value());
    assert_int_equal(kernel.calls.size(), 0);
}

int main() {
    const CMUnitTest tests[] = {
            cmocka_unit_test(the_program_is_loaded_and_attached_once),
            cmocka_unit_test(a_kernel_that_tells_no_name_gets_one_without),
            cmocka_unit_test(a_load_that_a_signal_interrupts_is_repeated),
            cmocka_unit_test(every_refused_call_is_an_error),
            cmocka_unit_test(nothing_is_called_for_a_box_that_needs_none),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
