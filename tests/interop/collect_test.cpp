// SPDX-License-Identifier: Apache-2.0
// What is collected from a real snmpd on this machine, against what the kernel says.
#include "poll/collect.h"

#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>

#include "interop/snmpd.h"
#include "poll/fixture.h"

namespace bongsu::interop {
namespace {

std::map<std::string, double> meminfo() {
  std::map<std::string, double> all;
  std::ifstream in("/proc/meminfo");
  std::string name, unit;
  for (double kib; in >> name >> kib && std::getline(in, unit);) all[name.substr(0, name.size() - 1)] = kib * 1024;
  return all;
}

std::map<std::string, std::pair<double, double>> net_dev() {  // received and sent octets by interface
  std::map<std::string, std::pair<double, double>> all;
  std::ifstream in("/proc/net/dev");
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream words(line.substr(colon + 1));
    std::vector<double> numbers;
    for (double number; words >> number;) numbers.push_back(number);
    if (numbers.size() >= 9)
      all[line.substr(line.find_first_not_of(' '), colon - line.find_first_not_of(' '))] = {numbers[0], numbers[8]};
  }
  return all;
}

const poll::CollectedMetric* find(const poll::Collection& all, std::string_view name, std::string_view label = {},
                                  std::string_view value = {}) {
  for (const auto& metric : all.metrics) {
    if (metric.name == name && (label.empty() || metric.labels.get(label) == value)) return &metric;
  }
  return nullptr;
}

TEST(CollectFromSnmpd, GivesWhatTheKernelSays) {
  if (!Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  auto snmpd = Snmpd::start("sysLocation here\nsysName web1\nincludeAllDisks\n");
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  for (const auto version : {snmp::Version::V2c, snmp::Version::V1}) {
    SCOPED_TRACE(version == snmp::Version::V1 ? "v1" : "v2c");
    Live live;
    const auto before = net_dev();
    double uptime = 0;
    std::ifstream("/proc/uptime") >> uptime;
    snmp::Target target = (*snmpd)->target(version, (*snmpd)->v4());
    const auto got = live.wait(poll::collect(live.reactor, live.client, std::move(target), poll::stock_profiles(), {}));
    ASSERT_TRUE(got) << got.error().text;
    for (const auto& error : got->errors) ADD_FAILURE() << error.table << ": " << error.error.text;

    EXPECT_EQ("web1", got->info.at("sysName"));
    EXPECT_EQ("here", got->info.at("location"));
    EXPECT_EQ("linux", got->info.at("os"));
    EXPECT_EQ("server", got->info.at("kind"));
    EXPECT_FALSE(got->info.at("version").empty());
    ASSERT_TRUE(got->uptime_seconds);
    EXPECT_NEAR(uptime, *got->uptime_seconds, 5);

    const auto* cpu = find(*got, "cpu_usage_percent");
    ASSERT_TRUE(cpu);
    EXPECT_GE(cpu->value, 0);
    EXPECT_LE(cpu->value, 100);
    for (const char* load : {"load1", "load5", "load15"}) {
      ASSERT_TRUE(find(*got, load)) << load;
      EXPECT_GE(find(*got, load)->value, 0);
    }

    const auto memory = meminfo();
    const auto* size = find(*got, "memory_size_bytes", "pool", "physical");
    const auto* used = find(*got, "memory_used_bytes", "pool", "physical");
    ASSERT_TRUE(size && used);
    EXPECT_EQ(memory.at("MemTotal"), size->value);
    const double held =
        memory.at("MemTotal") - memory.at("MemFree") - memory.at("Buffers") - memory.at("Cached") - memory.at("SReclaimable");
    EXPECT_NEAR(held / size->value, used->value / size->value, 0.10);  // others work on this machine, too
    EXPECT_NEAR(100 * used->value / size->value, find(*got, "memory_used_percent", "pool", "physical")->value, 0.01);

    struct statvfs root {};
    ASSERT_EQ(0, ::statvfs("/", &root));
    if (const auto* disk = find(*got, "storage_size_bytes", "storage", "/")) {
      const double expected = static_cast<double>(root.f_blocks) * static_cast<double>(root.f_frsize);
      EXPECT_NEAR(1, disk->value / expected, 0.01);
    } else {
      EXPECT_TRUE(find(*got, "storage_size_bytes")) << "no storage at all";
    }

    std::size_t interfaces = 0;
    for (const auto& [name, octets] : before) {
      SCOPED_TRACE(name);
      const auto* received = find(*got, "interface_receive_bytes_total", "interface", name);
      if (!received) continue;  // some that stand in /proc/net/dev have no ifIndex of their own
      ++interfaces;
      EXPECT_GE(received->value, version == snmp::Version::V1 ? 0 : octets.first - 100e6);  // snmpd answers from a cache
      EXPECT_FALSE(received->labels.get("ifIndex").empty());
      EXPECT_TRUE(find(*got, "interface_transmit_packets_total", "interface", name));
      EXPECT_TRUE(find(*got, "interface_oper_up", "interface", name));
    }
    EXPECT_GE(interfaces, 1u);
    ASSERT_TRUE(find(*got, "interface_oper_up", "interface", "lo"));
    EXPECT_EQ(1, find(*got, "interface_oper_up", "interface", "lo")->value);
    EXPECT_GT(find(*got, "process_count")->value, 1);
  }
}

TEST(CollectFromSnmpd, WrongCommunityIsATimeoutThatSaysWhatToCheck) {
  if (!Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  auto snmpd = Snmpd::start();
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  Live live;
  snmp::Target target = (*snmpd)->target(snmp::Version::V2c, (*snmpd)->v4(), "wrong");
  target.timeout = Millis(200);
  target.retries = 1;
  const auto got = live.wait(poll::collect(live.reactor, live.client, std::move(target), poll::stock_profiles(), {}));
  ASSERT_FALSE(got);
  EXPECT_EQ(Code::Timeout, got.error().code);
}

}  // namespace
}  // namespace bongsu::interop
