// SPDX-License-Identifier: Apache-2.0
#include "snmp/usm.h"

#include <gmock/gmock.h>

namespace bongsu::snmp {
namespace {

using Bytes = std::vector<std::uint8_t>;
using ::testing::HasSubstr;

Bytes from_hex(std::string_view text) {
  Bytes out;
  std::string digits;
  for (const char c : text)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return out;
}
Bytes bytes(Octets octets) { return {octets.begin(), octets.end()}; }
std::shared_ptr<const User> make_user(AuthProtocol auth, PrivProtocol priv) {
  PassPhraseKeys keys;
  UserSpec spec{.name = "nms",
                .auth = auth,
                .auth_pass_phrase = Secret("maplesyrup"),
                .priv = priv,
                .priv_pass_phrase = Secret("mapletree1")};
  auto made = User::make(spec, keys);
  EXPECT_TRUE(made) << made.error().text;
  return *made;
}

const Bytes kEngine = from_hex("00 00 00 00 00 00 00 00 00 00 00 02");  // of RFC 3414 section A.3
constexpr AuthProtocol kAllAuth[] = {AuthProtocol::Md5,    AuthProtocol::Sha1,   AuthProtocol::Sha224,
                                     AuthProtocol::Sha256, AuthProtocol::Sha384, AuthProtocol::Sha512};
constexpr PrivProtocol kAllPriv[] = {PrivProtocol::Des,    PrivProtocol::Aes128,  PrivProtocol::Aes192,
                                     PrivProtocol::Aes256, PrivProtocol::Aes192C, PrivProtocol::Aes256C};

}  // namespace

TEST(Usm, MakesTheKeysOfRfc3414) {
  const Key md5 = *stretch(AuthProtocol::Md5, "maplesyrup");
  EXPECT_EQ(from_hex("9faf3283884e92834ebc9847d8edd963"), bytes(md5.octets()));
  EXPECT_EQ(from_hex("526f5eed9fcce26f8964c2930787d82b"), bytes(localize(AuthProtocol::Md5, md5, kEngine)->octets()));
  const Key sha = *stretch(AuthProtocol::Sha1, "maplesyrup");
  EXPECT_EQ(from_hex("9fb5cc0381497b3793528939ff788d5d79145211"), bytes(sha.octets()));
  EXPECT_EQ(from_hex("6695febc9288e36282235fc7151f128497b38f3f"), bytes(localize(AuthProtocol::Sha1, sha, kEngine)->octets()));
}

TEST(Usm, NamesProtocolsAsNetSnmpDoes) {
  for (const AuthProtocol protocol : kAllAuth) EXPECT_EQ(protocol, *parse_auth_protocol(to_string(protocol)));
  for (const PrivProtocol protocol : kAllPriv) EXPECT_EQ(protocol, *parse_priv_protocol(to_string(protocol)));
  EXPECT_EQ(AuthProtocol::Sha1, *parse_auth_protocol("SHA"));
  EXPECT_EQ(AuthProtocol::Sha512, *parse_auth_protocol("sha512"));
  EXPECT_EQ(PrivProtocol::Aes128, *parse_priv_protocol("AES"));
  EXPECT_EQ(PrivProtocol::Aes256C, *parse_priv_protocol("AES256C"));
  EXPECT_EQ(SecurityLevel::AuthPriv, *parse_security_level("authPriv"));
  EXPECT_EQ(SecurityLevel::NoAuthNoPriv, *parse_security_level("noauthnopriv"));
  EXPECT_THAT(parse_auth_protocol("SHA3").error().text, HasSubstr("\"SHA3\" is no authentication protocol; there are none, MD5"));
  EXPECT_THAT(parse_priv_protocol("").error().text, HasSubstr("no privacy protocol"));
  EXPECT_FALSE(parse_security_level("authpri"));
}

TEST(Usm, MacLengthComesFromTheProtocol) {
  // RFC 3414 sections 6 and 7, RFC 7860 section 4.2.2.
  const std::size_t sizes[] = {12, 12, 16, 24, 32, 48};
  for (std::size_t i = 0; i < std::size(kAllAuth); ++i) {
    SCOPED_TRACE(to_string(kAllAuth[i]));
    EXPECT_EQ(sizes[i], mac_octets(kAllAuth[i]));
    LocalKeys keys = make_user(kAllAuth[i], PrivProtocol::None)->localized(kEngine);
    Bytes message(120, 0x5a);
    Bytes mac(sizes[i]);
    keys.sign(message, 40, mac);
    std::copy(mac.begin(), mac.end(), message.begin() + 40);
    EXPECT_TRUE(keys.check(message, 40, mac));
    for (std::size_t size = 0; size <= 64; ++size) {
      if (size == sizes[i]) continue;
      Bytes other = mac;
      other.resize(size);
      EXPECT_FALSE(keys.check(message, 40, other)) << size;
    }
  }
}

TEST(Usm, EachFlippedBitIsSeen) {
  LocalKeys keys = make_user(AuthProtocol::Sha256, PrivProtocol::None)->localized(kEngine);
  Bytes message(100);
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i);
  Bytes mac(24);
  keys.sign(message, 30, mac);
  std::copy(mac.begin(), mac.end(), message.begin() + 30);
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    Bytes changed = message;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
    EXPECT_FALSE(keys.check(changed, 30, Octets(changed).subspan(30, 24))) << bit;
  }
  EXPECT_TRUE(keys.check(message, 30, Octets(message).subspan(30, 24)));
  EXPECT_FALSE(keys.check(message, 90, mac));  // would run past the end
  EXPECT_FALSE(keys.check(message, 1000, mac));
}

