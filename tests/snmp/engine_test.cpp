// SPDX-License-Identifier: Apache-2.0
// What is known of SNMPv3 engines over a restart, and what is noted of those that err.
#include "snmp/engine.h"

#include <gmock/gmock.h>

#include <map>

#include "base/lock.h"
#include "fake_v3_agent.h"
#include "snmp/client.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Oid kWatchedName{1, 3, 6, 1, 2, 1, 1, 5, 0};

std::shared_ptr<const User> engine_user(AuthProtocol auth = AuthProtocol::Sha256, PrivProtocol priv = PrivProtocol::Aes128) {
  static PassPhraseKeys keys;
  UserSpec spec{.name = "nms",
                .auth = auth,
                .auth_pass_phrase = Secret("authentic1"),
                .priv = priv,
                .priv_pass_phrase = Secret("private123")};
  return *User::make(spec, keys);
}
asio::awaitable<void> keep_answer(asio::awaitable<Result<Response>> work, std::optional<Result<Response>>& into) {
  into.emplace(co_await std::move(work));
}

}  // namespace

class KeptEngines final : public StateStore {
 public:
  Guarded<std::map<std::string, std::string>> engines;
  Result<std::optional<std::string>> get(std::string_view, std::string_view) const override {
    return std::optional<std::string>();
  }
  Status scan(std::string_view table, std::string_view,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    if (table != EngineRecord::kTable) return {};
    for (const auto& [key, value] : *engines.lock())
      if (!visit(key, value)) break;
    return {};
  }
  Status commit(const StateBatch& batch) override {
    for (const auto& change : batch.changes) {
      if (change.table != EngineRecord::kTable) continue;
      if (change.value) engines.lock()->insert_or_assign(change.key, *change.value);
      else engines.lock()->erase(change.key);
    }
    return {};
  }
};

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() { agent.objects[kWatchedName] = Value::of_octets("core1"); }
  // As a new process would have it.
  void restart(Millis away = 1h) {
    client.reset();
    keeper->flush();
    world.run_for(away);
    client = std::make_unique<Client>(world.reactor(), metrics, ClientOptions{.keeper = keeper.get()});
    ASSERT_TRUE(client->remember(store));
  }
  Target target(std::shared_ptr<const User> user = engine_user()) const {
    auto credentials = std::make_shared<Credentials>();
    credentials->name = "core";
    credentials->version = Version::V3;
    credentials->level = user->level();
    credentials->user = std::move(user);
    return {.name = "core1", .endpoint = agent.at(), .credentials = std::move(credentials)};
  }
  Result<Response> get(const Target& to) {
    std::optional<Result<Response>> out;
    std::vector<Oid> oids{kWatchedName};
    world.reactor().spawn(keep_answer(client->get(to, oids), out));
    world.run_for(10s);
    if (!out) return Error{Code::Cancelled, "still waiting"};
    return std::move(*out);
  }
  // Answered, after so many more discoveries and reports.
  void answers(int discoveries, int reports) {
    const int discovered = agent.discoveries, reported = agent.reports;
    const auto got = get(target());
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ("core1", got->varbinds.at(0).value.octets);
    EXPECT_EQ(discoveries, agent.discoveries - discovered);
    EXPECT_EQ(reports, agent.reports - reported);
  }
  void noted(Trait trait, const std::string& evidence) {
    const Dialect* dialect = client->dialect(agent.at());
    ASSERT_NE(nullptr, dialect);
    const Observation* seen = dialect->find(trait);
    ASSERT_NE(nullptr, seen) << to_string(trait);
    EXPECT_THAT(seen->evidence, HasSubstr(evidence));
  }

  net::SimWorld world{1};
  Metrics metrics;
  KeptEngines store;
  std::unique_ptr<StateKeeper> keeper = std::make_unique<StateKeeper>(store, metrics, 1000h);
  FakeV3Agent agent{world, *net::Endpoint::parse("10.0.0.1:161"), engine_user()};
  std::unique_ptr<Client> client = std::make_unique<Client>(world.reactor(), metrics, ClientOptions{.keeper = keeper.get()});
};

TEST_F(EngineTest, AfterARestartTheFirstRequestIsAuthentic) {
  answers(1, 1);
  restart();
  answers(0, 0);
  restart(90 * 24h);
  answers(0, 0);
}

TEST_F(EngineTest, AfterARestartOneResyncMendsTheEstimate) {
  answers(1, 1);
  agent.reboot(8);
  restart();
  answers(0, 1);
  restart();
  answers(0, 0);  // what was mended is kept
  agent.time_offset += 100'000;
  restart();
  answers(0, 1);
  agent.reboot(1);
  restart();
  answers(0, 1);
}

TEST_F(EngineTest, AfterARestartAnotherEngineIdIsFound) {
  answers(1, 1);
  agent.engine_id.push_back('2');
  restart();
  answers(1, 2);  // the report that it is unknown, and the discovery's
  noted(Trait::EngineIdChanged, "was 80001f88046167656e74 and is 80001f88046167656e7432 now");
  // And where the agent drops what is for another engine, at the second try.
  agent.engine_id.push_back('3');
  restart();
  agent.silent_about_engines = true;
  answers(1, 1);
}

