// SPDX-License-Identifier: Apache-2.0
#include "topology/match.h"

#include <gtest/gtest.h>

#include "topology/record.h"

namespace bongsu::topology {
namespace {

using Kind = Identifier::Kind;

struct MatchTest : testing::Test {
  Matcher matcher;
  void know(const std::string& device, const std::vector<Identifier>& all) {
    for (const Identifier& one : all) matcher.know(device, one);
  }
  // "sw1", "sw1|sw2" where it could be either, "" for nobody.
  std::string who(const Neighbor& neighbor, const std::set<std::string>& addresses = {}, std::string_view teller = "teller") {
    std::string out;
    for (const std::string_view device : matcher.find(teller, neighbor, addresses).devices)
      out += (out.empty() ? "" : "|") + std::string(device);
    return out;
  }
  static Neighbor chassis(const std::string& id, const std::string& name = "") { return {.chassis = id, .name = name}; }
};

TEST_F(MatchTest, ByChassisThenByAddressThenByName) {
  know("sw1", {{Kind::Chassis, "00:11:22:33:44:55"}, {Kind::Address, "192.0.2.1"}, {Kind::Name, "core"}});
  know("sw2", {{Kind::Mac, "00:11:22:33:44:66"}, {Kind::Mac, "00:11:22:33:44:67"}, {Kind::Address, "2001:db8::2"}});
  EXPECT_EQ("sw1", who(chassis("00:11:22:33:44:55", "another")));
  EXPECT_EQ("sw2", who(chassis("00:11:22:33:44:67")));
  EXPECT_EQ("sw1", who(chassis("", "Core")));
  EXPECT_EQ("sw1", who({}, {"192.0.2.1"}));
  EXPECT_EQ("sw2", who({}, {"192.0.2.77", "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.2"}));  // as an index has it
  EXPECT_EQ("", who(chassis("00:11:22:33:44:99", "nobody"), {"192.0.2.99"}));
  EXPECT_EQ("", who({}));
}

TEST_F(MatchTest, WhatSeveralHaveIsDecidedByTheNextOrNotAtAll) {
  know("a", {{Kind::Mac, "00:11:22:33:44:55"}, {Kind::Address, "192.0.2.1"}, {Kind::Name, "twin"}});
  know("b", {{Kind::Mac, "00:11:22:33:44:55"}, {Kind::Address, "192.0.2.2"}, {Kind::Name, "twin"}});
  know("c", {{Kind::Name, "twin"}, {Kind::Address, "192.0.2.2"}});
  EXPECT_EQ("a|b", who(chassis("00:11:22:33:44:55")));
  EXPECT_EQ("a", who(chassis("00:11:22:33:44:55"), {"192.0.2.1"}));
  EXPECT_EQ("a|b|c", who(chassis("", "twin")));
  EXPECT_EQ("b|c", who(chassis("", "twin"), {"192.0.2.2"}));
  EXPECT_EQ("b", who(chassis("00:11:22:33:44:55"), {}, "a"));  // nobody sees himself where it could be another
  EXPECT_EQ("b", who(chassis("00:11:22:33:44:55"), {"192.0.2.1"}, "a"));
}

// A switch of another site that has the same name, or the same private address, is another switch.
TEST_F(MatchTest, ADeviceThatTellsAnotherChassisIsNotMeant) {
  know("sw1", {{Kind::Chassis, "00:11:22:33:44:55"}, {Kind::Name, "switch"}, {Kind::Address, "192.168.1.1"}});
  EXPECT_EQ("", who(chassis("00:aa:bb:cc:dd:ee", "switch"), {"192.168.1.1"}));
  EXPECT_EQ("sw1", who(chassis("sw1-serial", "switch")));  // of another kind: nothing can be said
  know("sw2", {{Kind::Mac, "00:11:22:33:44:77"}, {Kind::Name, "edge"}});
  EXPECT_EQ("sw2", who(chassis("00:aa:bb:cc:dd:ee", "edge")));  // what its ports have is not all that it may be known by
}

TEST_F(MatchTest, NamesWithAndWithoutADomain) {
  know("a", {{Kind::Name, "sw1.seoul.example.com"}});
  know("b", {{Kind::Name, "sw2"}});
  know("c", {{Kind::Name, "sw1.busan.example.com"}});
  EXPECT_EQ("a", who(chassis("", "SW1.Seoul.example.com.")));
  EXPECT_EQ("a|c", who(chassis("", "sw1")));
  EXPECT_EQ("b", who(chassis("", "sw2.jeju.example.com")));
  EXPECT_EQ("b", who(chassis("", "sw2(FOX1234ABCD)")));
  EXPECT_EQ("", who(chassis("", "sw1.jeju.example.com")));
}

TEST_F(MatchTest, WhatManyHaveTellsNobodyApart) {
  know("a", {{Kind::Mac, "00:00:00:00:00:00"},
             {Kind::Chassis, "ff:ff:ff:ff:ff:ff"},
             {Kind::Address, "127.0.0.1"},
             {Kind::Address, "0.0.0.0"},
             {Kind::Address, "fe80::1"},
             {Kind::Address, "169.254.1.1"},
             {Kind::Name, "localhost.localdomain"}});
  for (const char* id : {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}) EXPECT_EQ("", who(chassis(id))) << id;
  for (const char* address : {"127.0.0.1", "0.0.0.0", "fe80::1", "169.254.1.1", "::1", "text"})
    EXPECT_EQ("", who({}, {address})) << address;
  EXPECT_EQ("", who(chassis("", "localhost")));
}

TEST(TopologyRecord, ReadsWhatItWrote) {
  Told told;
  told.own["lldp/local"] = {{Kind::Chassis, "00:11:22:33:44:55"}, {Kind::Name, "sw1"}};
  told.own["addresses/addresses"] = {{Kind::Address, "192.0.2.1"}};
  Sighting one{.told = {.protocol = "lldp", .port = "ge1", .chassis = "00:aa:bb:cc:dd:ee", .name = "sw2", .remote_port = "ge9"},
               .addresses = {"192.0.2.2", "2001:db8::2"},
               .first_seen = time_from_ms(1'700'000'000'000),
               .last_seen = time_from_ms(1'700'000'360'000)};
  told.seen[key_of("lldp/neighbors", one.told)] = one;
  one.told = {.protocol = "cdp", .port = "ge2", .name = "sw3"};
  one.addresses.clear();
  one.missing = time_from_ms(1'700'000'480'000);
  one.missed = 3;
  told.seen[key_of("cdp/cdp_neighbors", one.told)] = one;
  told.host = true;
  const std::string octets = encode(told);
  const auto read = decode_told(octets);
  ASSERT_TRUE(read);
  EXPECT_EQ(told, *read);
  for (std::size_t size = 0; size < octets.size(); ++size) EXPECT_FALSE(decode_told(octets.substr(0, size))) << size;
  EXPECT_EQ(Code::Unsupported, decode_told("\x03").error().code);
  EXPECT_FALSE(decode_told(octets + "x"));
}

// Version 1 did not say what the device is.
TEST(TopologyRecord, ReadsVersionOne) {
  using namespace std::string_literals;
  const auto read = decode_told("\x01\x01\x0alldp/local\x01\x03\x03sw1\x00"s);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ((std::vector<Identifier>{{Kind::Name, "sw1"}}), read->own.at("lldp/local"));
  EXPECT_FALSE(read->host);
}

}  // namespace
}  // namespace bongsu::topology