TEST(Usm, PrivacyComesBack) {
  for (const AuthProtocol auth : kAllAuth) {
    for (const PrivProtocol priv : kAllPriv) {
      SCOPED_TRACE(std::string(to_string(auth)) + " " + std::string(to_string(priv)));
      LocalKeys keys = make_user(auth, priv)->localized(kEngine);
      for (const std::size_t size : {1U, 7U, 8U, 9U, 15U, 16U, 17U, 120U, 1400U}) {
        Bytes plain(size), cipher, again;
        for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<std::uint8_t>(i * 7);
        std::array<std::uint8_t, 8> salt{}, next{};
        keys.encrypt(3, 4711, 0x0102030405060708, plain, cipher, salt);
        EXPECT_EQ(priv == PrivProtocol::Des ? (size + 7) / 8 * 8 : size, cipher.size());
        ASSERT_TRUE(keys.decrypt(3, 4711, salt, cipher, again));
        again.resize(size);
        EXPECT_EQ(plain, again);
        Bytes other;
        keys.encrypt(3, 4711, 0x0102030405060709, plain, other, next);
        EXPECT_NE(salt, next);
        EXPECT_NE(cipher, other);
      }
    }
  }
}

TEST(Usm, RefusesWhatCannotBeDecrypted) {
  LocalKeys des = make_user(AuthProtocol::Md5, PrivProtocol::Des)->localized(kEngine);
  LocalKeys aes = make_user(AuthProtocol::Md5, PrivProtocol::Aes128)->localized(kEngine);
  LocalKeys plain = make_user(AuthProtocol::Md5, PrivProtocol::None)->localized(kEngine);
  const Bytes salt(8), cipher(16);
  Bytes out;
  EXPECT_TRUE(des.decrypt(1, 1, salt, cipher, out));
  EXPECT_FALSE(des.decrypt(1, 1, salt, Bytes(15), out));
  EXPECT_FALSE(des.decrypt(1, 1, salt, Bytes(), out));
  EXPECT_TRUE(aes.decrypt(1, 1, salt, Bytes(15), out));
  EXPECT_FALSE(aes.decrypt(1, 1, Bytes(7), cipher, out));
  EXPECT_FALSE(aes.decrypt(1, 1, Bytes(9), cipher, out));
  EXPECT_FALSE(aes.decrypt(1, 1, salt, Bytes(kMostMessage + 1), out));
  EXPECT_FALSE(plain.decrypt(1, 1, salt, cipher, out));
}

TEST(Usm, OnePassPhraseIsStretchedOnce) {
  PassPhraseKeys keys;
  auto first = *keys.get(AuthProtocol::Sha256, "maplesyrup");
  EXPECT_EQ(first, *keys.get(AuthProtocol::Sha256, "maplesyrup"));
  EXPECT_EQ(1U, keys.size());
  const auto second = *keys.get(AuthProtocol::Sha1, "maplesyrup"), third = *keys.get(AuthProtocol::Sha256, "maplesyrup2");
  EXPECT_NE(first, second);
  EXPECT_NE(first, third);
  EXPECT_EQ(3U, keys.size());
  EXPECT_EQ(3U, keys.stretched());
  // Once nobody has it, it is gone from memory.
  first.reset();
  EXPECT_EQ(2U, keys.size());
  EXPECT_TRUE(keys.get(AuthProtocol::Sha256, "maplesyrup"));
  EXPECT_EQ(4U, keys.stretched());
}

