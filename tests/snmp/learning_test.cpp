// SPDX-License-Identifier: Apache-2.0
// Agents that do one thing wrong each: the values are had, nothing untrue is, and the dialect says what was seen.
#include <fmt/format.h>

#include "learning_fixture.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

}  // namespace

TEST_F(LearningTest, NothingIsLearnedOfAGoodAgent) {
  meet();
  EXPECT_EQ(3U, requests_of_a_walk(10, 24));  // GETNEXT bears out the first row of the first GETBULK
  EXPECT_EQ(1U, requests_of_a_walk(10, 24));
  agent.limit = 1'472;
  EXPECT_EQ(5U, requests_of_a_walk(10, 24));
  agent.limit = 484;
  EXPECT_LE(requests_of_a_walk(10, 24), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_THAT(traits(), ::testing::IsEmpty());
  Dialect plain;
  plain.srtt = dialect().srtt;
  plain.rttvar = dialect().rttvar;
  plain.tries = dialect().tries;
  EXPECT_EQ(plain, dialect());
}

TEST_F(LearningTest, CapsOfVarbindsAreFound) {
  enum class Kind { TooBig, Cut, GenErr, Silent, Empty };
  for (const Kind kind : {Kind::TooBig, Kind::Cut, Kind::GenErr, Kind::Silent, Kind::Empty}) {
    for (const std::size_t cap : {std::size_t{1}, std::size_t{5}, std::size_t{10}, std::size_t{25}, std::size_t{50}}) {
      SCOPED_TRACE(fmt::format("kind {} cap {}", static_cast<int>(kind), cap));
      restart({});
      agent.twist = [&](const Message& request, Message answer) -> std::optional<Message> {
        if (asked_varbinds(request) <= cap) return answer;
        switch (kind) {
          case Kind::TooBig:
            answer = failing(request, std::move(answer), kTooBig);
            answer.pdu.varbinds.clear();
            return answer;
          case Kind::Cut:
            if (answer.pdu.varbinds.size() > cap) answer.pdu.varbinds.resize(cap);
            return answer;
          case Kind::GenErr:
            return failing(request, std::move(answer), kGenErr);
          case Kind::Empty:
            answer.pdu.varbinds.clear();
            return answer;
          default:
            return std::nullopt;
        }
      };
      meet();
      EXPECT_LE(walks_to_whole(10, 24), 1);
      EXPECT_EQ(1, walks_to_whole(10, 24));
      const std::size_t requests = requests_of_a_walk(10, 24);
      // As many as the cap makes necessary, by whole rows and with a part left unused by the search.
      EXPECT_LE(requests, 240 / cap * 2 + 6);
      const std::uint64_t noted = seen(Trait::VarbindLimit) + seen(Trait::TooBig);
      if (cap > 1 || kind != Kind::Cut) {
        EXPECT_GT(noted, 0U);
      }
      EXPECT_EQ(0U, seen(Trait::BulkIgnored));
      EXPECT_EQ(0U, seen(Trait::NotIncreasing));
      // Few requests fail from now on.
      agent.asked.clear();
      EXPECT_EQ(1, walks_to_whole(10, 24));
      EXPECT_LE(std::count_if(agent.asked.begin(), agent.asked.end(),
                              [&](const Message& request) { return asked_varbinds(request) > cap; }),
                kind == Kind::Cut ? 240 : 0);
    }
  }
}

TEST_F(LearningTest, ABulkThatIsIgnoredIsAskedForNoMore) {
  agent.twist = [](const Message& request, Message answer) {
    return request.pdu.type == PduType::GetBulk ? std::nullopt : std::optional(answer);
  };
  meet();
  EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_FALSE(dialect().bulk);
  EXPECT_THAT(evidence(Trait::BulkIgnored), HasSubstr("no answer to GETBULK of 1.3.6.1.2.1.2.2.1"));
  EXPECT_EQ(0U, seen(Trait::VarbindLimit));
  EXPECT_EQ(25U, requests_of_a_walk(10, 24));
  for (const Message& request : agent.asked) EXPECT_EQ(PduType::GetNext, request.pdu.type);
  // A day later it is tried again, once; then it has learned.
  world.run_for(25h);
  EXPECT_LE(requests_of_a_walk(10, 24), 28U);  // the trial and its two early sendings
  EXPECT_FALSE(dialect().bulk);
  agent.twist = nullptr;
  world.run_for(25h);
  EXPECT_LE(requests_of_a_walk(10, 24), 5U);
  EXPECT_TRUE(dialect().bulk);
}

TEST_F(LearningTest, ABulkThatIsRefusedIsAskedForNoMore) {
  for (const std::int32_t status : std::initializer_list<std::int32_t>{kGenErr, 77, kTooBig}) {
    restart({});
    agent.twist = [&](const Message& request, Message answer) {
      if (request.pdu.type == PduType::GetBulk) return std::optional(failing(request, std::move(answer), status));
      return std::optional(answer);
    };
    EXPECT_EQ(1, walks_to_whole(10, 24));
    EXPECT_FALSE(dialect().bulk);
    EXPECT_GT(seen(Trait::BulkRefused), 0U);
    EXPECT_EQ(25U, requests_of_a_walk(10, 24));
  }
}

TEST_F(LearningTest, ABulkThatIsWrongIsNotBelieved) {
  const auto learns = [&](const char* what, std::function<void(const Message& request, std::vector<Varbind>&)> spoil) {
    SCOPED_TRACE(what);
    restart({});
    agent.twist = [spoil](const Message& request, Message answer) {
      if (request.pdu.type == PduType::GetBulk) spoil(request, answer.pdu.varbinds);
      return std::optional(answer);
    };
    EXPECT_EQ(1, walks_to_whole(10, 24));
    EXPECT_EQ(1, walks_to_whole(3, 24));
    EXPECT_FALSE(dialect().bulk);
    EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::BulkWrong)) << evidence(Trait::VarbindLimit);
  };
  learns("column by column", [](const Message& request, std::vector<Varbind>& varbinds) {
    const std::size_t names = request.pdu.varbinds.size(), rows = varbinds.size() / names;
    std::vector<Varbind> out;
    for (std::size_t c = 0; c < names; ++c)
      for (std::size_t r = 0; r < rows; ++r) out.push_back(varbinds[r * names + c]);
    varbinds = out;
  });
  learns("from the end", [](const Message&, std::vector<Varbind>& varbinds) { std::reverse(varbinds.begin(), varbinds.end()); });
  learns("rows exchanged", [](const Message& request, std::vector<Varbind>& varbinds) {
    const std::size_t names = request.pdu.varbinds.size();
    for (std::size_t c = 0; c < names && varbinds.size() >= 3 * names; ++c)
      std::swap(varbinds[names + c], varbinds[2 * names + c]);
  });
  learns("a column left out", [](const Message& request, std::vector<Varbind>& varbinds) {
    const std::size_t names = request.pdu.varbinds.size();
    if (names < 2) return;
    std::vector<Varbind> out;
    for (std::size_t i = 0; i < varbinds.size(); ++i)
      if (i % names != names - 1) out.push_back(varbinds[i]);
    varbinds = out;
  });
  learns("the first row again and again", [](const Message& request, std::vector<Varbind>& varbinds) {
    const std::size_t names = request.pdu.varbinds.size();
    for (std::size_t i = names; i < varbinds.size(); ++i) varbinds[i] = varbinds[i % names];
  });
  learns("as GETNEXT", [](const Message& request, std::vector<Varbind>& varbinds) {
    if (varbinds.size() > request.pdu.varbinds.size()) varbinds.resize(request.pdu.varbinds.size());
  });
}

