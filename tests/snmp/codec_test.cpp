// SPDX-License-Identifier: Apache-2.0
#include "snmp/codec.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "random_message.h"

namespace bongsu::snmp {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A Response with one varbind 1.3.6.1 = the element in `hex`.
Bytes response_with(std::string_view hex) {
  const Bytes element = *from_hex(hex);
  Bytes varbind = *from_hex("06032b0601");
  varbind.insert(varbind.end(), element.begin(), element.end());
  ber::Writer out;
  out.clear();
  out.prepend_element(ber::kSequence, varbind);
  out.wrap(ber::kSequence);
  for (int i = 0; i < 3; ++i) out.prepend_integer(0);
  out.wrap(0xa2);
  out.prepend_element(ber::kOctetString, *from_hex("7075626c6963"));
  out.prepend_integer(1);
  out.wrap(ber::kSequence);
  return {out.written().begin(), out.written().end()};
}

}  // namespace

TEST(Codec, WritesAGetAsTheWireHasIt) {
  Message get{.version = Version::V2c, .community = "public", .pdu = {}};
  get.pdu.type = PduType::GetRequest;
  get.pdu.request_id = 0x01020304;
  get.pdu.varbinds.push_back({Oid{1, 3, 6, 1, 2, 1, 1, 3, 0}, {}});
  const auto octets = encode(get);
  ASSERT_TRUE(octets);
  EXPECT_EQ("302902010104067075626c6963a01c020401020304020100020100300e300c06082b060102010103000500", to_hex(*octets));
}

TEST(Codec, DecodesEveryTypeOfValue) {
  const auto reads = [](std::string_view element, const Value& expected) {
    SCOPED_TRACE(element);
    const auto message = decode(response_with(element));
    ASSERT_TRUE(message) << message.error().text;
    ASSERT_EQ(1U, message->pdu.varbinds.size());
    EXPECT_EQ((Oid{1, 3, 6, 1}), message->pdu.varbinds[0].oid);
    EXPECT_EQ(expected, message->pdu.varbinds[0].value);
  };
  reads("020100", Value::of_integer(0));
  reads("0201ff", Value::of_integer(-1));
  reads("02047fffffff", Value::of_integer(INT32_MAX));
  reads("020480000000", Value::of_integer(INT32_MIN));
  reads("020400000005", Value::of_integer(5));  // padded, as small agents write
  reads("0400", Value::of_octets(""));
  reads("0403414200", Value::of_octets(std::string("AB\0", 3)));
  reads("0482000141", Value::of_octets("A"));  // a length that is not minimal (RFC 3417 section 8)
  reads("0500", {});
  reads("06022b06", Value::of_oid(Oid{1, 3, 6}));
  reads("0605908080804f", Value::of_oid(Oid{2, UINT32_MAX}));
  reads("06062b8fffffff7f", Value::of_oid(Oid{1, 3, UINT32_MAX}));
  reads("40047f000001", {.type = ValueType::IpAddress, .octets = std::string("\x7f\0\0\1", 4)});
  reads("410500ffffffff", Value::of_number(ValueType::Counter32, UINT32_MAX));
  reads("4104ffffffff", Value::of_number(ValueType::Counter32, UINT32_MAX));  // without its zero, as many agents write
  reads("420100", Value::of_number(ValueType::Gauge32, 0));
  reads("43020100", Value::of_number(ValueType::TimeTicks, 256));
  reads("460900ffffffffffffffff", Value::of_number(ValueType::Counter64, UINT64_MAX));
  reads("4608ffffffffffffffff", Value::of_number(ValueType::Counter64, UINT64_MAX));
  reads("440401020304", {.type = ValueType::Opaque, .octets = "\1\2\3\4"});
  reads("44079f78043fc00000", {.type = ValueType::OpaqueFloat, .real = 1.5});
  reads("440b9f7908bff8000000000000", {.type = ValueType::OpaqueDouble, .real = -1.5});
  reads("44049f760105", Value::of_number(ValueType::Counter64, 5));  // as agents of v1 have it
  reads("440c9f760900ffffffffffffffff", Value::of_number(ValueType::Counter64, UINT64_MAX));
  reads("44049f760205", {.type = ValueType::Opaque, .octets = "\x9f\x76\2\5"});
  reads("44079f78053fc00000", {.type = ValueType::Opaque, .octets = std::string("\x9f\x78\5\x3f\xc0\0\0", 7)});
  reads("8000", {.type = ValueType::NoSuchObject});
  reads("8100", {.type = ValueType::NoSuchInstance});
  reads("8200", {.type = ValueType::EndOfMibView});
}

