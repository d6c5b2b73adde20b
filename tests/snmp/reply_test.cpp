// SPDX-License-Identifier: Apache-2.0
// Replies from another address than was asked.
#include "client_fixture.h"
#include "fake_v3_agent.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const net::Address kOther = *net::Address::parse("10.0.9.9");

std::shared_ptr<const User> reply_user(const std::string& phrase = "authentic1") {
  static PassPhraseKeys keys;
  UserSpec spec{.name = "nms",
                .auth = AuthProtocol::Sha256,
                .auth_pass_phrase = Secret(phrase),
                .priv = PrivProtocol::Aes128,
                .priv_pass_phrase = Secret("private123")};
  return *User::make(spec, keys);
}

}  // namespace

class ReplyTest : public ClientTest {
 protected:
  ReplyTest() {
    agent.put(kName, Value::of_octets("core1"));
    agent.answer_from = kOther;
  }
  Result<Response> get(const Target& to) {
    std::vector<Oid> oids{kName};
    return wait(client->get(to, oids));
  }
  std::string evidence() {
    const Dialect* dialect = client->dialect(agent.at());
    const Observation* seen = dialect == nullptr ? nullptr : dialect->find(Trait::ReplyAddress);
    return seen == nullptr ? "" : seen->evidence;
  }
};

TEST_F(ReplyTest, IsNotBelievedButToldOf) {
  const auto got = get(target());
  ASSERT_FALSE(got);
  EXPECT_EQ(Code::Timeout, got.error().code);
  EXPECT_THAT(got.error().text, HasSubstr("answers came from 10.0.9.9:161, and are not believed: add reply_from: [10.0.9.9]"));
  EXPECT_EQ(4U, discarded("address"));  // three tries, and one in v1
  EXPECT_THAT(evidence(),
              HasSubstr("it was asked at 10.0.0.1:161 and answered from 10.0.9.9:161; such answers are not believed"));
  EXPECT_EQ(0U, client->in_flight());
}

TEST_F(ReplyTest, IsTakenWhereTheAddressIsConfigured) {
  Target to = target();
  to.reply_from = {*net::Network::parse("10.0.8.0/24"), *net::Network::parse("10.0.9.0/24")};
  const auto got = get(to);
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ("core1", got->varbinds.at(0).value.octets);
  EXPECT_THAT(evidence(), HasSubstr("that address is known as its own"));
  EXPECT_EQ(0U, discarded("address"));
  to.reply_from.pop_back();
  EXPECT_FALSE(get(to));
}

TEST_F(ReplyTest, IsTakenFromWhereTheSameDeviceWasPolled) {
  FakeAgent old(world, {kOther, 161});
  old.put(kName, Value::of_octets("core1"));
  Target before = target();
  before.endpoint = old.at();
  before.name = "sw2";
  ASSERT_TRUE(get(before));
  EXPECT_FALSE(get(target()));  // another device
  before.name = "sw1";
  ASSERT_TRUE(get(before));
  const auto got = get(target());
  EXPECT_TRUE(got) << got.error().text;
}

TEST_F(ReplyTest, OfV3IsTakenWithKeysAlone) {
  FakeV3Agent v3(world, *net::Endpoint::parse("10.0.0.2:161"), reply_user());
  v3.objects[kName] = Value::of_octets("core1");
  v3.answer_from = kOther;
  const auto by = [&](SecurityLevel level, const std::string& phrase = "authentic1") {
    auto credentials = std::make_shared<Credentials>();
    credentials->name = "core";
    credentials->version = Version::V3;
    credentials->user = reply_user(phrase);
    credentials->level = level;
    Target out = target();
    out.endpoint = v3.at();
    out.credentials = std::move(credentials);
    return out;
  };
  EXPECT_TRUE(get(by(SecurityLevel::AuthPriv)));
  EXPECT_TRUE(get(by(SecurityLevel::AuthNoPriv)));
  ASSERT_NE(nullptr, client->dialect(v3.at()));
  EXPECT_NE(nullptr, client->dialect(v3.at())->find(Trait::ReplyAddress));
  v3.reboot(9);  // an authentic report
  EXPECT_TRUE(get(by(SecurityLevel::AuthPriv)));
  const auto open = get(by(SecurityLevel::NoAuthNoPriv));
  ASSERT_FALSE(open);
  EXPECT_THAT(open.error().text, HasSubstr("answers came from 10.0.9.9:161, and are not believed"));
  // A report that nobody vouches for ends nothing.
  const auto wrong = get(by(SecurityLevel::AuthPriv, "wrong phrase"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(Code::Timeout, wrong.error().code);
  Target allowed = by(SecurityLevel::NoAuthNoPriv);
  allowed.reply_from = {*net::Network::parse("10.0.9.9")};
  EXPECT_TRUE(get(allowed));
}

}  // namespace bongsu::snmp