TEST_F(LearningTest, AnEndlessColumnEndsAndTheOthersAreWhole) {
  const Oid column = kEntry + 2;
  agent.twist = [&](const Message& request, Message answer) {
    const std::size_t names = request.pdu.varbinds.size();
    std::vector<Oid> at;
    for (const Varbind& varbind : request.pdu.varbinds) at.push_back(varbind.oid);
    for (std::size_t i = 0; i < answer.pdu.varbinds.size() && names > 0; ++i) {
      Oid& from = at[i % names];
      if (from.starts_with(column))
        answer.pdu.varbinds[i] = {from == column ? column + 1 : column + (from.back() + 1), Value::of_integer(1)};
      from = answer.pdu.varbinds[i].oid;
    }
    return std::optional(answer);
  };
  ClientOptions options;
  options.limits.requests = 320;
  restart(options);
  for (const std::size_t most : {std::size_t{320}, std::size_t{20}}) {
    agent.asked.clear();
    const auto table = wait(client->table(target(), columns(3)), 3600s);
    ASSERT_TRUE(table) << table.error().text;
    EXPECT_TRUE(table->end.cut);
    ASSERT_EQ(1U, table->end.notes.size());
    EXPECT_THAT(table->end.notes[0], HasSubstr("1.3.6.1.2.1.2.2.1.2 was left at"));
    for (std::size_t row = 0; row < 24; ++row) {
      EXPECT_TRUE(table->rows[row].cells[0]);
      EXPECT_TRUE(table->rows[row].cells[2]);
    }
    EXPECT_EQ(most, agent.asked.size());  // what never ended before is not waited for as long
  }
  EXPECT_THAT(evidence(Trait::EndlessTable), HasSubstr("requests after"));
  ASSERT_EQ(1U, dialect().slow.size());
  EXPECT_TRUE(dialect().slow[0].endless);
}

