// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/unit_properties.h"

#include <algorithm>
#include <string>

#include <boost/test/unit_test.hpp>

using namespace boxctl;

namespace {

/// "NAME=VALUE" as it goes over the bus, or the error.
std::string told(const std::string& name, const std::string& value) {
    std::vector<bus::Property> properties;
    const auto assigned = bus::assign_property(properties, name, value);
    if (!assigned) return assigned.error().message();
    BOOST_REQUIRE(properties.size() == 1U);
    return bus::describe(properties.front());
}

bool refused(const std::string& name, const std::string& value) {
    std::vector<bus::Property> properties;
    return !bus::assign_property(properties, name, value);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(unit_properties)

BOOST_AUTO_TEST_CASE(values_travel_as_systemd_takes_them) {
    const struct {
        const char* name;
        const char* value;
        const char* on_bus;
    } rows[] = {
            {"MemoryMax", "512M", "MemoryMax=536870912"},
            {"MemoryMax", "infinity", "MemoryMax=infinity"},
            {"MemoryMax", "100%", "MemoryMaxScale=4294967295"},
            {"MemoryLow", "12.5%", "MemoryLowScale=536870912"},
            {"MemoryPressureThresholdSec", "150ms", "MemoryPressureThresholdUSec=150000"},
            {"CPUQuota", "150%", "CPUQuotaPerSecUSec=1500000"},
            {"CPUQuota", "12.5%", "CPUQuotaPerSecUSec=125000"},
            {"CPUQuotaPeriodSec", "10ms", "CPUQuotaPeriodUSec=10000"},
            {"CPUWeight", "idle", "CPUWeight=0"},
            {"CPUWeight", "10000", "CPUWeight=10000"},
            {"AllowedCPUs", "0-3,7 9", "AllowedCPUs=8f,02"},
            {"TasksMax", "10%", "TasksMaxScale=429496730"},
            {"TasksMax", "infinity", "TasksMax=infinity"},
            {"IODeviceWeight", "/dev/sda 200", "IODeviceWeight=/dev/sda 200"},
            {"IOReadBandwidthMax", "/dev/sda 5M", "IOReadBandwidthMax=/dev/sda 5242880"},
            {"IOWriteIOPSMax", "/dev/sda infinity", "IOWriteIOPSMax=/dev/sda infinity"},
            {"IODeviceLatencyTargetSec", "/dev/sda 25ms",
             "IODeviceLatencyTargetUSec=/dev/sda 25000"},
            {"IPAddressAllow", "10.0.0.0/8 192.0.2.1", "IPAddressAllow=0a000000/8,c0000201/32"},
            {"IPAddressDeny", "any", "IPAddressDeny=00000000/0,00000000000000000000000000000000/0"},
            {"IPAddressAllow", "fe80::1/64", "IPAddressAllow=fe800000000000000000000000000001/64"},
            {"SocketBindAllow", "tcp:80", "SocketBindAllow=0:6:80+1"},
            {"SocketBindAllow", "ipv6:udp:1024-65535", "SocketBindAllow=10:17:1024+64512"},
            {"SocketBindDeny", "any", "SocketBindDeny=0:0:0+0"},
            {"SocketBindDeny", "ipv4:tcp", "SocketBindDeny=2:6:0+0"},
            {"RestrictNetworkInterfaces", "~eth0 eth1", "RestrictNetworkInterfaces=~eth0 eth1"},
            {"DeviceAllow", "/dev/kvm", "DeviceAllow=/dev/kvm rwm"},
            {"DeviceAllow", "char-alsa r", "DeviceAllow=char-alsa r"},
            {"DevicePolicy", "strict", "DevicePolicy=strict"},
            {"OOMPolicy", "kill", "OOMPolicy=kill"},
            {"RuntimeMaxSec", "1h 30min", "RuntimeMaxUSec=5400000000"},
            {"After", "a.service b.mount", "After=a.service b.mount"},
            {"IPAccounting", "on", "IPAccounting=yes"},
    };
    for (const auto& row : rows)
        BOOST_TEST(told(row.name, row.value) == row.on_bus);
}

BOOST_AUTO_TEST_CASE(values_that_a_property_does_not_take_are_refused) {
    const struct {
        const char* name;
        const char* value;
    } rows[] = {
            {"MemoryMax", "101%"},
            {"MemoryMax", "-1"},
            {"MemoryZSwapMax", "5%"},
            {"CPUQuota", "0.5%"},
            {"CPUQuota", "99999999999%"},
            {"CPUWeight", "0"},
            {"IOWeight", "idle"},
            {"AllowedCPUs", "8192"},
            {"IODeviceWeight", "/dev/sda"},
            {"IODeviceWeight", "sda 5"},
            {"IODeviceWeight", "/dev/../sda 5"},
            {"IODeviceWeight", "/dev/sda 5 6"},
            {"IPAddressAllow", "10.0.0.0/33"},
            {"IPAddressAllow", "example.org"},
            {"IPAddressAllow", "10.0.0.0/8,10.1.0.0/8"},
            {"SocketBindAllow", "tcp:0"},
            {"SocketBindAllow", "tcp:9-8"},
            {"SocketBindAllow", "udp:tcp:9"},
            {"SocketBindAllow", "65536"},
            {"SocketBindAllow", ""},
            {"RestrictNetworkInterfaces", "~"},
            {"DeviceAllow", "/etc/passwd rw"},
            {"DeviceAllow", "/dev/../etc/passwd"},
            {"DeviceAllow", "/dev/kvm rwx"},
            {"DevicePolicy", "open"},
            {"After", "x"},
            {"After", "../x.service"},
            {"Description", "a\nb"},
            {"RuntimeMaxSec", "soon"},
            {"ManagedOOMMemoryPressureLimit", "50"},
    };
    for (const auto& row : rows) {
        if (*row.value == 0) continue;  // takes back, below
        BOOST_TEST(refused(row.name, row.value), row.name << "=" << row.value);
    }
}

BOOST_AUTO_TEST_CASE(what_boxctl_decides_cannot_be_given) {
    for (const char* name : {"Delegate", "KillMode", "KillSignal", "PIDs", "Controller", "Slice",
                             "CollectMode", "AddRef", "ExecStart", "User", "memorymax", ""}) {
        BOOST_TEST(refused(name, "1"), name);
    }
}

BOOST_AUTO_TEST_CASE(errors_are_fit_for_a_terminal) {
    BOOST_TEST(told("CPUQuota", "half\x1b[2J") ==
               "value of CPUQuota is 'half\\x1b[2J', not a percentage such as 150%");
}

BOOST_AUTO_TEST_CASE(later_values_replace_and_lists_grow) {
    std::vector<bus::Property> all;
    const std::pair<const char*, const char*> given[] = {
            {"MemoryMax", "50%"}, {"DeviceAllow", "/dev/kvm rw"},
            {"MemoryMax", "1K"},  {"DeviceAllow", "/dev/fuse"},
            {"AllowedCPUs", "0"}, {"AllowedCPUs", "1"},
            {"TasksMax", "5"},    {"TasksMax", ""},
    };
    for (const auto& [name, value] : given)
        BOOST_REQUIRE(bus::assign_property(all, name, value));
    std::vector<std::string> texts;
    for (const bus::Property& property : all)
        texts.push_back(bus::describe(property));
    const std::vector<std::string> expected = {"DeviceAllow=/dev/kvm rw,/dev/fuse rwm",
                                               "MemoryMax=1024", "AllowedCPUs=02"};
    BOOST_TEST(texts == expected, boost::test_tools::per_element());
    BOOST_REQUIRE(bus::assign_property(all, "DeviceAllow", ""));
    BOOST_TEST(all.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
