// SPDX-License-Identifier: Apache-2.0
// What tests against a real snmpd share: one snmpd for a suite, and a user of each kind that it has.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "interop/snmpd.h"

namespace bongsu::interop {

inline constexpr snmp::AuthProtocol kAuth[] = {snmp::AuthProtocol::Md5,    snmp::AuthProtocol::Sha1,
                                               snmp::AuthProtocol::Sha224, snmp::AuthProtocol::Sha256,
                                               snmp::AuthProtocol::Sha384, snmp::AuthProtocol::Sha512};
// All but none.
inline constexpr snmp::PrivProtocol kPriv[] = {snmp::PrivProtocol::Des,     snmp::PrivProtocol::Aes128,
                                               snmp::PrivProtocol::Aes192,  snmp::PrivProtocol::Aes256,
                                               snmp::PrivProtocol::Aes192C, snmp::PrivProtocol::Aes256C};
inline constexpr const char *kAuthPhrase = "authentic phrase", *kPrivPhrase = "private phrase";

// "SHA-256_AES-128"
inline std::string user_name(snmp::AuthProtocol auth, snmp::PrivProtocol priv) {
  return std::string(to_string(auth)) + "_" + std::string(to_string(priv));
}

// Lines of snmpd.conf: "plain", who needs no authentication, and one user of each name above, who needs no privacy even where
// he has some. `view` goes behind each right, such as " -V still".
inline std::string all_users(const std::string& view = {}) {
  std::string out = "createUser plain\nrouser plain noauth" + view + "\n";
  for (const snmp::AuthProtocol auth : kAuth) {
    const auto add = [&](snmp::PrivProtocol priv) {
      const std::string name = user_name(auth, priv);
      out += "createUser " + name + " " + std::string(to_string(auth)) + " \"" + kAuthPhrase + "\"";
      if (priv != snmp::PrivProtocol::None) out += " " + std::string(to_string(priv)) + " \"" + kPrivPhrase + "\"";
      out += "\nrouser " + name + " auth" + view + "\n";
    };
    add(snmp::PrivProtocol::None);
    for (const snmp::PrivProtocol priv : kPriv) add(priv);
  }
  return out;
}

// Of the highest level that he has.
inline std::shared_ptr<snmp::Credentials> of_user(snmp::PassPhraseKeys& keys, const std::string& name, snmp::AuthProtocol auth,
                                                  snmp::PrivProtocol priv, const std::string& auth_phrase = kAuthPhrase,
                                                  const std::string& priv_phrase = kPrivPhrase) {
  const snmp::UserSpec spec{.name = name,
                            .auth = auth,
                            .auth_pass_phrase = Secret(auth == snmp::AuthProtocol::None ? "" : auth_phrase),
                            .priv = priv,
                            .priv_pass_phrase = Secret(priv == snmp::PrivProtocol::None ? "" : priv_phrase)};
  const auto user = snmp::User::make(spec, keys);
  BONGSU_CHECK(user.ok());
  auto out = std::make_shared<snmp::Credentials>();
  out->name = "core";
  out->version = snmp::Version::V3;
  out->user = *user;
  out->level = (*user)->level();
  return out;
}

class SnmpdTest : public ::testing::Test {
 protected:
  // For SetUpTestSuite(); `more` as for Snmpd::start().
  static void start(const std::string& more = {}) {
    if (!Snmpd::program()) return;
    auto started = Snmpd::start(more);
    ASSERT_TRUE(started) << started.error().text;
    snmpd = std::move(*started);
  }
  static void TearDownTestSuite() { snmpd.reset(); }
  void SetUp() override {
    if (!Snmpd::program()) GTEST_SKIP() << "snmpd is not installed (Debian package snmpd)";
    ASSERT_TRUE(snmpd) << "snmpd did not start";
  }
  static std::vector<net::Endpoint> endpoints() {
    std::vector<net::Endpoint> out{snmpd->v4()};
    if (Snmpd::has_ipv6()) out.push_back(snmpd->v6());
    return out;
  }
  // As the programs of Net-SNMP name it.
  static std::string named(const net::Endpoint& at, const std::string& transport = "udp") {
    return transport + (at.address.is_v4() ? ":" : "6:") + at.to_string();
  }

  Live live;
  static inline std::unique_ptr<Snmpd> snmpd;
};

}  // namespace bongsu::interop