TEST_F(LearningTest, ASlowTableIsKeptUntilItIsQuick) {
  world.link(agent.at().address).latency = 600ms;
  agent.limit = 500;
  EXPECT_EQ(1, walks_to_whole(10, 24));
  ASSERT_NE(nullptr, dialect().slow_table(kEntry + 1));
  EXPECT_GE(dialect().slow_table(kEntry + 1)->took, 5s);
  EXPECT_GT(seen(Trait::SlowTable), 0U);
  world.link(agent.at().address).latency = 5ms;
  EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_EQ(nullptr, dialect().slow_table(kEntry + 1));
}

TEST_F(LearningTest, AnswersBehindTheTimeOutAreNotTakenForALimit) {
  world.link(agent.at().address).latency = 1'500ms;  // 3 s there and back, and 2 s is the time-out
  agent.limit = 1'472;
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(wait(client->get(target(), {kUptime}), 60s));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(1, walks_to_whole(10, 24)) << i;
  EXPECT_EQ(0U, seen(Trait::VarbindLimit)) << evidence(Trait::VarbindLimit);
  EXPECT_EQ(0, dialect().varbinds);
}

TEST_F(LearningTest, LossIsNotTakenForALimit) {
  meet();
  world.link(agent.at().address).loss = 0.16;  // 30 % of round trips
  agent.limit = 1'472;
  int whole = 0;
  for (int i = 0; i < 60; ++i) {
    const auto table = wait(client->table(target(), columns(10)), 600s);
    whole += table && table->end.cells == 240;
  }
  EXPECT_GE(whole, 50);
  EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::PacketLoss))
      << evidence(Trait::VarbindLimit) << evidence(Trait::InFlightLimit);
  EXPECT_TRUE(dialect().bulk);
}

// In the long run every size is met with silence now and then.
TEST_F(LearningTest, LossIsNotTakenForALimitHoweverLongItLasts) {
  agent.limit = 1'472;
  int poor = 0, limits = 0;
  for (int device = 0; device < 3; ++device) {
    client->forget(agent.at());
    world.link(agent.at().address).loss = 0;
    meet();
    world.link(agent.at().address).loss = 0.16;
    for (int i = 0; i < 250; ++i) {
      agent.asked.clear();
      (void)wait(client->table(target(), columns(10)), 60s);
      poor += agent.asked.size() > 40;
    }
    limits += dialect().find(Trait::VarbindLimit) != nullptr;
  }
  EXPECT_EQ(0, limits);
  EXPECT_LE(poor, 3 * 250 / 100);
}

