// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/inherited.h"

#include <memory>

#include <sched.h>
#include <sys/personality.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::launch {
namespace {

// The set is as large as the highest processor needs: CPU_SETSIZE of the C library is 1024.
Result<void> run_on(const std::vector<uint32_t>& processors) {
    const size_t bits = processors.back() + 1;
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(
            CPU_ALLOC(bits), [](cpu_set_t* made) { CPU_FREE(made); });
    if (!set) return Error(ENOMEM, "set the processors");
    const size_t size = CPU_ALLOC_SIZE(bits);
    CPU_ZERO_S(size, set.get());
    for (const uint32_t processor : processors)
        CPU_SET_S(processor, size, set.get());
    if (sched_setaffinity(0, size, set.get()) < 0) {
        Error error = errno_error("run on the processors of --cpu-affinity");
        if (error.code() == EINVAL) error.set_hint("none of them is there, or allowed here");
        return error;
    }
    return {};
}

}  // namespace

Result<void> set_inherited(const plan::ProcessPlan& process) {
    if (process.oom_score_adjust) {
        BOX_TRY(os::write_file("/proc/self/oom_score_adj",
                               std::to_string(*process.oom_score_adjust))
                        .context("--oom-score-adjust"));
    }
    if (!process.processors.empty()) BOX_TRY(run_on(process.processors));
    if (process.personality && personality(*process.personality) < 0) {
        return errno_error("set the personality");
    }
    return {};
}

}  // namespace boxctl::launch
