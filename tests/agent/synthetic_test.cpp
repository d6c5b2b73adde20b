// SPDX-License-Identifier: Apache-2.0
#include "agent/synthetic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace bongsu::agent {
namespace {

using namespace std::chrono_literals;

SteadyTime at(Millis span) { return SteadyTime(1h + span); }

// Every object of a device at one moment, by name.
using Walk = std::map<std::string, Value>;
Walk walk(Synthetic& device, Millis when) {
  Walk out;
  device.set_moment(at(when));
  const ObjectTable& table = device.objects();
  snmp::Encoder encoder;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto& object = table[i];
    const std::string name = table.name(object).to_oid().to_string();
    if (object.moving) out[name] = device.read(object).to_value();
    else out[name] = Value{};
  }
  return out;
}

std::uint64_t number(Synthetic& device, Millis when, std::string_view name) {
  device.set_moment(at(when));
  const ObjectTable& table = device.objects();
  const auto octets = snmp::encode_oid(*Oid::parse(name));
  const std::size_t found = table.find(snmp::OidView(*octets));
  EXPECT_LT(found, table.size()) << name;
  EXPECT_TRUE(table[found].moving) << name;
  return device.read(table[found]).number;
}

std::unique_ptr<Synthetic> device_of(Kind kind, std::uint64_t seed = 7, unsigned ports = 24) {
  return std::make_unique<Synthetic>(Synthetic::shape({.kind = kind, .ports = ports}), Identity{.seed = seed}, at(0s));
}

const std::string kIf = "1.3.6.1.2.1.2.2.1.", kIfX = "1.3.6.1.2.1.31.1.1.1.", kHr = "1.3.6.1.2.1.25.", kUcd = "1.3.6.1.4.1.2021.";

}  // namespace

TEST(Synthetic, SameSeedAndMomentGiveTheSameDevice) {
  for (const Kind kind : {Kind::Switch, Kind::Server, Kind::Firewall}) {
    auto one = device_of(kind);
    auto two = device_of(kind);
    EXPECT_EQ(walk(*one, 5min), walk(*two, 5min));
    EXPECT_EQ(walk(*one, 3min), walk(*two, 3min));  // in any order of asking
    auto other = device_of(kind, 8);
    EXPECT_NE(walk(*one, 5min), walk(*other, 5min));
  }
}

TEST(Synthetic, CountersOnlyGrowWithinTheLineSpeed) {
  auto device = device_of(Kind::Switch);
  for (unsigned port = 1; port <= 24; ++port) {
    const std::string name = kIfX + "6." + std::to_string(port);
    std::uint64_t before = number(*device, 0s, name);
    for (Millis when = 10s; when <= 2h; when += 10s) {
      const std::uint64_t now = number(*device, when, name);
      ASSERT_GT(now, before) << name;
      ASSERT_LT(now - before, 10U * 125'000'000U) << name;
      before = now;
    }
  }
}

TEST(Synthetic, ShortAndLongCountersAgree) {
  auto device = device_of(Kind::Switch);
  for (const Millis when : {Millis(0), Millis(1h), Millis(100h)}) {
    for (const auto& [narrow, wide] : std::map<std::string, std::string>{{"10", "6"}, {"11", "7"}, {"16", "10"}, {"17", "11"}}) {
      const std::uint64_t low = number(*device, when, kIf + narrow + ".3");
      EXPECT_EQ(low, number(*device, when, kIfX + wide + ".3") & 0xffffffff);
    }
    EXPECT_EQ(number(*device, when, kIfX + "2.3"), number(*device, when, kIfX + "8.3") & 0xffffffff);
    EXPECT_EQ(number(*device, when, kIfX + "4.3"), number(*device, when, kIfX + "12.3") & 0xffffffff);
  }
  EXPECT_GT(number(*device, 0s, kIfX + "6.1"), 0xffffffffU);  // after a hundred hours up, the uplink has wrapped
}

TEST(Synthetic, APortThatIsDownMovesNothing) {
  auto device = device_of(Kind::Switch);
  const std::string octets = kIfX + "6.5", oper = kIf + "8.5", admin = kIf + "7.5", changed = kIf + "9.5";
  EXPECT_EQ(0U, number(*device, 1s, changed));
  const std::uint64_t before = number(*device, 1min, octets);
  device->set_port(4, false, at(1min));
  EXPECT_EQ(before, number(*device, 1min, octets));  // no jump by being changed
  EXPECT_EQ(2U, number(*device, 1min, oper));
  EXPECT_EQ(1U, number(*device, 1min, admin));
  EXPECT_EQ(before, number(*device, 10min, octets));
  EXPECT_EQ(36'006'000U, number(*device, 10min, changed));  // 100 h and a minute, in hundredths
  device->set_port(4, true, at(10min));
  EXPECT_EQ(before, number(*device, 10min, octets));
  EXPECT_LT(before, number(*device, 11min, octets));
  EXPECT_EQ(1U, number(*device, 11min, oper));
  EXPECT_EQ(1U, number(*device, 11min, kIf + "8.6"));  // its neighbour stayed up
  device->set_admin(4, false, at(12min));
  EXPECT_EQ(2U, number(*device, 12min, admin));
  EXPECT_EQ(2U, number(*device, 12min, oper));
}