// With short time-outs a try is little more than one datagram.
TEST_F(LearningTest, LossIsNotTakenForALimitWhereTimeOutsAreShort) {
  for (int device = 0; device < 20; ++device) {
    SCOPED_TRACE(device);
    world.link(agent.at().address).loss = 0;
    client->forget(agent.at());
    meet();
    world.link(agent.at().address).loss = 0.16;
    Target to = target();
    to.timeout = 300ms;
    to.retries = 9;
    for (int i = 0; i < 10; ++i) {
      const auto table = wait(client->table(to, columns(10)), 600s);
      ASSERT_TRUE(table) << table.error().text;
      EXPECT_EQ(240U, table->end.cells);
    }
    EXPECT_EQ(nullptr, dialect().find(Trait::VarbindLimit)) << evidence(Trait::VarbindLimit);
    EXPECT_EQ(nullptr, dialect().find(Trait::SilentObject)) << evidence(Trait::SilentObject);
    EXPECT_TRUE(dialect().repetitions == 0 || dialect().repetitions > 5) << dialect().repetitions;
    EXPECT_TRUE(dialect().varbinds == 0 || dialect().varbinds > 50) << dialect().varbinds;
    EXPECT_TRUE(dialect().bulk);
  }
}

TEST_F(LearningTest, WhatIsAskedOnceIsOneDatagram) {
  world.link(agent.at().address).latency = 5ms;
  const auto oid = *encode_oid(kUptime);
  const VarbindView name{OidView(oid), {}};
  for (const bool once : {true, false}) {
    agent.twist = nullptr;
    meet();  // the round trip speaks for a second one soon
    agent.twist = [](const Message&, Message) { return std::optional<Message>(); };
    agent.asked.clear();
    Target to = target();
    to.retries = 0;
    bool done = false;
    client->request(to, {.varbinds = {&name, 1}, .once = once}, [&](const Result<Answer>& answer) { done = !answer; });
    world.run_for(10s);
    EXPECT_TRUE(done);
    EXPECT_EQ(once ? 1U : 3U, agent.asked.size());
  }
}

TEST_F(LearningTest, AnObjectThatFailsIsNotTakenForALimit) {
  agent.twist = [&](const Message& request, Message answer) {
    for (const Varbind& found : answer.pdu.varbinds)
      if (found.oid == kEntry + 4 + 20) return std::optional(failing(request, answer, kGenErr));
    return std::optional(answer);
  };
  for (int i = 0; i < 2; ++i) {
    const auto table = wait(client->table(target(), columns(10)));
    ASSERT_TRUE(table) << table.error().text;
    EXPECT_EQ(240U - 5, table->end.cells);
    EXPECT_EQ(1U, table->end.notes.size());
    EXPECT_THAT(traits(), ::testing::IsEmpty());
    EXPECT_EQ(0, dialect().varbinds);
    EXPECT_TRUE(dialect().bulk);
  }
}

TEST_F(LearningTest, AnAgentOfV1AloneIsSpokenToInV1) {
  agent.twist = [](const Message& request, Message answer) {
    return request.version == Version::V1 ? std::optional(answer) : std::nullopt;
  };
  EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_TRUE(dialect().v1);
  EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::V1Only));
  EXPECT_THAT(evidence(Trait::V1Only), HasSubstr("no answer to a GETBULK of SNMPv2c in 3 tries"));
  EXPECT_EQ(25U, requests_of_a_walk(10, 24));
  const auto got = wait(client->get(target(), {kUptime, kName}));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(1U, got->varbinds[0].value.number);
  EXPECT_EQ(ValueType::NoSuchObject, got->varbinds[1].value.type);
  EXPECT_EQ(Code::Unsupported, wait(client->get_bulk(target(), {kEntry}, 0, 4)).error().code);
  // At first sight by GET, too.
  restart({});
  EXPECT_TRUE(wait(client->get(target(), {kUptime})));
  EXPECT_TRUE(dialect().v1);
}

