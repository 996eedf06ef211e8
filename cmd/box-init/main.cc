// SPDX-License-Identifier: LGPL-2.1-or-later
// box-init: PID 1 for one command or several services. See box-init(8).
#include <unistd.h>

#include "lib/init/about.h"
#include "lib/init/companion.h"
#include "lib/init/options.h"
#include "lib/init/run.h"
#include "lib/init/serve.h"
#include "lib/init/text.h"

namespace init = boxctl::init;

namespace {

constexpr int kOwnError = 125;

int tell(const char* text) {
    init::Line line;
    line.add(text).write_to(STDOUT_FILENO);
    return 0;
}

int complain(const init::Parsed& parsed) {
    init::Line line = init::message();
    line.add(parsed.problem);
    if (parsed.word != nullptr) line.add(": ").quoted(parsed.word);
    init::say(init::Level::error, line.add(" (see box-init --help)"));
    return kOwnError;
}

}  // namespace

int main(int, char** argv) {
    // How boxctl starts it beside the init of a box; nobody else has a use for it.
    if (argv[0] != nullptr && argv[1] != nullptr && init::equal(argv[1], "--companion")) {
        return init::run_companion();
    }
    init::Options options;
    const init::Parsed parsed = init::parse_options(argv, environ, options);
    init::set_verbosity(options.verbosity);
    switch (parsed.ask) {
        case init::Ask::help:
            init::print_help(STDOUT_FILENO);
            return 0;
        case init::Ask::version:
            return tell(init::kVersionText);
        case init::Ask::license:
            return tell(init::kLicenseText);
        case init::Ask::misuse:
            return complain(parsed);
        case init::Ask::serve:
            return init::serve(options);
        case init::Ask::control:
            return init::control(options.command);
        case init::Ask::run:
            break;
    }
    return init::run(options);
}
