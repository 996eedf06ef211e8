// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/image_labels.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/host/facts.h"
#include "lib/os/file.h"
#include "tests/unit/host/tree.h"

using namespace boxctl;
using namespace boxctl::host;

namespace {

const std::string kNginx =
        R"({"ociVersion":"1.0.2","annotations":{"io.boxctl.service.web":"/bin/httpd -f"}})";

std::string annotations(const std::string& members) {
    return R"({"annotations":{)" + members + "}}";
}

/// The labels as one line: the path, or NAME=TEXT of each; "none", or what is wrong.
std::string read(const std::string& config) {
    const auto labels = parse_service_labels(config);
    if (!labels) return labels.error().message();
    if (!*labels) return "none";
    std::string line = (*labels)->path;
    for (const ServiceText& service : (*labels)->texts)
        line += service.name + "=" + service.text + "|";
    return line;
}

os::UniqueFd open_at(const Tree& tree, const std::string& name) {
    auto opened = os::open_named(tree.at(name), O_PATH | O_DIRECTORY);
    BOOST_REQUIRE(opened);
    return std::move(opened).value();
}

std::string refusal(const Tree& bundle) {
    const auto labels = read_service_labels(open_at(bundle, "/rootfs"));
    if (labels) return *labels ? "labels" : "none";
    std::string message = labels.error().message();
    for (size_t at = 0; (at = message.find(bundle.path())) != message.npos;)
        message.replace(at, bundle.path().size(), "BUNDLE");
    return message;
}

RootFacts facts_of(const Tree& bundle, const std::string& init = "",
                   settings::Front front = settings::Front::boxctl) {
    settings::Settings wanted;
    wanted.mode = settings::Mode::boot;
    wanted.front = front;
    wanted.exec.init.value = init;
    auto facts = probe_root(wanted, HostFacts(), open_at(bundle, "/rootfs"));
    BOOST_REQUIRE_EQUAL(facts ? "" : facts.error().message(), "");
    return std::move(facts).value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(labels_name_a_path_or_spell_services_out) {
    const std::pair<std::string, std::string> rows[] = {
            {"{}", "none"},
            {"[]", "none"},
            {annotations(R"("org.opencontainers.image.title":"x")"), "none"},
            {R"({"annotations":7,"config":{"Labels":null}})", "none"},
            {annotations(R"("io.boxctl.services":"/opt//app/")"), "/opt/app"},
            {R"({"config":{"Labels":{"io.boxctl.services":"/s.ini"}}})", "/s.ini"},
            {kNginx, "web=[Service]\nExecStart=/bin/httpd -f\n|"},
            {annotations(R"("io.boxctl.service.b":" /bin/b ","io.boxctl.service.a":"/bin/a")"),
             "b=[Service]\nExecStart=/bin/b\n|a=[Service]\nExecStart=/bin/a\n|"},
            {annotations(R"("io.boxctl.service.a":"[Service]\nType=oneshot\n")"),
             "a=[Service]\nType=oneshot\n|"},
            {annotations(R"("io.boxctl.service.a":"# one\n[Service]\n")"), "a=# one\n[Service]\n|"},
    };
    for (const auto& [config, expected] : rows)
        BOOST_CHECK_EQUAL(read(config), expected);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_meant_is_refused) {
    const std::string path = "label 'io.boxctl.services' ";
    const std::string name = " does not end in a service's name";
    const std::pair<std::string, std::string> rows[] = {
            {"", "not JSON at byte 1"},
            {R"({"annotations":{"a":"1","a":"2"}})", "duplicate member 'a'"},
            {annotations(R"("io.boxctl.services":7)"),
             "member 'io.boxctl.services' is not a string"},
            {annotations(R"("io.boxctl.services":"opt")"), path + "is no absolute path: 'opt'"},
            {annotations(R"("io.boxctl.services":"/a\u0000b")"),
             path + "is no absolute path: '/a\\x00b'"},
            {annotations(R"("io.boxctl.service.":"/bin/a")"), "label 'io.boxctl.service.'" + name},
            {annotations(R"("io.boxctl.service.../../x":"/bin/a")"),
             "label 'io.boxctl.service.../../x'" + name},
            {annotations(R"("io.boxctl.service.a/b":"/bin/a")"),
             "label 'io.boxctl.service.a/b'" + name},
            {annotations(R"("io.boxctl.services.a":"/bin/a")"),
             "label 'io.boxctl.services.a' is not known: there are 'io.boxctl.services' and "
             "'io.boxctl.service.NAME'"},
            {annotations(R"("io.boxctl.service.a":" ")"), "label 'io.boxctl.service.a' is empty"},
            {annotations(R"("io.boxctl.services":"/s","io.boxctl.service.a":"/bin/a")"),
             "there are labels of both kinds: 'io.boxctl.services' and 'io.boxctl.service.a'"},
            {R"({"annotations":{"io.boxctl.service.a":"/a"},)"
             R"("config":{"Labels":{"io.boxctl.service.a":"/b"}}})",
             "label 'io.boxctl.service.a' is there twice"},
    };
    for (const auto& [config, expected] : rows)
        BOOST_CHECK_EQUAL(read(config).substr(0, expected.size()), expected);
    std::string many;
    for (int i = 0; i <= 64; i++)
        many += format(R"(%s"io.boxctl.service.s%02d":"/bin/a")", i == 0 ? "" : ",", i);
    BOOST_CHECK_EQUAL(read(annotations(many)),
                      "label 'io.boxctl.service.s64' is one too many: the most are 64");
}

BOOST_AUTO_TEST_CASE(a_tree_beside_a_config_is_booted_with_its_labels) {
    const Tree bundle;
    bundle.put("/config.json", kNginx);
    bundle.put("/rootfs/sbin/init", "BusyBox v1", 0755);
    RootFacts facts = facts_of(bundle);
    BOOST_CHECK_EQUAL(facts.services, "/run/host/services");
    BOOST_REQUIRE_EQUAL(facts.service_texts.size(), 1U);
    BOOST_CHECK_EQUAL(facts.service_texts[0].name, "web");
    BOOST_CHECK_EQUAL(to_string(facts.init_kind), "box-init");

    BOOST_CHECK_EQUAL(facts_of(bundle, "/sbin/init").services, "");
    BOOST_CHECK_EQUAL(facts_of(bundle, "", settings::Front::nspawn).init, "/sbin/init");

    bundle.put("/rootfs/opt/app.ini", "");
    bundle.put("/config.json", annotations(R"("io.boxctl.services":"/opt/app.ini")"));
    facts = facts_of(bundle);
    BOOST_CHECK_EQUAL(facts.services, "/opt/app.ini");
    BOOST_CHECK(facts.service_texts.empty());

    bundle.put("/rootfs/etc/box-init/a.service.ini", "");
    BOOST_CHECK_EQUAL(facts_of(bundle).services, "/etc/box-init");
}

BOOST_AUTO_TEST_CASE(a_hostile_config_is_one_line_or_nothing) {
    const std::string where = "labels in 'BUNDLE/config.json': ";
    const std::string hint = "; --init=PATH boots the tree without them";
    const Tree bundle;
    bundle.put("/rootfs/sbin/init", "BusyBox v1", 0755);
    BOOST_CHECK_EQUAL(refusal(bundle), "none");
    BOOST_CHECK_EQUAL(facts_of(bundle).init, "/sbin/init");
    bundle.put("/config.json", kNginx);
    BOOST_CHECK_EQUAL(refusal(bundle), "labels");

    bundle.put("/config.json", annotations(R"("io.boxctl.services":"/x")"));
    BOOST_CHECK_EQUAL(refusal(bundle), where +
                                               "label 'io.boxctl.services': open '/x': "
                                               "No such file or directory" +
                                               hint);
    bundle.put("/config.json", std::string((1U << 20U) + 1, ' '));
    BOOST_CHECK_EQUAL(refusal(bundle), where + "'config.json': read: File too large" + hint);
    bundle.clear("/config.json");
    BOOST_REQUIRE_EQUAL(mkfifo(bundle.at("/config.json").c_str(), 0600), 0);
    BOOST_CHECK_EQUAL(refusal(bundle), where + "read 'config.json': not a regular file" + hint);
    bundle.clear("/config.json");
    // It would be good if the link could lead out.
    const Tree other;
    other.put("/config.json", kNginx);
    bundle.link("/config.json", other.at("/config.json"));
    BOOST_CHECK_EQUAL(refusal(bundle), "none");
}

BOOST_AUTO_TEST_CASE(only_a_tree_called_rootfs_has_a_config_beside_it) {
    const Tree bundle;
    bundle.put("/config.json", kNginx);
    bundle.directory("/tree");
    const auto labels = read_service_labels(open_at(bundle, "/tree"));
    BOOST_CHECK(labels && !*labels);
}

BOOST_AUTO_TEST_CASE(a_bundle_stands_for_its_rootfs) {
    const Tree bundle;
    const auto rootfs = [&] { return rootfs_of_bundle(bundle.path()); };
    BOOST_CHECK_EQUAL(rootfs_of_bundle(bundle.at("/none")), "");
    bundle.put("/config.json", "{}");
    BOOST_CHECK_EQUAL(rootfs(), "");
    bundle.directory("/rootfs");
    BOOST_CHECK_EQUAL(rootfs(), bundle.at("/rootfs"));
    BOOST_CHECK_EQUAL(rootfs_of_bundle(bundle.at("/rootfs/..")), bundle.at("/rootfs"));
    bundle.directory("/usr");  // a tree that happens to hold both
    BOOST_CHECK_EQUAL(rootfs(), "");
    bundle.clear("/usr");
    bundle.clear("/rootfs");
    bundle.link("/rootfs", "/");
    BOOST_CHECK_EQUAL(rootfs(), "");
}