TEST(Usm, UsersAreEqualWhereTheirKeysAre) {
  const auto user = [](const char* name, AuthProtocol auth, const char* phrase, PrivProtocol priv, const char* priv_phrase) {
    PassPhraseKeys keys;
    UserSpec spec{
        .name = name, .auth = auth, .auth_pass_phrase = Secret(phrase), .priv = priv, .priv_pass_phrase = Secret(priv_phrase)};
    return *User::make(spec, keys);
  };
  const auto one = user("nms", AuthProtocol::Sha1, "maplesyrup", PrivProtocol::Des, "mapletree1");
  EXPECT_EQ(*one, *user("nms", AuthProtocol::Sha1, "maplesyrup", PrivProtocol::Des, "mapletree1"));
  EXPECT_FALSE(*one == *user("nmt", AuthProtocol::Sha1, "maplesyrup", PrivProtocol::Des, "mapletree1"));
  EXPECT_FALSE(*one == *user("nms", AuthProtocol::Md5, "maplesyrup", PrivProtocol::Des, "mapletree1"));
  EXPECT_FALSE(*one == *user("nms", AuthProtocol::Sha1, "maplesyrux", PrivProtocol::Des, "mapletree1"));
  EXPECT_FALSE(*one == *user("nms", AuthProtocol::Sha1, "maplesyrup", PrivProtocol::Aes128, "mapletree1"));
  EXPECT_FALSE(*one == *user("nms", AuthProtocol::Sha1, "maplesyrup", PrivProtocol::Des, "mapletree2"));
  EXPECT_FALSE(*one == *user("nms", AuthProtocol::Sha1, "maplesyrup", PrivProtocol::None, ""));
}

TEST(Usm, SaysWhoseKeysTakeLong) {
  for (const AuthProtocol auth : kAllAuth) {
    for (const PrivProtocol priv : kAllPriv) {
      SCOPED_TRACE(std::string(to_string(auth)) + " " + std::string(to_string(priv)));
      const std::size_t digest = localize(auth, *stretch(auth, "maplesyrup"), kEngine)->size();
      const bool slow = (priv == PrivProtocol::Aes192C && digest < 24) || (priv == PrivProtocol::Aes256C && digest < 32);
      EXPECT_EQ(slow, make_user(auth, priv)->localizes_slowly());
    }
  }
}

TEST(Usm, RefusesUsersThatCannotBe) {
  PassPhraseKeys keys;
  const auto refuses = [&](UserSpec spec, const char* text) {
    const auto made = User::make(spec, keys);
    ASSERT_FALSE(made);
    EXPECT_EQ(Code::Invalid, made.error().code);
    EXPECT_THAT(made.error().text, HasSubstr(text));
  };
  refuses({.name = ""}, "1 to 32 octets");
  refuses({.name = std::string(33, 'x')}, "not 33");
  refuses({.name = "u", .priv = PrivProtocol::Aes128, .priv_pass_phrase = Secret("maplesyrup")}, "privacy needs authentication");
  refuses({.name = "u", .auth = AuthProtocol::Sha1, .auth_pass_phrase = Secret("short12")},
          "authentication: a pass phrase has 8");
  refuses({.name = "u", .auth = AuthProtocol::Sha1, .auth_pass_phrase = Secret("long enough"), .priv = PrivProtocol::Des},
          "privacy: ");
  const auto plain = User::make({.name = "u"}, keys);
  ASSERT_TRUE(plain);
  EXPECT_EQ(SecurityLevel::NoAuthNoPriv, (*plain)->level());
  EXPECT_EQ(SecurityLevel::AuthNoPriv, make_user(AuthProtocol::Md5, PrivProtocol::None)->level());
  EXPECT_EQ(SecurityLevel::AuthPriv, make_user(AuthProtocol::Md5, PrivProtocol::Des)->level());
}

}  // namespace bongsu::snmp