TEST(Codec, RefusesWhatIsNotAValue) {
  const auto refuses = [](Code code, std::string_view element) {
    SCOPED_TRACE(element);
    const auto message = decode(response_with(element));
    ASSERT_FALSE(message);
    EXPECT_EQ(code, message.error().code) << message.error().text;
  };
  refuses(Code::Invalid, "0200");                      // an INTEGER without octets
  refuses(Code::Invalid, "02050080000000");            // beyond 32 bits
  refuses(Code::Invalid, "4100");                      // empty Counter32
  refuses(Code::Invalid, "41050100000000");            // beyond 32 bits
  refuses(Code::Invalid, "41060000000000ff");          // too long, whatever it says
  refuses(Code::Invalid, "4101ff");                    // negative
  refuses(Code::Invalid, "43050100000000");            // TimeTicks beyond 32 bits
  refuses(Code::Invalid, "4600");                      // empty Counter64
  refuses(Code::Invalid, "4609010000000000000000");    // beyond 64 bits
  refuses(Code::Invalid, "460a00000000000000000001");  // too long
  refuses(Code::Invalid, "0600");                      // empty OID
  refuses(Code::Invalid, "06032b0680");                // arc without an end
  refuses(Code::Invalid, "06042b068001");              // arc not minimal
  refuses(Code::Invalid, "06072b069080808000");        // arc 2^32
  refuses(Code::Invalid, "060c2b068180808080808080807f");
  refuses(Code::Invalid, "40037f0000");
  refuses(Code::Invalid, "4000");
  refuses(Code::Invalid, "050100");  // NULL with content
  refuses(Code::Invalid, "800100");
  refuses(Code::Invalid, "048041420000");  // indefinite length
  refuses(Code::Invalid, "0485000000000141");
  refuses(Code::Invalid, "2403040141");  // constructed
  refuses(Code::Invalid, "780400000000");
  refuses(Code::Invalid, "020100020100");  // two values
  refuses(Code::Truncated, "04054142");
  refuses(Code::Truncated, "04848000000041");
}

TEST(Codec, RefusesDeepOids) {
  std::string arcs;
  for (int i = 0; i < 126; ++i) arcs += "01";
  const auto with = [&](const std::string& content) {
    Bytes octets = *from_hex(content);
    ber::Writer element;
    element.clear();
    element.prepend_element(ber::kObjectId, octets);
    return decode(response_with(to_hex(element.written())));
  };
  const auto most = with("2b" + arcs);
  ASSERT_TRUE(most);
  EXPECT_EQ(128U, most->pdu.varbinds[0].value.oid.size());
  EXPECT_FALSE(with("2b" + arcs + "01"));
}

TEST(Codec, RefusesOtherMessages) {
  const auto refuses = [](Code code, std::string_view hex) {
    SCOPED_TRACE(hex);
    const auto message = decode(*from_hex(hex));
    ASSERT_FALSE(message);
    EXPECT_EQ(code, message.error().code) << message.error().text;
  };
  refuses(Code::Truncated, "");
  refuses(Code::Invalid, "0500");
  refuses(Code::Unsupported, "3003020102");
  refuses(Code::Unsupported, "3003020103");
  refuses(Code::Invalid, "3012020100040070a50b0201010201000201003000");
  refuses(Code::Invalid,
          "3010020100"
          "0400"
          "a509"
          "020101020100020100"
          "3000");  // list outside its PDU
  refuses(Code::Invalid,
          "3012020100"
          "0400"
          "a50b"
          "020101020100020100"
          "3000");  // GETBULK in v1
  refuses(Code::Invalid,
          "3012020101"
          "0400"
          "a40b"
          "020101020100020100"
          "3000");  // v1 trap in v2c
  refuses(Code::Invalid,
          "3012020101"
          "0400"
          "a90b"
          "020101020100020100"
          "3000");
  refuses(Code::Invalid,
          "3014020101"
          "0400"
          "a20d"
          "020101020100020100"
          "3000"
          "0500");  // left over in the PDU
  refuses(Code::Invalid,
          "3014020101"
          "0400"
          "a20b"
          "020101020100020100"
          "3000"
          "0500");  // left over in the message
  EXPECT_TRUE(
      decode(*from_hex("3012020101"
                       "0400"
                       "a20b"
                       "020101020100020100"
                       "3000")));
  EXPECT_TRUE(
      decode(*from_hex("3012020101"
                       "0400"
                       "a20b"
                       "020101020100020100"
                       "3000"
                       "0000")));  // behind the message
}

TEST(Codec, GivesBackWhatWasEncoded) {
  Random random(20'261'123);
  for (int i = 0; i < 3000; ++i) {
    SCOPED_TRACE(i);
    const Message message = random_message(random);
    const auto octets = encode(message);
    ASSERT_TRUE(octets) << octets.error().text;
    const auto again = decode(*octets);
    ASSERT_TRUE(again) << again.error().text;
    ASSERT_EQ(message, *again);
  }
}

