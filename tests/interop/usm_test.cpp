// SPDX-License-Identifier: Apache-2.0
// Our keys, authentication and privacy against Net-SNMP's own functions.
#include "snmp/usm.h"

#include <gmock/gmock.h>
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
// After the two above.
#include <net-snmp/library/keytools.h>
#include <net-snmp/library/scapi.h>

#include <algorithm>

#include "base/random.h"

namespace bongsu::interop {
namespace {

using snmp::AuthProtocol;
using snmp::PrivProtocol;
using Bytes = std::vector<std::uint8_t>;

constexpr AuthProtocol kAuth[] = {AuthProtocol::Md5,    AuthProtocol::Sha1,   AuthProtocol::Sha224,
                                  AuthProtocol::Sha256, AuthProtocol::Sha384, AuthProtocol::Sha512};
struct Priv {
  PrivProtocol ours;
  int theirs;
  unsigned key;
};
constexpr Priv kPriv[] = {{PrivProtocol::Des, USM_CREATE_USER_PRIV_DES, 16},
                          {PrivProtocol::Aes128, USM_CREATE_USER_PRIV_AES, 16},
                          {PrivProtocol::Aes192, USM_CREATE_USER_PRIV_AES192, 24},
                          {PrivProtocol::Aes256, USM_CREATE_USER_PRIV_AES256, 32},
                          {PrivProtocol::Aes192C, USM_CREATE_USER_PRIV_AES192_CISCO, 24},
                          {PrivProtocol::Aes256C, USM_CREATE_USER_PRIV_AES256_CISCO, 32}};

// usmHMAC...AuthProtocol: 2 (MD5) to 7 (SHA-512) below snmpAuthProtocols, in the order of AuthProtocol.
std::vector<oid> auth_oid(AuthProtocol protocol) { return {1, 3, 6, 1, 6, 3, 10, 1, 1, static_cast<oid>(protocol) + 1}; }
Bytes bytes(snmp::Octets octets) { return {octets.begin(), octets.end()}; }
u_int size_of(const auto& list) { return static_cast<u_int>(list.size()); }

Bytes random_bytes(Random& random, std::size_t size) {
  Bytes out(size);
  for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(random.next32());
  return out;
}
std::string random_phrase(Random& random) {
  std::string out;
  for (std::size_t left = 8 + random.below(60); left > 0; --left) out += static_cast<char>(33 + random.below(94));
  return out;
}

Bytes their_ku(AuthProtocol protocol, const std::string& phrase) {
  const auto type = auth_oid(protocol);
  Bytes out(64);
  std::size_t size = out.size();
  EXPECT_EQ(SNMPERR_SUCCESS, generate_Ku(type.data(), size_of(type), reinterpret_cast<const u_char*>(phrase.data()),
                                         phrase.size(), out.data(), &size));
  out.resize(size);
  return out;
}
Bytes their_kul(AuthProtocol protocol, const Bytes& ku, const Bytes& engine) {
  const auto type = auth_oid(protocol);
  Bytes out(64);
  std::size_t size = out.size();
  EXPECT_EQ(SNMPERR_SUCCESS,
            generate_kul(type.data(), size_of(type), engine.data(), engine.size(), ku.data(), ku.size(), out.data(), &size));
  out.resize(size);
  return out;
}
Bytes their_privacy_key(AuthProtocol auth, const Priv& priv, const Bytes& kul, const Bytes& engine) {
  auto type = auth_oid(auth);
  Bytes id = engine;
  u_char* buffer = static_cast<u_char*>(std::calloc(1, 256));  // theirs to reallocate
  std::copy(kul.begin(), kul.end(), buffer);
  std::size_t size = kul.size();
  EXPECT_EQ(SNMPERR_SUCCESS,
            netsnmp_extend_kul(priv.key, type.data(), size_of(type), priv.theirs, id.data(), size_of(id), &buffer, &size, 256));
  Bytes out(buffer, buffer + std::min<std::size_t>(size, priv.key));
  std::free(buffer);
  return out;
}

}  // namespace

class UsmOracle : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("SNMPCONFPATH", "/nonexistent", 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    ASSERT_EQ(SNMPERR_SUCCESS, sc_init());
  }
  Random random{20'240'611};
};

