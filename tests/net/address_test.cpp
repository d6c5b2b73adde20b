// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace bongsu::net {

TEST(Address, ReadsAndWrites) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "192.0.2.255", "::", "::1", "2001:db8::5"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(text, address->to_string());
  }
  EXPECT_EQ("192.0.2.1", Address::parse("::ffff:192.0.2.1")->to_string());
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "host", "::1%", "1.2.3.4 "})
    EXPECT_FALSE(Address::parse(text)) << text;
}

TEST(Endpoint, ReadsAndWrites) {
  for (const char* text : {"127.0.0.1:8642", "[::1]:161"}) EXPECT_EQ(text, Endpoint::parse(text)->to_string());
  EXPECT_EQ("127.0.0.1:161", Endpoint::parse("127.0.0.1", 161)->to_string());
  EXPECT_EQ("[::1]:161", Endpoint::parse("::1", 161)->to_string());
  for (const char* text : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "[::1", "[::1]x", ":80", "host:80"})
    EXPECT_FALSE(Endpoint::parse(text)) << text;
}

TEST(Endpoint, SurvivesTheKernelsForm) {
  for (const char* text : {"192.0.2.7:514", "[2001:db8::9]:162"}) {
    sockaddr_storage room;
    to_sockaddr(*Endpoint::parse(text), room);
    EXPECT_EQ(text, from_sockaddr(room).to_string());
  }
}

TEST(Network, HoldsTheAddressesThatBeginAsItDoes) {
  const auto holds = [](std::string_view network, std::string_view address) {
    return Network::parse(network)->contains(*Address::parse(address));
  };
  EXPECT_TRUE(holds("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(holds("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(holds("0.0.0.0/0", "255.1.2.3"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
  EXPECT_TRUE(holds("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(holds("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
  for (const char* bad : {"192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/24x", "x/8", "", "::/129"})
    EXPECT_FALSE(Network::parse(bad)) << bad;
  for (const char* text : {"192.0.2.0/24", "192.0.2.7", "2001:db8::/33", "::/0"})
    EXPECT_EQ(text, Network::parse(text)->to_string());
}

}  // namespace bongsu::net
