// SPDX-License-Identifier: Apache-2.0
#include "snmp/secured.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "random_message.h"
#include "snmp/codec.h"

namespace bongsu::snmp {
namespace {

const std::vector<std::uint8_t> kEngineId{0x80, 0x00, 0x1f, 0x88, 0x04, 'b', 'o', 'n', 'g'};

std::shared_ptr<const User> nms(AuthProtocol auth, PrivProtocol priv) {
  PassPhraseKeys keys;
  UserSpec spec{.name = "nms",
                .auth = auth,
                .auth_pass_phrase = Secret("authentic1"),
                .priv = priv,
                .priv_pass_phrase = Secret("private123")};
  return *User::make(spec, keys);
}
std::vector<std::uint8_t> scoped_get(Encoder& encoder, std::size_t varbinds) {
  encoder.start();
  for (std::uint32_t i = 0; i < varbinds; ++i)
    EXPECT_TRUE(
        encoder.add(Varbind{Oid{1, 3, 6, 1, 2, 1, 2, 2, 1, 10, i + 1}, Value::of_number(ValueType::Counter32, i * 1'000'000)}));
  const Octets out = encoder.finish_scoped(kEngineId, "ctx", {PduType::GetBulk, 77, 1, 25});
  EXPECT_EQ(25, out[encoder.repetitions_at()]);
  return {out.begin(), out.end()};
}
SecuredHead head_of(SecurityLevel level) {
  return {
      .message_id = 4711, .level = level, .reportable = true, .engine_id = kEngineId, .boots = 3, .time = 86'400, .user = "nms"};
}

}  // namespace

TEST(Secured, ReadsAndWritesADiscovery) {
  // RFC 3414 section 4: no engine, no user, an empty GET.
  const std::vector<std::uint8_t> octets{0x30, 0x3e, 0x02, 0x01, 0x03, 0x30, 0x11, 0x02, 0x04, 0x1a, 0x2b, 0x3c, 0x4d,
                                         0x02, 0x03, 0x00, 0xff, 0xe3, 0x04, 0x01, 0x04, 0x02, 0x01, 0x03, 0x04, 0x10,
                                         0x30, 0x0e, 0x04, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x04, 0x00, 0x04,
                                         0x00, 0x04, 0x00, 0x30, 0x14, 0x04, 0x00, 0x04, 0x00, 0xa0, 0x0e, 0x02, 0x04,
                                         0x10, 0x20, 0x30, 0x40, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x00};
  SecuredView view;
  ASSERT_EQ(ber::Fault::None, read_secured(octets, view));
  EXPECT_EQ(0x1a2b3c4d, view.message_id);
  EXPECT_EQ(65'507, view.max_size);
  EXPECT_TRUE(view.reportable);
  EXPECT_TRUE(view.engine_id.empty() && view.user.empty() && view.mac.empty() && view.salt.empty());
  Decoder decoder;
  ScopedView scoped;
  ASSERT_EQ(ber::Fault::None, decoder.decode_scoped(view.scoped, scoped));
  EXPECT_EQ(PduType::GetRequest, scoped.type);
  EXPECT_EQ(0x10203040, scoped.request_id);
  EXPECT_TRUE(scoped.varbinds.empty());
  // And so do we write it.
  Encoder encoder;
  encoder.start();
  const Octets ours = encoder.finish_scoped({}, {}, {PduType::GetRequest, 0x10203040, 0, 0});
  SecuredWriter writer;
  SecuredHead head{.message_id = 0x1a2b3c4d, .reportable = true};
  const Octets written = writer.write(head, ours, nullptr, 0);
  EXPECT_EQ(octets, std::vector<std::uint8_t>(written.begin(), written.end()));
}

TEST(Secured, WhatIsWrittenIsRead) {
  Encoder encoder;
  Decoder decoder;
  SecuredWriter writer;
  for (const AuthProtocol auth : {AuthProtocol::Md5, AuthProtocol::Sha224, AuthProtocol::Sha512}) {
    for (const PrivProtocol priv : {PrivProtocol::Des, PrivProtocol::Aes128, PrivProtocol::Aes256}) {
      LocalKeys keys = nms(auth, priv)->localized(kEngineId);
      for (const SecurityLevel level : {SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv}) {
        for (const std::size_t varbinds : {0U, 1U, 5U, 200U}) {
          SCOPED_TRACE(std::string(to_string(auth)) + " " + std::string(to_string(priv)) + " " + std::string(to_string(level)) +
                       " " + std::to_string(varbinds));
          const auto scoped = scoped_get(encoder, varbinds);
          const Octets octets = writer.write(head_of(level), scoped, &keys, 99);
          SecuredView view;
          ASSERT_EQ(ber::Fault::None, read_secured(octets, view));
          EXPECT_EQ(4711, view.message_id);
          EXPECT_EQ(level, view.level);
          EXPECT_TRUE(view.reportable);
          EXPECT_TRUE(std::ranges::equal(kEngineId, view.engine_id));
          EXPECT_EQ(3, view.boots);
          EXPECT_EQ(86'400, view.time);
          EXPECT_EQ("nms", view.user);
          EXPECT_EQ(octets.size(), view.message.size());
          if (level != SecurityLevel::NoAuthNoPriv) {
            EXPECT_TRUE(keys.check(view.message, view.mac_at, view.mac));
          }
          std::vector<std::uint8_t> plain(view.scoped.begin(), view.scoped.end());
          if (level == SecurityLevel::AuthPriv) {
            EXPECT_FALSE(std::ranges::equal(scoped, view.scoped));
            ASSERT_TRUE(keys.decrypt(view.boots, view.time, view.salt, view.scoped, plain));
          }
          ScopedView inside;
          ASSERT_EQ(ber::Fault::None, decoder.decode_scoped(plain, inside));
          EXPECT_EQ("ctx", inside.context_name);
          EXPECT_TRUE(std::ranges::equal(kEngineId, inside.context_engine_id));
          EXPECT_EQ(77, inside.request_id);
          EXPECT_EQ(25, inside.max_repetitions());
          ASSERT_EQ(varbinds, inside.varbinds.size());
          for (std::size_t i = 0; i < varbinds; ++i) EXPECT_EQ(i * 1'000'000, inside.varbinds[i].value.number);
        }
      }
    }
  }
}

// Every type of PDU and value, level and protocol: what was written comes back, and no truncation of it is read.
TEST(Secured, GivesBackAnyMessage) {
  Random random(20'261'124);
  Encoder encoder;
  Decoder decoder;
  SecuredWriter writer;
  constexpr AuthProtocol kAuth[] = {AuthProtocol::Md5,    AuthProtocol::Sha1,   AuthProtocol::Sha224,
                                    AuthProtocol::Sha256, AuthProtocol::Sha384, AuthProtocol::Sha512};
  constexpr PrivProtocol kPriv[] = {PrivProtocol::Des,    PrivProtocol::Aes128,  PrivProtocol::Aes192,
                                    PrivProtocol::Aes256, PrivProtocol::Aes192C, PrivProtocol::Aes256C};
  constexpr SecurityLevel kLevels[] = {SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv};
  std::vector<LocalKeys> all;
  for (const AuthProtocol auth : kAuth)
    for (const PrivProtocol priv : kPriv) all.push_back(nms(auth, priv)->localized(kEngineId));
  for (int i = 0; i < 1'000; ++i) {
    SCOPED_TRACE(i);
    Message message{.version = Version::V3, .community = {}, .pdu = random_pdu(random, Version::V3)};
    const std::string context = random_octets(random, 32);
    const std::string context_engine = random_octets(random, 32), engine = random_octets(random, 32);
    const std::string user = random_octets(random, 32);
    const auto octets_of = [](const std::string& text) {
      return Octets(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    LocalKeys& keys = all[random.below(all.size())];
    SecuredHead head{.message_id = static_cast<std::int32_t>(random.next32() >> 1),
                     .max_size = static_cast<std::int32_t>(random.next32() >> 1),
                     .level = kLevels[random.below(3)],
                     .reportable = random.chance(0.5),
                     .engine_id = octets_of(engine),
                     .boots = static_cast<std::int32_t>(random.next32() >> 1),
                     .time = static_cast<std::int32_t>(random.next32() >> 1),
                     .user = user};
    encoder.start();
    for (const Varbind& varbind : message.pdu.varbinds) ASSERT_TRUE(encoder.add(varbind));
    const Octets scoped = encoder.finish_scoped(octets_of(context_engine), context, message.pdu);
    const Octets written = writer.write(head, scoped, &keys, random.next());
    SecuredView view;
    ASSERT_EQ(ber::Fault::None, read_secured(written, view));
    EXPECT_EQ(head.message_id, view.message_id);
    EXPECT_EQ(head.max_size, view.max_size);
    EXPECT_EQ(head.level, view.level);
    EXPECT_EQ(head.reportable, view.reportable);
    EXPECT_TRUE(std::ranges::equal(head.engine_id, view.engine_id));
    EXPECT_EQ(head.boots, view.boots);
    EXPECT_EQ(head.time, view.time);
    EXPECT_EQ(user, view.user);
    std::vector<std::uint8_t> plain(view.scoped.begin(), view.scoped.end());
    if (head.level != SecurityLevel::NoAuthNoPriv) {
      EXPECT_TRUE(keys.check(view.message, view.mac_at, view.mac));
    }
    if (head.level == SecurityLevel::AuthPriv) {
      ASSERT_TRUE(keys.decrypt(view.boots, view.time, view.salt, view.scoped, plain));
    }
    ScopedView inside;
    ASSERT_EQ(ber::Fault::None, decoder.decode_scoped(plain, inside));
    EXPECT_EQ(context, inside.context_name);
    EXPECT_TRUE(std::ranges::equal(octets_of(context_engine), inside.context_engine_id));
    ASSERT_EQ(message, inside.to_message());
    const std::size_t step = written.size() > 1'024 ? 61 : 1;
    for (std::size_t size = 0; size < written.size(); size += step) {
      const std::vector<std::uint8_t> cut(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_NE(ber::Fault::None, read_secured(cut, view)) << size;
    }
  }
}

TEST(Secured, RefusesEachTruncation) {
  Encoder encoder;
  Decoder decoder;
  SecuredWriter writer;
  LocalKeys keys = nms(AuthProtocol::Sha256, PrivProtocol::Aes128)->localized(kEngineId);
  const auto scoped = scoped_get(encoder, 5);
  for (const SecurityLevel level : {SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv}) {
    const Octets octets = writer.write(head_of(level), scoped, &keys, 1);
    for (std::size_t size = 0; size < octets.size(); ++size) {
      const std::vector<std::uint8_t> cut(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
      SecuredView view;
      EXPECT_NE(ber::Fault::None, read_secured(cut, view)) << size;
    }
  }
  for (std::size_t size = 0; size < scoped.size(); ++size) {
    const std::vector<std::uint8_t> cut(scoped.begin(), scoped.begin() + static_cast<std::ptrdiff_t>(size));
    ScopedView view;
    EXPECT_NE(ber::Fault::None, decoder.decode_scoped(cut, view)) << size;
  }
}

TEST(Secured, RefusesWhatRfc3412Does) {
  Encoder encoder;
  SecuredWriter writer;
  LocalKeys keys = nms(AuthProtocol::Md5, PrivProtocol::Des)->localized(kEngineId);
  const auto scoped = scoped_get(encoder, 1);
  const Octets written = writer.write(head_of(SecurityLevel::AuthNoPriv), scoped, &keys, 1);
  const std::vector<std::uint8_t> good(written.begin(), written.end());
  // 30 xx, version (02 01), 30 xx, msgID (02 02), msgMaxSize (02 03), msgFlags, msgSecurityModel.
  const std::size_t version = 2 + 2, id = version + 1 + 2, size = id + 4, flags = size + 5 + 2, model = flags + 1 + 2;
  ASSERT_LT(good[1], 0x80);  // a short length
  ASSERT_EQ(0x05, good[flags]);
  ASSERT_EQ(0x03, good[model]);
  const auto with = [&](std::size_t at, std::uint8_t octet) {
    auto changed = good;
    changed[at] = octet;
    SecuredView view;
    return read_secured(changed, view);
  };
  EXPECT_EQ(ber::Fault::None, with(flags, 0x05));
  EXPECT_EQ(ber::Fault::None, with(flags, 0xf5));   // reserved bits
  EXPECT_EQ(ber::Fault::Flags, with(flags, 0x02));  // privacy without authentication
  EXPECT_EQ(ber::Fault::Flags, with(flags, 0x03));  // says encrypted, is plain
  EXPECT_EQ(ber::Fault::Model, with(model, 0x02));
  EXPECT_EQ(ber::Fault::Range, with(id + 2, 0x80));  // a negative msgID
  EXPECT_EQ(ber::Fault::Version, with(version, 0x02));
  EXPECT_EQ(ber::Fault::Tag, with(flags - 2, 0x02));
  SecuredHead head = head_of(SecurityLevel::NoAuthNoPriv);
  SecuredView view;
  const std::vector<std::uint8_t> long_id(33, 1);
  head.engine_id = long_id;
  EXPECT_EQ(ber::Fault::Size, read_secured(writer.write(head, scoped, nullptr, 1), view));
  head = head_of(SecurityLevel::NoAuthNoPriv);
  const std::string long_name(33, 'x');
  head.user = long_name;
  EXPECT_EQ(ber::Fault::Size, read_secured(writer.write(head, scoped, nullptr, 1), view));
  head = head_of(SecurityLevel::NoAuthNoPriv);
  head.boots = -1;
  EXPECT_EQ(ber::Fault::Range, read_secured(writer.write(head, scoped, nullptr, 1), view));
}

}  // namespace bongsu::snmp
