// SPDX-License-Identifier: LGPL-2.1-or-later
// bind and unbind: a directory or file of the host in a box that runs already.
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/settings/values.h"
#include "lib/shell/bind.h"

namespace boxctl::cmd {
namespace {

Result<void> bind(const Invocation& invocation) {
    const std::string& source = invocation.words[1];
    // One word for both, as for --bind.
    const bool named = invocation.words.size() > 2;
    const settings::Caller caller = settings::Caller::current();
    const settings::BindMount wanted = BOX_TRY(settings::make_bind(
            source, named ? invocation.words[2] : source, caller, invocation.has("ro")));
    shell::BindRequest request;
    request.box = BOX_TRY(find_running(invocation.words[0]));
    request.source = wanted.source;
    request.target = wanted.destination;
    request.read_only = wanted.read_only;
    request.map_owners = !invocation.has("noidmap");
    request.make_target = invocation.has("mkdir");
    return shell::bind(request);
}

Result<void> unbind(const Invocation& invocation) {
    const std::string target = BOX_TRY(settings::to_bind_target(invocation.words[1]));
    return shell::unbind(BOX_TRY(find_running(invocation.words[0])), target);
}

}  // namespace

int verb_bind(const Invocation& invocation) {
    const auto done = bind(invocation);
    return done ? 0 : fail(done.error());
}

int verb_unbind(const Invocation& invocation) {
    const auto done = unbind(invocation);
    return done ? 0 : fail(done.error());
}

}  // namespace boxctl::cmd