TEST_F(LearningTest, LossAtFirstContactIsNoV1) {
  for (int lost = 0; lost <= 7; ++lost) {
    SCOPED_TRACE(lost);
    restart({});
    agent.ignore = lost;
    // Three of v2c, one of v1 beside the last, then v2c again.
    const auto first = wait(client->get(target(), {kUptime}));
    EXPECT_EQ(lost < 4, first.ok());
    EXPECT_FALSE(dialect().v1);
    agent.ignore = 0;
    ASSERT_TRUE(wait(client->get(target(), {kUptime})));
    EXPECT_FALSE(dialect().v1);
    EXPECT_THAT(traits(), ::testing::IsEmpty());
  }
  // All but what is in v1 lost, and v2c answered in the end: up to the last of the proofs.
  for (int lost = 3; lost <= 7; ++lost) {
    SCOPED_TRACE(lost);
    restart({});
    int left = lost;
    agent.twist = [&](const Message& request, Message answer) {
      return request.version == Version::V1 || left-- <= 0 ? std::optional(answer) : std::nullopt;
    };
    const auto first = wait(client->get(target(), {kUptime}));
    ASSERT_TRUE(first) << first.error().text;
    EXPECT_FALSE(dialect().v1);
    EXPECT_EQ(Version::V2c, agent.asked.back().version);
  }
}

TEST_F(LearningTest, WithoutRetriesV1IsFoundAndLossIsNotV1) {
  Target hasty = target();
  hasty.timeout = Millis(200);
  hasty.retries = 0;
  agent.twist = [](const Message& request, Message answer) {
    return request.version == Version::V1 ? std::optional(answer) : std::nullopt;
  };
  const auto found = wait(client->get(hasty, {kUptime}));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_TRUE(dialect().v1);
  for (int lost = 0; lost <= 5; ++lost) {
    SCOPED_TRACE(lost);
    restart({});
    int left = lost;
    agent.twist = [&](const Message& request, Message answer) {
      return request.version == Version::V1 || left-- <= 0 ? std::optional(answer) : std::nullopt;
    };
    const auto first = wait(client->get(hasty, {kUptime}));
    ASSERT_TRUE(first) << first.error().text;
    EXPECT_FALSE(dialect().v1);
  }
}

TEST_F(LearningTest, V2cIsTriedAgainEachHour) {
  bool v1_only = true;
  agent.twist = [&](const Message& request, Message answer) {
    return request.version == Version::V1 || !v1_only ? std::optional(answer) : std::nullopt;
  };
  ASSERT_TRUE(wait(client->get(target(), {kUptime})));
  EXPECT_TRUE(dialect().v1);
  for (int i = 0; i < 3; ++i) {
    agent.asked.clear();
    for (int poll = 0; poll < 61; ++poll) ASSERT_TRUE(wait(client->get(target(), {kUptime})));
    EXPECT_TRUE(dialect().v1);
    EXPECT_GE(agent.asked.size(), 62U);
    EXPECT_LE(agent.asked.size(), 65U);
  }
  v1_only = false;
  for (int poll = 0; poll < 62; ++poll) ASSERT_TRUE(wait(client->get(target(), {kUptime})));
  EXPECT_FALSE(dialect().v1);
  EXPECT_THAT(traits(), ::testing::IsEmpty());
  EXPECT_EQ(Version::V2c, agent.asked.back().version);
}