TEST_F(EngineTest, ASilentChangeOfTheEngineIdIsFoundWithinOnePoll) {
  answers(1, 1);
  agent.engine_id.push_back('2');
  agent.silent_about_engines = true;
  EXPECT_FALSE(get(target()));
  answers(1, 1);
  answers(0, 0);
  // A device that was away is asked once more, and keeps its clock.
  agent.ignore = 100;
  EXPECT_FALSE(get(target()));
  agent.ignore = 0;
  answers(1, 1);
  answers(0, 0);
}

TEST_F(EngineTest, IsWrittenOnDiscoveryAndResyncAlone) {
  answers(1, 1);
  EXPECT_EQ(1U, keeper->waiting());
  keeper->flush();
  for (int i = 0; i < 20; ++i) answers(0, 0);
  EXPECT_EQ(0U, keeper->waiting());
  agent.reboot(8);
  answers(0, 1);
  EXPECT_EQ(2U, keeper->waiting());  // the engine, and the dialect that tells of the reboot
  keeper->flush();
  client->forget(agent.at());
  keeper->flush();
  EXPECT_TRUE(store.engines.lock()->empty());
}

TEST_F(EngineTest, RecordsThatCannotBeReadAreLeftOut) {
  const EngineRecord record{.id = agent.engine_id, .boots = 7, .time = 5, .at = world.reactor().clock().now()};
  EXPECT_EQ(record, *decode_engine(encode(record)));
  const std::string good = encode(record);
  for (std::size_t size = 0; size < 18; ++size) EXPECT_FALSE(decode_engine(good.substr(0, size))) << size;
  EXPECT_FALSE(decode_engine(good + std::string(33, 'x')));
  EXPECT_EQ(Code::Unsupported, decode_engine("\x02" + good.substr(1)).error().code);
  std::string negative = good;
  negative[1] = '\x80';
  EXPECT_FALSE(decode_engine(negative));
  store.engines.lock()->emplace("10.0.0.1:161", "\x01nonsense");
  store.engines.lock()->emplace("nowhere", good);
  restart();
  answers(1, 1);
}

TEST_F(EngineTest, TellsWhatAgentsDoToTheirClocks) {
  answers(1, 1);
  agent.reboot(8);
  answers(0, 1);
  noted(Trait::EngineReboots, "its engineBoots were 7 and are 8");
  agent.reboot(1);
  answers(0, 1);
  noted(Trait::BootsReset, "its engineBoots were 8 and are 1");
  agent.time_offset = 500'000;
  answers(0, 1);
  noted(Trait::TimeJump, "its engineBoots were 1 and are 1, its engineTime 500");
  agent.max_size = 400;
  answers(0, 0);
  noted(Trait::MessageSize, "400 octets at most");
  EXPECT_EQ(400, client->dialect(agent.at())->message_octets);
  FakeV3Agent twin(world, *net::Endpoint::parse("10.0.0.2:161"), engine_user());
  twin.objects = agent.objects;
  Target second = target();
  second.endpoint = twin.at();
  ASSERT_TRUE(get(second));
  const Dialect* dialect = client->dialect(twin.at());
  ASSERT_NE(nullptr, dialect);
  ASSERT_NE(nullptr, dialect->find(Trait::DuplicateEngineId));
  EXPECT_THAT(dialect->find(Trait::DuplicateEngineId)->evidence, HasSubstr("is that of 10.0.0.1:161, too"));
}

TEST_F(EngineTest, KeysThatTakeLongAreMadeOnceForAllThatWait) {
  for (const auto& [auth, priv] :
       {std::pair(AuthProtocol::Md5, PrivProtocol::Aes256C), std::pair(AuthProtocol::Sha1, PrivProtocol::Aes192C),
        std::pair(AuthProtocol::Sha224, PrivProtocol::Aes256C)}) {
    SCOPED_TRACE(std::string(to_string(auth)) + " " + std::string(to_string(priv)));
    FakeV3Agent slow(world, *net::Endpoint::parse("10.0.0.3:161"), engine_user(auth, priv));
    slow.objects = agent.objects;
    Target to = target(engine_user(auth, priv));
    to.endpoint = slow.at();
    std::vector<std::optional<Result<Response>>> out(20);
    for (auto& one : out) {
      std::vector<Oid> oids{kWatchedName};
      world.reactor().spawn(keep_answer(client->get(to, oids), one));
    }
    world.run_for(10s);
    for (const auto& one : out) {
      ASSERT_TRUE(one);
      EXPECT_TRUE(*one) << one->error().text;
    }
    EXPECT_EQ(20, slow.requests);
    EXPECT_EQ(1, slow.discoveries);
    EXPECT_EQ(0U, client->in_flight());
    client->forget(slow.at());
  }
}

}  // namespace bongsu::snmp