TEST(Codec, RefusesEveryTruncation) {
  Random random(7);
  for (int i = 0; i < 60; ++i) {
    const auto octets = encode(random_message(random));
    ASSERT_TRUE(octets);
    const std::size_t step = octets->size() > 4096 ? 97 : 1;
    for (std::size_t size = 0; size < octets->size(); size += step) {
      const Bytes cut(octets->begin(), octets->begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_FALSE(decode(cut)) << i << " cut to " << size << " of " << octets->size();
    }
  }
}

TEST(Codec, WillNotWriteWhatBerCannotSay) {
  const auto refuses = [](Varbind varbind) {
    Message message;
    message.pdu.varbinds.push_back(std::move(varbind));
    const auto octets = encode(message);
    ASSERT_FALSE(octets);
    EXPECT_EQ(Code::Invalid, octets.error().code);
  };
  refuses({Oid{}, {}});
  refuses({Oid{1}, {}});
  refuses({Oid{1, 40}, {}});
  refuses({Oid{3, 1}, {}});
  refuses({Oid(std::vector<std::uint32_t>(129, 1)), {}});
  refuses({Oid{1, 3}, {.type = ValueType::IpAddress, .octets = "abc"}});
  refuses({Oid{1, 3}, {.type = ValueType::Integer, .integer = INT64_C(1) << 31}});
  refuses({Oid{1, 3}, {.type = ValueType::Counter32, .number = UINT64_C(1) << 32}});
}

TEST(OidView, OrdersAsArcsDo) {
  Random random(11);
  std::vector<Oid> oids{Oid{1, 3},         Oid{1, 3, 127}, Oid{1, 3, 128}, Oid{1, 3, 16'383},
                        Oid{1, 3, 16'384}, Oid{2, 100, 3}, Oid{2, 5}};
  for (int i = 0; i < 60; ++i) oids.push_back(random_oid(random));
  for (const Oid& a : oids) {
    for (const Oid& b : oids) {
      const auto octets_a = *encode_oid(a), octets_b = *encode_oid(b);
      ASSERT_EQ(a <=> b, OidView(octets_a) <=> OidView(octets_b)) << a.to_string() << " and " << b.to_string();
      ASSERT_EQ(a.starts_with(b), OidView(octets_a).starts_with(OidView(octets_b)));
    }
    ASSERT_EQ(a, OidView(*encode_oid(a)).to_oid());
  }
}

TEST(OidView, BeginsWithAPrefixOfAnyLength) {
  for (std::size_t size = 1; size <= 40; ++size) {
    SCOPED_TRACE(size);
    std::vector<std::uint8_t> octets(size), longer;
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(1 + i);
    longer = octets;
    EXPECT_TRUE(OidView(longer).starts_with(OidView(octets)));
    longer.push_back(7);
    EXPECT_TRUE(OidView(longer).starts_with(OidView(octets)));
    EXPECT_FALSE(OidView(octets).starts_with(OidView(longer)));
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<std::uint8_t> other = longer;
      other[i] ^= 0x40;
      EXPECT_FALSE(OidView(other).starts_with(OidView(octets))) << i;
    }
  }
}

TEST(Encoder, FillsAResponseUpToALimit) {
  Encoder encoder;
  encoder.start();
  const Varbind varbind{Oid{1, 3, 6, 1}, Value::of_octets(std::string(200, 'x'))};
  const auto raw = *varbind_octets(varbind);
  for (int i = 0; i < 20; ++i) {
    const std::size_t before = encoder.size();
    encoder.add_raw(raw);
    if (encoder.size() + Encoder::message_overhead("public") > 1472) {
      encoder.cut(before);
      break;
    }
  }
  const Octets datagram = encoder.finish(Version::V2c, "public", {PduType::Response, 7, 0, 0});
  EXPECT_LE(datagram.size(), 1472U);
  EXPECT_GT(datagram.size(), 1200U);
  const auto message = decode(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(std::vector<Varbind>(6, varbind), message->pdu.varbinds);
}

TEST(Encoder, TellsWhereTheRepetitionsStand) {
  Encoder encoder;
  for (const std::size_t names : {std::size_t{0}, std::size_t{1}, std::size_t{9}}) {
    encoder.start();
    for (std::size_t i = 0; i < names; ++i) ASSERT_TRUE(encoder.add({Oid{1, 3, 6, 1, 2, 1, 2, 2, 1, 10}, {}}));
    const Octets datagram = encoder.finish(Version::V2c, "public", {PduType::GetBulk, 7, 0, 25});
    Bytes halved(datagram.begin(), datagram.end());
    ASSERT_EQ(25, halved[encoder.repetitions_at()]);
    halved[encoder.repetitions_at()] = 12;
    EXPECT_EQ(12, decode(halved)->pdu.error_index);
  }
}

TEST(Decoder, BorrowsAndKeepsItsRoom) {
  Decoder decoder;
  const Bytes first = response_with("0403414243"), second = response_with("410105");
  const auto a = decoder.decode(first);
  ASSERT_TRUE(a);
  EXPECT_EQ("ABC", a->varbinds[0].value.text());
  EXPECT_EQ("public", a->community);
  EXPECT_EQ(nullptr, decoder.decode(second)->varbinds[0].value.octets.data());
  EXPECT_EQ(5.0, decoder.decode(second)->varbinds[0].value.to_double());
  EXPECT_FALSE(decoder.decode(Octets(second).first(second.size() - 1)));
}

}  // namespace bongsu::snmp