TEST_F(LearningTest, ADeadDeviceIsNotTakenForV1) {
  agent.ignore = 1'000;
  EXPECT_FALSE(wait(client->get(target(), {kUptime})));
  EXPECT_FALSE(dialect().v1);
  EXPECT_EQ(4, 1'000 - agent.ignore);  // three tries and one in v1
  agent.ignore = 0;
  meet();
  agent.ignore = 1'000;
  EXPECT_FALSE(wait(client->get(target(), {kUptime})));
  EXPECT_EQ(5, 1'000 - agent.ignore);  // what answered v2c is not asked in v1
  EXPECT_THAT(traits(), ::testing::IsEmpty());
}

TEST_F(LearningTest, AGetLearnsTheLimitToo) {
  std::vector<Oid> oids;
  for (std::uint32_t r = 1; r <= 24; ++r) oids.push_back(kEntry + 1 + r);
  for (std::uint32_t r = 1; r <= 24; ++r) oids.push_back(kEntry + 2 + r);
  const auto learns = [&](const char* what, Trait trait, std::function<std::optional<Message>(const Message&, Message)> twist) {
    SCOPED_TRACE(what);
    restart({});
    agent.twist = std::move(twist);
    for (int i = 0; i < 3; ++i) {
      agent.asked.clear();
      const auto got = wait(client->get(target(), oids));
      ASSERT_TRUE(got) << got.error().text;
      for (std::uint32_t r = 0; r < 48; ++r)
        ASSERT_EQ((std::uint64_t{r / 24 + 1} << 32 | (r % 24 + 1)), got->varbinds[r].value.number) << r;
    }
    EXPECT_GT(seen(trait), 0U);
    EXPECT_LE(agent.asked.size(), 10U);
  };
  learns("tooBig", Trait::TooBig, [](const Message& request, Message answer) {
    return std::optional(request.pdu.varbinds.size() > 5 ? failing(request, answer, kTooBig) : answer);
  });
  learns("genErr", Trait::VarbindLimit, [](const Message& request, Message answer) {
    return std::optional(request.pdu.varbinds.size() > 5 ? failing(request, answer, kGenErr) : answer);
  });
  learns("silent", Trait::VarbindLimit, [](const Message& request, Message answer) {
    return request.pdu.varbinds.size() > 5 ? std::nullopt : std::optional(answer);
  });
  learns("cut", Trait::VarbindLimit, [](const Message&, Message answer) {
    if (answer.pdu.varbinds.size() > 5) answer.pdu.varbinds.resize(5);
    return std::optional(answer);
  });
  learns("empty", Trait::EmptyAnswer, [](const Message&, Message answer) {
    if (answer.pdu.varbinds.size() > 5) answer.pdu.varbinds.clear();
    return std::optional(answer);
  });
  learns("another order", Trait::WrongObjects, [](const Message&, Message answer) {
    std::reverse(answer.pdu.varbinds.begin(), answer.pdu.varbinds.end());
    return std::optional(answer);
  });
}

TEST_F(LearningTest, WhatWasLearnedOutlivesTheClient) {
  KeptRecords records;
  ClientOptions options;
  StateKeeper keeper(records, metrics, 3600s);
  options.keeper = &keeper;
  restart(options);
  agent.twist = [](const Message& request, Message answer) {
    return request.pdu.type == PduType::GetBulk ? std::nullopt : std::optional(answer);
  };
  meet();
  EXPECT_EQ(1, walks_to_whole(10, 24));
  keeper.flush();
  EXPECT_EQ(1U, records.all.size());  // within some seconds
  const Dialect before = dialect();
  restart(options);
  EXPECT_EQ(nullptr, client->dialect(agent.at()));
  keeper.flush();
  ASSERT_TRUE(client->remember(records));
  EXPECT_EQ(before, dialect());
  EXPECT_EQ(25U, requests_of_a_walk(10, 24));
  client->forget(agent.at());
  world.run_for(20s);
  keeper.flush();
  EXPECT_TRUE(records.all.empty());
}

TEST_F(LearningTest, AnAgentOfSmallMessagesIsAskedInSmallOnes) {
  meet();
  client->dialects().of(agent.at()).message_octets = 300;
  EXPECT_EQ(1, walks_to_whole(10, 24));
  for (const Message& message : agent.asked) EXPECT_LE(encode(message)->size(), 300U);
}

}  // namespace bongsu::snmp