TEST_F(UsmOracle, KeysAreTheSame) {
  for (const AuthProtocol auth : kAuth) {
    for (int i = 0; i < 4; ++i) {
      const std::string phrase = random_phrase(random);
      const Bytes engine = random_bytes(random, 5 + random.below(28));
      SCOPED_TRACE(std::string(to_string(auth)) + " \"" + phrase + "\" " + std::to_string(engine.size()));
      const auto ku = snmp::stretch(auth, phrase);
      ASSERT_TRUE(ku) << ku.error().text;
      const Bytes theirs = their_ku(auth, phrase);
      ASSERT_EQ(theirs, bytes(ku->octets()));
      const auto kul = snmp::localize(auth, *ku, engine);
      ASSERT_TRUE(kul);
      const Bytes their_local = their_kul(auth, theirs, engine);
      ASSERT_EQ(their_local, bytes(kul->octets()));
      for (const Priv& priv : kPriv) {
        SCOPED_TRACE(to_string(priv.ours));
        const auto key = snmp::privacy_key(auth, priv.ours, *kul, engine);
        ASSERT_TRUE(key);
        EXPECT_EQ(their_privacy_key(auth, priv, their_local, engine), bytes(key->octets()));
      }
    }
  }
}

TEST_F(UsmOracle, MacsAndCiphersAreTheSame) {
  for (const AuthProtocol auth : kAuth) {
    for (const Priv& priv : kPriv) {
      const std::string phrase = random_phrase(random), secret = random_phrase(random);
      const Bytes engine = random_bytes(random, 5 + random.below(28));
      SCOPED_TRACE(std::string(to_string(auth)) + " " + std::string(to_string(priv.ours)) + " \"" + phrase + "\" \"" + secret +
                   "\"");
      snmp::PassPhraseKeys keys;
      snmp::UserSpec spec{
          .name = "nms", .auth = auth, .auth_pass_phrase = Secret(phrase), .priv = priv.ours, .priv_pass_phrase = Secret(secret)};
      const auto user = snmp::User::make(spec, keys);
      ASSERT_TRUE(user) << user.error().text;
      snmp::LocalKeys ours = (*user)->localized(engine);
      const Bytes kul = their_kul(auth, their_ku(auth, phrase), engine);
      Bytes key = their_privacy_key(auth, priv, their_kul(auth, their_ku(auth, secret), engine), engine);

      for (const std::size_t size : {64U, 120U, 300U, 1'400U, 9'000U}) {
        Bytes message = random_bytes(random, size);
        const std::size_t at = random.below(size - 48 + 1), octets = mac_octets(auth);
        std::fill_n(message.begin() + static_cast<std::ptrdiff_t>(at), octets, std::uint8_t{0});
        auto type = auth_oid(auth);
        Bytes theirs(64);
        std::size_t their_size = octets;
        ASSERT_EQ(SNMPERR_SUCCESS, sc_generate_keyed_hash(type.data(), type.size(), kul.data(), size_of(kul), message.data(),
                                                          size_of(message), theirs.data(), &their_size));
        theirs.resize(octets);
        Bytes mac(octets);
        // Whatever stands in its place counts as zeros.
        std::fill_n(message.begin() + static_cast<std::ptrdiff_t>(at), octets, std::uint8_t{0xee});
        ours.sign(message, at, mac);
        EXPECT_EQ(theirs, mac);
        EXPECT_TRUE(ours.check(message, at, theirs));

        const auto boots = static_cast<std::int32_t>(random.next32() >> 1),
                   time = static_cast<std::int32_t>(random.next32() >> 1);
        Bytes plain = random_bytes(random, size / 8 * 8);  // what they do to a part of a block is theirs
        Bytes cipher, back(plain.size() + 16);
        std::array<std::uint8_t, 8> salt{};
        ours.encrypt(boots, time, random.next(), plain, cipher, salt);
        Bytes iv;
        if (priv.ours == PrivProtocol::Des) {
          for (std::size_t i = 0; i < 8; ++i) iv.push_back(key[8 + i] ^ salt[i]);
        } else {
          for (const std::int32_t number : {boots, time})
            for (int shift = 24; shift >= 0; shift -= 8) iv.push_back(static_cast<std::uint8_t>(number >> shift));
          iv.insert(iv.end(), salt.begin(), salt.end());
        }
        std::size_t length = 0;
        oid* priv_type = sc_get_priv_oid(priv.theirs, &length);
        ASSERT_NE(nullptr, priv_type);
        std::size_t back_size = back.size();
        Bytes their_iv = iv, their_in = cipher;
        ASSERT_EQ(SNMPERR_SUCCESS, sc_decrypt(priv_type, length, key.data(), size_of(key), their_iv.data(), size_of(their_iv),
                                              their_in.data(), size_of(their_in), back.data(), &back_size));
        back.resize(back_size);
        EXPECT_EQ(plain, back);
        Bytes again;
        ASSERT_TRUE(ours.decrypt(boots, time, salt, cipher, again));
        EXPECT_EQ(plain, again);
      }
    }
  }
}

}  // namespace bongsu::interop
