// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/dbus/message.h"

#include <string>

#include <boost/test/unit_test.hpp>

#include "lib/dbus/names.h"

using namespace boxctl;
using dbus::Message;
using dbus::Reader;
using dbus::Writer;

namespace {

Message call() {
    Message message;
    message.serial = 7;
    message.path = "/org/example";
    message.interface = "org.example.Thing";
    message.member = "Do";
    message.destination = "org.example";
    message.signature = "sa(sv)u";
    message.fds = 2;
    Writer body;
    body.string("first");
    const auto list = body.array('(');
    body.structure().string("one").variant("b").boolean(true);
    body.structure().string("two").variant("as").strings({"x", "y"});
    body.end(list).u32(42);
    message.body = std::move(body).take();
    return message;
}

/// What sd-bus sends first, byte by byte: Hello with serial 1.
std::string hello() {
    Message message;
    message.serial = 1;
    message.path = "/org/freedesktop/DBus";
    message.interface = "org.freedesktop.DBus";
    message.member = "Hello";
    message.destination = "org.freedesktop.DBus";
    return dbus::to_bytes(message);
}

std::string replaced(std::string bytes, size_t at, char with) {
    bytes[at] = with;
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_written_reads_back) {
    const std::string bytes = dbus::to_bytes(call());
    const auto size = dbus::message_size(bytes);
    BOOST_REQUIRE(size);
    BOOST_TEST(*size == bytes.size());
    const auto message = dbus::parse_message(bytes);
    BOOST_REQUIRE(message);
    BOOST_TEST(message->serial == 7U);
    BOOST_TEST(message->path == "/org/example");
    BOOST_TEST(message->member == "Do");
    BOOST_TEST(message->fds == 2U);
    Reader reader = message->reader();
    BOOST_TEST(reader.string() == "first");
    const size_t end = reader.array('(');
    BOOST_REQUIRE(reader.more(end));
    reader.structure();
    BOOST_TEST(reader.string() == "one");
    BOOST_TEST(reader.variant() == "b");
    BOOST_TEST(reader.boolean());
    BOOST_REQUIRE(reader.more(end));
    reader.structure();
    BOOST_TEST(reader.string() == "two");
    reader.skip(reader.variant());
    BOOST_TEST(!reader.more(end));
    BOOST_TEST(reader.u32() == 42U);
    BOOST_TEST(reader.finished());
}

BOOST_AUTO_TEST_CASE(a_big_endian_message_is_read) {
    // A Ping as a big-endian client sends it.
    const std::string bytes(
            "B\1\0\1\0\0\0\0\0\0\0\5\0\0\0\x35"
            "\1\1o\0\0\0\0\2/x\0\0\0\0\0\0"
            "\2\1s\0\0\0\0\x0a"
            "a.b.c.d.ef\0\0\0\0\0\0"
            "\3\1s\0\0\0\0\4Ping\0\0\0\0",
            72);
    const auto message = dbus::parse_message(bytes);
    BOOST_REQUIRE(message);
    BOOST_TEST(message->serial == 5U);
    BOOST_TEST(message->path == "/x");
    BOOST_TEST(message->interface == "a.b.c.d.ef");
    BOOST_TEST(message->member == "Ping");
}

BOOST_AUTO_TEST_CASE(every_shorter_message_is_refused) {
    const std::string bytes = dbus::to_bytes(call());
    for (size_t length = 0; length < bytes.size(); length++)
        BOOST_TEST(!dbus::parse_message(std::string_view(bytes).substr(0, length)));
}

BOOST_AUTO_TEST_CASE(what_the_specification_forbids_is_refused) {
    const std::string good = hello();
    BOOST_REQUIRE(dbus::parse_message(good));
    BOOST_TEST(!dbus::parse_message(replaced(good, 0, 'x')));   // byte order
    BOOST_TEST(!dbus::parse_message(replaced(good, 1, 0)));     // type
    BOOST_TEST(!dbus::parse_message(replaced(good, 1, 5)));     // type
    BOOST_TEST(!dbus::parse_message(replaced(good, 3, 2)));     // version
    BOOST_TEST(!dbus::parse_message(replaced(good, 8, 0)));     // serial
    BOOST_TEST(!dbus::parse_message(replaced(good, 16, 0)));    // header field 0
    BOOST_TEST(!dbus::parse_message(replaced(good, 18, 's')));  // a path that is a string
    BOOST_TEST(!dbus::parse_message(good + std::string(8, '\0')));
}

BOOST_AUTO_TEST_CASE(a_call_needs_a_path_and_a_member) {
    Message message = call();
    message.path.clear();
    BOOST_TEST(!dbus::parse_message(dbus::to_bytes(message)));
    message = call();
    message.member.clear();
    BOOST_TEST(!dbus::parse_message(dbus::to_bytes(message)));
    message = call();
    message.type = dbus::Type::method_return;
    BOOST_TEST(!dbus::parse_message(dbus::to_bytes(message)));
}

BOOST_AUTO_TEST_CASE(a_body_must_be_what_its_signature_says) {
    Message message = call();
    message.signature = "sa(sv)";
    BOOST_TEST(!dbus::parse_message(dbus::to_bytes(message)));
    message.signature = "sa(sv)uu";
    BOOST_TEST(!dbus::parse_message(dbus::to_bytes(message)));
    message.signature = "b";
    message.body = std::string("\2\0\0\0", 4);
    BOOST_TEST(!dbus::parse_message(dbus::to_bytes(message)));
    message.signature = "s";
    message.body = std::string("\1\0\0\0\xff\0", 6);
    BOOST_TEST(!dbus::parse_message(dbus::to_bytes(message)));
}

BOOST_AUTO_TEST_CASE(a_longer_message_than_anybody_needs_is_refused_by_its_first_bytes) {
    Writer begin;
    begin.u8('l').u8(1).u8(0).u8(1).u32(1U << 27U).u32(1).u32(0);
    const auto size = dbus::message_size(begin.bytes());
    BOOST_REQUIRE(!size);
    BOOST_TEST(size.error().code() == EMSGSIZE);
    Writer wraps;
    wraps.u8('l').u8(1).u8(0).u8(1).u32(0xfffffff0U).u32(1).u32(0xffffffffU);
    BOOST_TEST(!dbus::message_size(wraps.bytes()));
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused) {
    Message message = call();
    message.signature = "v";
    std::string body;
    for (int i = 0; i < 100; i++)
        body += std::string("\1v\0", 3);
    message.body = body + std::string("\1y\0\1", 4);
    BOOST_TEST(!dbus::parse_message(dbus::to_bytes(message)));
    // The same, shallow: a control.
    message.body = std::string("\1v\0\1v\0\1y\0\1", 10);
    BOOST_TEST(dbus::parse_message(dbus::to_bytes(message)).has_value());
}

BOOST_AUTO_TEST_CASE(signatures_are_told_from_what_is_none) {
    for (const char* good : {"", "s", "a{sv}", "ssa(sv)a(sa(sv))", "a(sasb)", "aay", "(iu)"})
        BOOST_TEST(dbus::is_signature(good), good);
    for (const char* bad : {"a", "(", "()", "a{s}", "a{vs}", "{sv}", "z", "s)", "a{sss}"})
        BOOST_TEST(!dbus::is_signature(bad), bad);
    BOOST_TEST(!dbus::is_signature(std::string(40, 'a') + "y"));
    BOOST_TEST(!dbus::is_signature(std::string(256, 'y')));
    BOOST_TEST(dbus::first_type("a(sv)u") == "a(sv)");
}

BOOST_AUTO_TEST_CASE(names_and_paths_are_told_from_what_is_none) {
    for (const char* good : {"/", "/a", "/a/b_1/C"})
        BOOST_TEST(dbus::is_object_path(good), good);
    for (const char* bad : {"", "a", "//", "/a/", "/a//b", "/a-b", "/\xc3\xa4"})
        BOOST_TEST(!dbus::is_object_path(bad), bad);
    BOOST_TEST(dbus::is_bus_name(":1.12"));
    BOOST_TEST(dbus::is_bus_name("org.example-x.Y"));
    for (const char* bad : {"", ".", "a", "a..b", "a.b.", ".a.b", "a.1b", "a.b c"})
        BOOST_TEST(!dbus::is_bus_name(bad), bad);
    BOOST_TEST(dbus::is_member("GetAll"));
    BOOST_TEST(!dbus::is_member("a.b"));
    BOOST_TEST(!dbus::is_interface("a.b-c"));
}

BOOST_AUTO_TEST_CASE(only_utf8_is_text) {
    for (const char* good : {"", "plain", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
        BOOST_TEST(dbus::is_utf8(good), good);
    for (const char* bad :
         {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"})
        BOOST_TEST(!dbus::is_utf8(bad));
    BOOST_TEST(!dbus::is_utf8(std::string_view("a\0b", 3)));
}

BOOST_AUTO_TEST_CASE(text_that_is_none_is_escaped_on_the_way_out) {
    Message message = call();
    message.signature = "s";
    message.body = std::move(Writer().string("bad \xff byte")).take();
    const auto read = dbus::parse_message(dbus::to_bytes(message));
    BOOST_REQUIRE(read);
    BOOST_TEST(read->reader().string() == "bad \\xff byte");
}
