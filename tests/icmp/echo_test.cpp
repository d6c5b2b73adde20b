// SPDX-License-Identifier: Apache-2.0
#include "icmp/echo.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bongsu::icmp {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr auto kV4 = net::Address::Family::V4;
constexpr auto kV6 = net::Address::Family::V6;

constexpr Echo kEcho{.identifier = 0x1122, .sequence = 0xfffe, .token = 0x0102030405060708, .slot = 0x090a0b0c};

}  // namespace

TEST(Echo, RequestIsWhatTheRfcSays) {
  Bytes out;
  encode_request(kV4, kEcho, 14, out);
  EXPECT_EQ("0800ae9f1122fffe0102030405060708090a0b0c1415", to_hex(out));
  EXPECT_EQ(0, checksum(out));
  encode_request(kV6, kEcho, 12, out);
  EXPECT_EQ("800000001122fffe0102030405060708090a0b0c", to_hex(out));
}

TEST(Echo, ReadsItsReply) {
  for (const auto family : {kV4, kV6}) {
    Bytes octets;
    encode_request(family, kEcho, 56, octets);
    octets[0] = family == kV4 ? 0 : 129;
    const auto reply = decode_reply(family, octets);
    ASSERT_TRUE(reply);
    EXPECT_EQ(kEcho, *reply);
  }
}

TEST(Echo, RefusesWhatIsNoReplyOfOurs) {
  const auto refuses = [](Code code, net::Address::Family family, std::string_view hex) {
    SCOPED_TRACE(hex);
    const auto reply = decode_reply(family, *from_hex(hex));
    ASSERT_FALSE(reply);
    EXPECT_EQ(code, reply.error().code);
  };
  refuses(Code::Truncated, kV4, "");
  refuses(Code::Truncated, kV4, "000000001122fffe0102030405060708090a0b");
  refuses(Code::Unsupported, kV4, "080000001122fffe0102030405060708090a0b0c");  // our own request on loopback
  refuses(Code::Unsupported, kV6, "800000001122fffe0102030405060708090a0b0c");
  refuses(Code::Unsupported, kV6, "000000001122fffe0102030405060708090a0b0c");  // a reply of the other family
  refuses(Code::Unsupported, kV4, "030100000000000045000054");
  refuses(Code::Invalid, kV4, "000100001122fffe0102030405060708090a0b0c");
}

TEST(Checksum, SumsAnOddOctetAsTheHighOne) {
  const Bytes octets{0x01, 0x02, 0x03};
  EXPECT_EQ(static_cast<std::uint16_t>(~(0x0102 + 0x0300)), checksum(octets));
  EXPECT_EQ(0xffff, checksum({}));
}

}  // namespace bongsu::icmp