TEST(Synthetic, ErrorsGrowAtTheRateTheyAreSetTo) {
  auto device = device_of(Kind::Switch);
  EXPECT_EQ(0U, number(*device, 1min, kIf + "14.7"));
  device->set_errors(6, 5, at(1min));
  EXPECT_EQ(300U, number(*device, 2min, kIf + "14.7"));
  EXPECT_EQ(30U, number(*device, 2min, kIf + "20.7"));
  device->set_errors(6, 0, at(2min));
  EXPECT_EQ(300U, number(*device, 9min, kIf + "14.7"));
  EXPECT_EQ(0U, number(*device, 9min, kIf + "14.8"));
}

TEST(Synthetic, RestartBeginsAtZero) {
  auto device = device_of(Kind::Server);
  device->set_errors(1, 5, at(1min));
  EXPECT_EQ(36'006'000U, number(*device, 1min, "1.3.6.1.2.1.1.3.0"));
  device->restart(at(2min));
  EXPECT_EQ(0U, number(*device, 2min, "1.3.6.1.2.1.1.3.0"));
  for (const auto* name : {"1.3.6.1.2.1.31.1.1.1.6.2", "1.3.6.1.2.1.2.2.1.14.2", "1.3.6.1.4.1.2021.13.15.1.1.12.1",
                           "1.3.6.1.4.1.2021.11.50.0", "1.3.6.1.4.1.2021.11.53.0"}) {
    EXPECT_EQ(0U, number(*device, 2min, name)) << name;
    EXPECT_LT(0U, number(*device, 3min, name)) << name;
  }
  EXPECT_EQ(6'000U, number(*device, 3min, "1.3.6.1.2.1.1.3.0"));
}

TEST(Synthetic, TheProcessorIsAsBusyAsItIsSet) {
  auto device = device_of(Kind::Server);
  device->set_cpu(90, at(1min));
  const std::string load = kHr + "3.3.1.2.196608";
  for (Millis when = 1min; when < 5min; when += 7s) {
    EXPECT_NEAR(90.0, static_cast<double>(number(*device, when, load)), 2);
  }
  const auto ticks = [&](Millis when) {
    double busy = 0;
    for (const int column : {50, 51, 52, 54, 56, 61}) {
      busy += static_cast<double>(number(*device, when, kUcd + "11." + std::to_string(column) + ".0"));
    }
    return std::pair(busy, static_cast<double>(number(*device, when, kUcd + "11.53.0")));
  };
  const auto [busy1, idle1] = ticks(1min);
  const auto [busy2, idle2] = ticks(2min);
  EXPECT_NEAR(0.9 * 12'000, busy2 - busy1, 10);  // two processors, a hundred ticks a second each
  EXPECT_NEAR(0.1 * 12'000, idle2 - idle1, 10);
  // The load follows with its own delay.
  EXPECT_LT(number(*device, 2min, kUcd + "10.1.5.3"), number(*device, 2min, kUcd + "10.1.5.1"));
  EXPECT_EQ(180U, number(*device, 300min, kUcd + "10.1.5.1"));
}

TEST(Synthetic, MemoryAndStorageAreAsFullAsTheyAreSet) {
  auto device = device_of(Kind::Server);
  device->set_memory(60, at(0s));
  const double total = 16U << 20;
  const double free = static_cast<double>(number(*device, 0s, kUcd + "4.6.0"));
  EXPECT_NEAR(60, 100 * (total - free - total / 50 - total / 8) / total, 0.1);  // without buffers and cache
  EXPECT_NEAR(total - free, static_cast<double>(number(*device, 0s, kHr + "2.3.1.6.1")), 1);
  device->set_memory(100, at(0s));
  EXPECT_EQ(0U, number(*device, 0s, kUcd + "4.6.0"));

  device->set_storage(1, 50, 2, at(1min));
  EXPECT_EQ(50U, number(*device, 1min, kUcd + "9.1.9.2"));
  EXPECT_EQ(60U, number(*device, 6min, kUcd + "9.1.9.2"));
  EXPECT_EQ(100U, number(*device, 60min, kUcd + "9.1.9.2"));
  const double size = 200.0 * (1 << 20) / 4;  // units of 4 KiB
  EXPECT_NEAR(0.6 * size, static_cast<double>(number(*device, 6min, kHr + "2.3.1.6.32")), 2);
}

TEST(Synthetic, HasTheTablesOfItsKind) {
  const auto has = [](Synthetic& device, const std::string& name) { return walk(device, 0s).contains(name); };
  auto box = device_of(Kind::Switch, 1, 48);
  EXPECT_TRUE(has(*box, kIf + "22.48"));
  EXPECT_FALSE(has(*box, kIf + "1.49"));
  EXPECT_TRUE(has(*box, "1.3.6.1.2.1.99.1.1.1.4.2"));
  EXPECT_FALSE(has(*box, kUcd + "4.5.0"));
  auto server = device_of(Kind::Server, 1, 2);
  EXPECT_TRUE(has(*server, kUcd + "4.5.0"));
  EXPECT_TRUE(has(*server, kUcd + "13.15.1.1.13.2"));
  EXPECT_TRUE(has(*server, kHr + "2.3.1.6.31"));
  EXPECT_FALSE(has(*server, "1.3.6.1.2.1.99.1.1.1.4.2"));
}

}  // namespace bongsu::agent
