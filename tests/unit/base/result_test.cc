// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/base/result.h"

#include <cerrno>
#include <memory>
#include <string>

#include <boost/test/unit_test.hpp>

#include "lib/base/scope_guard.h"

using namespace boxctl;

namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return Error("odd");
    return number / 2;
}

Result<void> check(int number) {
    if (number < 0) return Error(ERANGE, "check");
    return {};
}

Result<int> sum(int a, int b) {
    return a + b;
}

int evaluations = 0;
Result<std::unique_ptr<int>> make(int number) {
    evaluations++;
    if (number == 0) return Error("nothing");
    return std::make_unique<int>(number);
}

Result<int> quarter(int number) {
    return BOX_TRY(half(BOX_TRY(half(number))));
}

Result<int> two_in_one_line(int a, int b) {
    BOX_TRY(check(a));
    BOX_TRY(check(b));  // clang-format off: two on one line have to compile
    return BOX_TRY(sum(BOX_TRY(half(a)), BOX_TRY(half(b))));
}
// clang-format on

Result<int> unwrap(int number) {
    const std::unique_ptr<int> made = BOX_TRY(make(number));
    return *made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(try_gives_the_value_or_leaves) {
    BOOST_CHECK_EQUAL(*quarter(8), 2);
    BOOST_CHECK_EQUAL(quarter(6).error().message(), "odd");
    BOOST_CHECK_EQUAL(quarter(1).error().message(), "odd");
    BOOST_CHECK_EQUAL(*two_in_one_line(2, 4), 3);
    BOOST_CHECK_EQUAL(two_in_one_line(2, 3).error().message(), "odd");
    BOOST_CHECK_EQUAL(two_in_one_line(2, -2).error().code(), ERANGE);
}

BOOST_AUTO_TEST_CASE(try_evaluates_once_and_moves) {
    evaluations = 0;
    BOOST_CHECK_EQUAL(*unwrap(5), 5);
    BOOST_CHECK_EQUAL(evaluations, 1);
    BOOST_CHECK_EQUAL(unwrap(0).error().message(), "nothing");
    BOOST_CHECK_EQUAL(evaluations, 2);
}

BOOST_AUTO_TEST_CASE(context_is_put_in_front) {
    auto failed = check(-1).context("inner").context("outer");
    BOOST_REQUIRE(!failed);
    BOOST_CHECK_EQUAL(failed.error().text(), "outer: inner: check");
    BOOST_CHECK_EQUAL(failed.error().message(),
                      "outer: inner: check: Numerical result out of range");
    BOOST_CHECK_EQUAL(failed.error().code(), ERANGE);
    BOOST_CHECK(check(1).context("not said"));
    BOOST_CHECK_EQUAL(*half(4).context("not said"), 2);
}

BOOST_AUTO_TEST_CASE(hint_and_exit_code_survive_context) {
    Error error(ENOENT, "open 'x'");
    error.set_hint("make it first");
    error.set_exit_code(127);
    error.add_context("boot");
    BOOST_CHECK_EQUAL(error.message(), "boot: open 'x': No such file or directory; make it first");
    BOOST_CHECK_EQUAL(error.exit_code(), 127);
    BOOST_CHECK_EQUAL(Error("plain").exit_code(), 125);
    BOOST_CHECK_EQUAL(Error("plain").message(), "plain");
}

BOOST_AUTO_TEST_CASE(errno_is_taken_before_it_changes) {
    errno = EACCES;
    const Error error = errno_error("read");
    errno = 0;
    BOOST_CHECK_EQUAL(error.code(), EACCES);
}

BOOST_AUTO_TEST_CASE(a_guard_runs_unless_dismissed) {
    int runs = 0;
    {
        const ScopeGuard guard([&] { runs++; });
        BOOST_CHECK_EQUAL(runs, 0);
    }
    BOOST_CHECK_EQUAL(runs, 1);
    {
        ScopeGuard guard([&] { runs++; });
        guard.dismiss();
    }
    BOOST_CHECK_EQUAL(runs, 1);
}
