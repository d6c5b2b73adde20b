// SPDX-License-Identifier: Apache-2.0
// Our SNMPv3 against Debian's snmpd: each pair of authentication and privacy that it has, and each way to be refused.
#include <gmock/gmock.h>

#include "interop/fixture.h"
#include "net/process.h"

namespace bongsu::interop {
namespace {

using snmp::AuthProtocol;
using snmp::PrivProtocol;
using snmp::SecurityLevel;
using snmp::Version;
using ::testing::AllOf;
using ::testing::HasSubstr;

const Oid kLocation{1, 3, 6, 1, 2, 1, 1, 6, 0};
const Oid kSystem{1, 3, 6, 1, 2, 1, 1};

}  // namespace

class SnmpV3Interop : public SnmpdTest {
 protected:
  static void SetUpTestSuite() { start(all_users()); }

  snmp::Target target(const std::string& name, AuthProtocol auth, PrivProtocol priv, SecurityLevel level,
                      const std::string& auth_phrase = kAuthPhrase, const std::string& priv_phrase = kPrivPhrase) {
    auto credentials = of_user(keys, name, auth, priv, auth_phrase, priv_phrase);
    credentials->level = level;
    snmp::Target out{.name = "snmpd", .endpoint = snmpd->v4(), .credentials = credentials};
    out.timeout = Millis(1'000);
    return out;
  }
  Result<snmp::Response> location(const snmp::Target& to) {
    std::vector<Oid> oids{kLocation};
    return live.wait(live.client.get(to, oids));
  }
  void answers(const snmp::Target& to) {
    const auto got = location(to);
    ASSERT_TRUE(got) << got.error().text;
    ASSERT_EQ(1U, got->varbinds.size());
    EXPECT_EQ("rack 7", got->varbinds[0].value.octets);
  }
  void refuses(const snmp::Target& to, Code code, const std::string& text) {
    const auto got = location(to);
    ASSERT_FALSE(got);
    EXPECT_EQ(code, got.error().code) << got.error().text;
    EXPECT_THAT(got.error().text, HasSubstr(text));
  }
  std::uint64_t count(const char* name) { return live.metrics.counter(name, "").value(); }

  snmp::PassPhraseKeys keys;
};

TEST_F(SnmpV3Interop, AnswersEachPair) {
  answers(target("plain", AuthProtocol::None, PrivProtocol::None, SecurityLevel::NoAuthNoPriv));
  for (const AuthProtocol auth : kAuth) {
    SCOPED_TRACE(to_string(auth));
    answers(target(user_name(auth, PrivProtocol::None), auth, PrivProtocol::None, SecurityLevel::AuthNoPriv));
    for (const PrivProtocol priv : kPriv) {
      SCOPED_TRACE(to_string(priv));
      answers(target(user_name(auth, priv), auth, priv, SecurityLevel::AuthPriv));
      answers(target(user_name(auth, priv), auth, priv, SecurityLevel::AuthNoPriv));
    }
  }
  EXPECT_EQ(1U, count("bongsu_snmp_discoveries_total"));
  EXPECT_EQ(2 * std::size(kAuth), keys.stretched());  // two pass phrases, however many users
}

TEST_F(SnmpV3Interop, WalksAsV2cDoes) {
  const auto walked = [&](const snmp::Target& to) {
    std::vector<std::string> out;
    std::function<bool(const Varbind&)> visit = [&out](const Varbind& varbind) {
      // Without what moves between two walks.
      out.push_back(varbind.oid.to_string() + (varbind.value.type == ValueType::TimeTicks ? "" : " " + varbind.value.to_text()));
      return true;
    };
    const auto end = live.wait(live.client.walk(to, kSystem, visit));
    EXPECT_TRUE(end) << end.error().text;
    return out;
  };
  const auto plain = walked(snmpd->target(Version::V2c, snmpd->v4()));
  EXPECT_GT(plain.size(), 20U);
  EXPECT_EQ(plain, walked(target("SHA-256_AES-128", AuthProtocol::Sha256, PrivProtocol::Aes128, SecurityLevel::AuthPriv)));
}

TEST_F(SnmpV3Interop, AnswersByTcp) {
  for (const AuthProtocol auth : {AuthProtocol::Md5, AuthProtocol::Sha512}) {
    for (const PrivProtocol priv : {PrivProtocol::Des, PrivProtocol::Aes256C}) {
      SCOPED_TRACE(user_name(auth, priv));
      snmp::Target to = target(user_name(auth, priv), auth, priv, SecurityLevel::AuthPriv);
      to.transport = snmp::Transport::Tcp;
      answers(to);
    }
  }
  EXPECT_EQ(1U, count("bongsu_snmp_connects_total"));
  snmp::Target wrong = target("nobody", AuthProtocol::Md5, PrivProtocol::Des, SecurityLevel::AuthPriv);
  wrong.transport = snmp::Transport::Tcp;
  refuses(wrong, Code::Denied, "does not know user \"nobody\"");
}

TEST_F(SnmpV3Interop, SaysWhatIsWrong) {
  refuses(target("nobody", AuthProtocol::Sha256, PrivProtocol::None, SecurityLevel::AuthNoPriv), Code::Denied,
          "does not know user \"nobody\"");
  refuses(target("SHA-256_AES-128", AuthProtocol::Sha256, PrivProtocol::Aes128, SecurityLevel::AuthPriv, "another phrase"),
          Code::Denied, "finds the authentication of user \"SHA-256_AES-128\" wrong");
  refuses(target("SHA-256_AES-128", AuthProtocol::Sha512, PrivProtocol::Aes128, SecurityLevel::AuthPriv), Code::Denied,
          "check the protocol (SHA-512)");
  refuses(target("SHA-256_none", AuthProtocol::Sha256, PrivProtocol::Aes128, SecurityLevel::AuthPriv), Code::Denied,
          "does not take authPriv from user \"SHA-256_none\"");
  for (const PrivProtocol priv : {PrivProtocol::Des, PrivProtocol::Aes128}) {
    SCOPED_TRACE(to_string(priv));
    const std::string name = user_name(AuthProtocol::Sha256, priv);
    auto to = target(name, AuthProtocol::Sha256, priv, SecurityLevel::AuthPriv, kAuthPhrase, "another phrase");
    to.timeout = Millis(200);
    to.retries = 0;
    refuses(to, Code::Denied, "answers user \"" + name + "\" without privacy, so it cannot decrypt");
  }
  auto other = target("SHA-256_AES-128", AuthProtocol::Sha256, PrivProtocol::Aes128, SecurityLevel::AuthPriv);
  auto credentials = std::make_shared<snmp::Credentials>();
  credentials->name = "core";
  credentials->version = Version::V3;
  credentials->user = other.credentials->user;
  credentials->context_name = "nowhere";
  other.credentials = credentials;
  other.retries = 0;
  refuses(other, Code::Denied, "it has no context \"nowhere\"");
}

TEST_F(SnmpV3Interop, TheCommandPrintsWhatSnmpgetDoes) {
  const auto command = [&](std::vector<std::string> options) {
    net::LiveProcesses processes;
    net::Command out{.program = std::string(BONGSU_BIN_DIR) + "/bongsu", .arguments = {"get"}, .environment = {}, .input = {}};
    for (std::string& option : options) out.arguments.push_back(std::move(option));
    out.arguments.insert(out.arguments.end(), {"-r", "0", snmpd->v4().to_string(), kLocation.to_string()});
    auto outcome = processes.run(out);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return outcome.value_or({});
  };
  const std::vector<std::string> options{"-u", "SHA-512_AES-256", "-a", "SHA-512",  "-A", kAuthPhrase,
                                         "-x", "AES-256",         "-X", kPrivPhrase};
  std::vector<std::string> theirs{"-v3", "-l", "authPriv", "-Oqv", snmpd->v4().to_string(), kLocation.to_string()};
  theirs.insert(theirs.begin() + 3, options.begin(), options.end());
  const auto printed = snmpd->run("snmpget", theirs);
  ASSERT_TRUE(printed) << printed.error().text;
  ASSERT_EQ(1U, printed->size());
  EXPECT_THAT(printed->front(), HasSubstr("rack 7"));
  std::vector<std::string> ours{"-v", "3"};
  ours.insert(ours.end(), options.begin(), options.end());
  auto got = command(ours);
  EXPECT_EQ(0, got.exit_code) << got.error_output;
  EXPECT_THAT(got.output, HasSubstr("rack 7"));
  ours.insert(ours.end(), {"-l", "authNoPriv"});
  got = command(ours);
  EXPECT_EQ(0, got.exit_code) << got.error_output;
  got = command({"-v", "3", "-u", "SHA-512_AES-256", "-a", "SHA-512", "-A", "another phrase"});
  EXPECT_EQ(1, got.exit_code);
  EXPECT_THAT(got.error_output, HasSubstr("finds the authentication of user \"SHA-512_AES-256\" wrong"));
  got = command({"-v", "3", "-u", "plain", "-A", "no protocol"});
  EXPECT_EQ(2, got.exit_code);
  EXPECT_THAT(got.error_output, HasSubstr("--auth-pass-phrase requires --auth-protocol"));
  got = command({"-v", "2c", "-u", "plain"});
  EXPECT_EQ(2, got.exit_code);
  EXPECT_THAT(got.error_output, HasSubstr("-u names a user of SNMPv3"));
  got = command({"-u", "plain"});
  EXPECT_EQ(0, got.exit_code) << got.error_output;
  EXPECT_THAT(got.output, HasSubstr("rack 7"));
}

TEST_F(SnmpV3Interop, FollowsANewEngineId) {
  const auto to = target("SHA-256_AES-128", AuthProtocol::Sha256, PrivProtocol::Aes128, SecurityLevel::AuthPriv);
  answers(to);
  snmpd->stop();
  ASSERT_TRUE(snmpd->resume());  // without its persistent file it makes another engine ID
  answers(to);
  EXPECT_EQ(2U, count("bongsu_snmp_discoveries_total"));
  EXPECT_EQ(1U, count("bongsu_snmp_engine_changes_total"));
  EXPECT_EQ(1U, count("bongsu_snmp_resyncs_total"));
}

}  // namespace bongsu::interop
