// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "client_fixture.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;
using ::testing::HasSubstr;

}  // namespace

TEST_F(ClientTest, GetsValuesInTheOrderAsked) {
  agent.put(kUptime, Value::of_number(ValueType::TimeTicks, 4711));
  agent.put(kName, Value::of_octets("sw1.example"));
  const auto got = wait(client->get(target(), {kName, kEntry, kUptime}));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ((std::vector<Varbind>{{kName, Value::of_octets("sw1.example")},
                                  {kEntry, {.type = ValueType::NoSuchInstance}},
                                  {kUptime, Value::of_number(ValueType::TimeTicks, 4711)}}),
            got->varbinds);
  EXPECT_EQ(10ms, got->rtt);
  EXPECT_EQ(1U, agent.asked.size());
  EXPECT_EQ("public", agent.asked[0].community);
}

TEST_F(ClientTest, SpeaksIPv6) {
  FakeAgent six(world, *net::Endpoint::parse("[2001:db8::1]:161"));
  six.put(kName, Value::of_octets("six"));
  Target to = target();
  to.endpoint = six.at();
  const auto got = wait(client->get(to, {kName}));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ("six", got->varbinds[0].value.octets);
}

TEST_F(ClientTest, NamesWhatV1DoesNotHave) {
  agent.put(kName, Value::of_octets("sw1"));
  const auto got = wait(client->get(target(Version::V1), {kUptime, kName, kEntry}));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(ValueType::NoSuchObject, got->varbinds[0].value.type);
  EXPECT_EQ("sw1", got->varbinds[1].value.octets);
  EXPECT_EQ(ValueType::NoSuchObject, got->varbinds[2].value.type);
  EXPECT_EQ(3U, agent.asked.size());
}

TEST_F(ClientTest, FindsTheMissingOneWhenTheAgentDoesNotSayWhich) {
  agent.put(kName, Value::of_octets("sw1"));
  agent.twist = [](const Message&, Message answer) {
    answer.pdu.error_index = 0;
    return std::optional(answer);
  };
  const auto got = wait(client->get(target(Version::V1), {kUptime, kName}));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(ValueType::NoSuchObject, got->varbinds[0].value.type);
  EXPECT_EQ("sw1", got->varbinds[1].value.octets);
}

TEST_F(ClientTest, HalvesAGetThatIsTooBig) {
  std::vector<Oid> oids;
  for (std::uint32_t i = 1; i <= 40; ++i) {
    oids.push_back(kEntry + i);
    agent.put(kEntry + i, Value::of_integer(static_cast<std::int32_t>(i)));
  }
  for (const Version version : {Version::V1, Version::V2c}) {
    for (const std::size_t most : {std::size_t{1}, std::size_t{5}, std::size_t{25}}) {
      agent.most = most;
      const auto got = wait(client->get(target(version), oids));
      ASSERT_TRUE(got) << got.error().text;
      ASSERT_EQ(40U, got->varbinds.size());
      for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(static_cast<std::int64_t>(i + 1), got->varbinds[i].value.integer);
    }
  }
  agent.most = 0;
  const auto got = wait(client->get(target(), oids));
  ASSERT_FALSE(got);
  EXPECT_EQ(Code::Refused, got.error().code);
  EXPECT_THAT(got.error().text, HasSubstr("tooBig"));
}

TEST_F(ClientTest, TimesOutAfterItsTriesAndSaysWhatToCheck) {
  world.link(agent.at().address).up = false;
  const SteadyTime start = world.clock().steady();
  std::optional<Result<Response>> out;
  world.reactor().spawn(keep(client->get(target(), {kUptime, kName}), out));
  world.run_until(start + 5'990ms);
  EXPECT_FALSE(out);
  world.run_until(start + 6'010ms);
  ASSERT_TRUE(out);
  ASSERT_FALSE(*out);
  EXPECT_EQ(Code::Timeout, out->error().code);
  EXPECT_THAT(out->error().text,
              HasSubstr("sw1 (10.0.0.1:161): no answer to GET of 1.3.6.1.2.1.1.3.0 and 1 more in 3 tries of 2s"));
  EXPECT_THAT(out->error().text, HasSubstr("office"));
  EXPECT_EQ(0U, client->in_flight());
}

TEST_F(ClientTest, TakesALateAnswerToAnEarlierTry) {
  agent.put(kName, Value::of_octets("slow"));
  world.link(agent.at().address).latency = 1'500ms;  // 3 s there and back
  const auto got = wait(client->get(target(), {kName}));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(2U, agent.asked.size());
  EXPECT_EQ(agent.asked[0].pdu.request_id, agent.asked[1].pdu.request_id);
  EXPECT_EQ(1U, discarded("duplicate"));  // the answer to the second try
}

TEST_F(ClientTest, CountsWhatComesTooLate) {
  agent.put(kName, Value::of_octets("slow"));
  world.link(agent.at().address).latency = 5s;
  EXPECT_EQ(Code::Timeout, wait(client->get(target(), {kName})).error().code);
  EXPECT_EQ(4U, discarded("late"));  // of three tries, and of the one in v1 beside the last
}

TEST_F(ClientTest, SurvivesLoss) {
  world.link(agent.at().address).loss = 0.3;
  agent.put_table(kEntry, 10, 100);
  Target to = target();
  to.retries = 12;
  const auto table = wait(client->table(to, columns(10)), 600s);
  expect_whole_table(table, 10, 100);
}

TEST_F(ClientTest, RepliesThatAnswerNothingAreCountedAndChangeNoDeadline) {
  agent.put(kName, Value::of_octets("sw1"));
  const auto never_answers = [&](const char* cause, std::function<std::optional<Message>(const Message&, Message)> twist) {
    SCOPED_TRACE(cause);
    const std::uint64_t before = discarded(cause);
    agent.twist = std::move(twist);
    std::optional<Result<Response>> out;
    world.reactor().spawn(keep(client->get(target(), {kName}), out));
    world.run_for(6'020ms);
    ASSERT_TRUE(out);
    ASSERT_FALSE(*out);
    EXPECT_EQ(Code::Timeout, out->error().code);
    EXPECT_EQ(before + 4, discarded(cause));  // three tries, and one in v1 beside the last
  };
  never_answers("unknown_id", [](const Message&, Message answer) {
    answer.pdu.request_id ^= 0x5555;
    return std::optional(answer);
  });
  never_answers("community", [](const Message&, Message answer) {
    answer.community = "private";
    return std::optional(answer);
  });
  never_answers("version", [](const Message& request, Message answer) {
    answer.version = request.version == Version::V1 ? Version::V2c : Version::V1;
    return std::optional(answer);
  });
  never_answers("type", [](const Message& request, Message) { return std::optional(request); });
}

TEST_F(ClientTest, TakesNoAnswerFromAnotherAddressOrPort) {
  agent.put(kName, Value::of_octets("sw1"));
  for (const char* from : {"10.0.0.2:161", "10.0.0.1:162"}) {
    agent.transmit = [&](net::DatagramSocket&, const net::Endpoint& to, const Bytes& octets) {
      world.inject(*net::Endpoint::parse(from), to, octets);
    };
    EXPECT_EQ(Code::Timeout, wait(client->get(target(), {kName})).error().code);
  }
  EXPECT_EQ(8U, discarded("address"));
}

TEST_F(ClientTest, TakesOneOfTwoEqualAnswers) {
  agent.put(kName, Value::of_octets("sw1"));
  agent.transmit = [](net::DatagramSocket& socket, const net::Endpoint& to, const Bytes& octets) {
    socket.send(to, octets);
    socket.send(to, octets);
  };
  EXPECT_TRUE(wait(client->get(target(), {kName})));
  EXPECT_TRUE(wait(client->get(target(), {kName})));
  EXPECT_EQ(2U, discarded("duplicate"));
}

TEST_F(ClientTest, SaysThatAnswersCannotBeRead) {
  agent.put(kName, Value::of_octets("sw1"));
  agent.transmit = [](net::DatagramSocket& socket, const net::Endpoint& to, const Bytes& octets) {
    socket.send(to, std::span(octets).first(octets.size() - 2));
  };
  const auto got = wait(client->get(target(), {kName}));
  ASSERT_FALSE(got);
  EXPECT_EQ(Code::Timeout, got.error().code);
  EXPECT_THAT(got.error().text, HasSubstr("4 datagrams from it could not be read"));
  EXPECT_EQ(4U, discarded("malformed"));
}

TEST_F(ClientTest, RefusesAnswersToSomethingElse) {
  agent.put(kName, Value::of_octets("sw1"));
  agent.twist = [](const Message&, Message answer) {
    answer.pdu.varbinds[0].oid = kUptime;
    return std::optional(answer);
  };
  const auto got = wait(client->get(target(), {kName}));
  ASSERT_FALSE(got);
  EXPECT_EQ(Code::Invalid, got.error().code);
}

TEST_F(ClientTest, NamesTheErrorOfTheAgent) {
  agent.put(kName, Value::of_octets("sw1"));
  const auto fails = [&](std::int32_t status, Code code, const char* text) {
    agent.twist = [status](const Message&, Message answer) {
      answer.pdu.error_status = status;
      answer.pdu.error_index = 1;
      return std::optional(answer);
    };
    const auto got = wait(client->get(target(), {kName}));
    ASSERT_FALSE(got);
    EXPECT_EQ(code, got.error().code);
    EXPECT_THAT(got.error().text, HasSubstr(text));
    EXPECT_THAT(got.error().text, HasSubstr(kName.to_string()));
    const auto table = wait(client->table(target(), columns(2)));
    ASSERT_FALSE(table);
    EXPECT_EQ(code, table.error().code);
  };
  fails(kGenErr, Code::Refused, "genErr");
  fails(kAuthorizationError, Code::Denied, "its access rules refuse this community; check the community of credentials");
}

TEST_F(ClientTest, Sets) {
  agent.put(kName, Value::of_octets("sw1"));
  EXPECT_TRUE(wait(client->set(target(), {{kName, Value::of_octets("sw2")}})));
  const auto refused = wait(client->set(target(), {{kName, Value::of_octets("sw2")}, {kUptime, {}}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Refused, refused.error().code);
  EXPECT_THAT(refused.error().text, HasSubstr("notWritable to SET of 1.3.6.1.2.1.1.3.0"));
}

TEST_F(ClientTest, AsksForAllColumnsAtOnce) {
  agent.put_table(kEntry, 10, 24);
  agent.put(Oid{1, 3, 6, 1, 2, 1, 3, 0}, Value::of_integer(1));
  expect_whole_table(wait(client->table(target(), columns(10))), 10, 24);  // and GETNEXT bears out what GETBULK says
  agent.asked.clear();
  const auto table = wait(client->table(target(), columns(10)));
  expect_whole_table(table, 10, 24);
  EXPECT_EQ(1U, agent.asked.size());
  EXPECT_EQ(1U, table->end.requests);
  EXPECT_EQ(240U, table->end.cells);
  EXPECT_TRUE(table->end.notes.empty());
}

TEST_F(ClientTest, ReadsTablesOfEverySizeAndCut) {
  for (const Version version : {Version::V1, Version::V2c}) {
    for (const std::uint32_t rows : {1U, 24U, 25U, 26U, 130U}) {
      for (const std::size_t most : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
        SCOPED_TRACE(std::string(to_string(version)) + " " + std::to_string(rows) + " " + std::to_string(most));
        agent.objects.clear();
        client->forget(agent.at());
        agent.put_table(kEntry, 5, rows);
        agent.most = most;
        expect_whole_table(wait(client->table(target(version), columns(5)), 600s), 5, rows);
      }
    }
  }
}

TEST_F(ClientTest, ReadsWideTablesInBoundedRequests) {
  agent.put_table(kEntry, 120, 40);
  for (const Version version : {Version::V1, Version::V2c}) {
    agent.asked.clear();
    expect_whole_table(wait(client->table(target(version), columns(120)), 600s), 120, 40);
    for (const Message& message : agent.asked) {
      EXPECT_LE(message.pdu.varbinds.size(), 50U);
      EXPECT_LE(message.pdu.varbinds.size() * static_cast<std::size_t>(message.pdu.error_index), 500U);
    }
  }
  const auto too_wide = wait(client->table(target(), columns(201)));
  ASSERT_FALSE(too_wide);
  EXPECT_EQ(Code::Invalid, too_wide.error().code);
}

TEST_F(ClientTest, RefusesMoreThanMayWait) {
  ClientOptions options;
  options.exchange.max_in_flight = 1;
  options.exchange.max_waiting = 2;
  restart(options);
  agent.put(kName, Value::of_octets("sw1"));
  const auto name = *encode_oid(kName);
  const VarbindView asked{OidView(name), {}};
  int answered = 0, refused = 0;
  Answered count = [&](Result<Answer> answer) {
    answered += answer.ok();
    refused += !answer && answer.error().code == Code::Limit;
  };
  for (int i = 0; i < 5; ++i) client->request(target(), {.varbinds = {&asked, 1}}, count);
  EXPECT_EQ(0, answered + refused);  // in a later turn
  world.run_for(1s);
  EXPECT_EQ(3, answered);
  EXPECT_EQ(2, refused);
  for (int i = 0; i < 5; ++i) client->request(target(), {.varbinds = {&asked, 1}}, count);
  client.reset();  // what was posted must not run
  world.run_for(1s);
  EXPECT_EQ(5, answered + refused);
}

TEST_F(ClientTest, ReadsTablesWithHoles) {
  agent.put(kEntry + 1 + 1, Value::of_integer(11));
  agent.put(kEntry + 1 + 5, Value::of_integer(15));
  agent.put(kEntry + 3 + 2, Value::of_integer(32));
  agent.put(kEntry + 3 + 5, Value::of_integer(35));
  for (const Version version : {Version::V1, Version::V2c}) {
    const auto table = wait(client->table(target(version), {kEntry + 3, kEntry + 2, kEntry + 1}));
    ASSERT_TRUE(table) << table.error().text;
    ASSERT_EQ(3U, table->rows.size());
    const auto cell = [&](std::size_t row, std::size_t column) {
      const auto& value = table->rows[row].cells[column];
      return value ? value->integer : -1;
    };
    EXPECT_EQ((std::vector<std::uint32_t>{2}), table->rows[1].index);
    EXPECT_EQ((std::vector<std::int64_t>{-1, -1, 11}), (std::vector<std::int64_t>{cell(0, 0), cell(0, 1), cell(0, 2)}));
    EXPECT_EQ((std::vector<std::int64_t>{32, -1, -1}), (std::vector<std::int64_t>{cell(1, 0), cell(1, 1), cell(1, 2)}));
    EXPECT_EQ((std::vector<std::int64_t>{35, -1, 15}), (std::vector<std::int64_t>{cell(2, 0), cell(2, 1), cell(2, 2)}));
  }
}

TEST_F(ClientTest, AnAbsentTableIsEmpty) {
  for (const Version version : {Version::V1, Version::V2c}) {
    const auto table = wait(client->table(target(version), columns(3)));
    ASSERT_TRUE(table) << table.error().text;
    EXPECT_TRUE(table->rows.empty());
  }
}

TEST_F(ClientTest, NeverLoops) {
  agent.put_table(kEntry, 2, 10);
  agent.twist = [this](const Message&, Message answer) {  // the second column starts again for ever
    for (Varbind& varbind : answer.pdu.varbinds) {
      if (varbind.oid.starts_with(kEntry + 2) && varbind.oid.back() > 4) varbind.oid = kEntry + 2 + 1;
    }
    return std::optional(answer);
  };
  for (const Version version : {Version::V1, Version::V2c}) {
    const auto table = wait(client->table(target(version), columns(2)));
    ASSERT_TRUE(table) << table.error().text;
    ASSERT_EQ(10U, table->rows.size());
    EXPECT_TRUE(table->rows[9].cells[0]);
    EXPECT_TRUE(table->rows[3].cells[1]);
    EXPECT_FALSE(table->rows[4].cells[1]);
    ASSERT_EQ(1U, table->end.notes.size());
    EXPECT_THAT(table->end.notes[0], HasSubstr("went back to 1.3.6.1.2.1.2.2.1.2.1"));
  }
}

TEST_F(ClientTest, EndsAtAnEmptyAnswer) {
  agent.put_table(kEntry, 2, 10);
  agent.twist = [](const Message&, Message answer) {
    answer.pdu.varbinds.clear();
    return std::optional(answer);
  };
  const auto table = wait(client->table(target(), columns(2)));
  ASSERT_TRUE(table) << table.error().text;
  EXPECT_EQ(5U, agent.asked.size());  // GETBULK, GETNEXT and each column alone; of the second, GETBULK again
  EXPECT_EQ(2U, table->end.notes.size());
}

TEST_F(ClientTest, EndsAnEndlessTableAtItsLimits) {
  agent.twist = [](const Message& request, Message answer) {  // one object behind whatever is asked for
    answer.pdu.varbinds = {{request.pdu.varbinds[0].oid + 1, Value::of_integer(1)}};
    if (request.pdu.varbinds[0].oid.size() > 20) {
      std::vector<std::uint32_t> arcs(request.pdu.varbinds[0].oid.arcs().begin(), request.pdu.varbinds[0].oid.arcs().end());
      ++arcs.back();
      answer.pdu.varbinds[0].oid = Oid(arcs);
    }
    return std::optional(answer);
  };
  const auto ends = [&](WalkLimits limits, const char* text) {
    ClientOptions options;
    options.limits = limits;
    restart(options);
    agent.asked.clear();
    const auto table = wait(client->table(target(), columns(1)), 3600s);
    ASSERT_FALSE(table);
    EXPECT_EQ(Code::Limit, table.error().code);
    EXPECT_THAT(table.error().text, HasSubstr(text));
    EXPECT_LE(agent.asked.size(), 1'001U);
  };
  ends({.requests = 1'000}, "1000 requests");
  ends({.octets = 10'000}, "octets");
  ends({.cells = 500}, "500 objects");
  ends({.time = 5s}, "5s");
}

TEST_F(ClientTest, LeavesAColumnThatFailsAndKeepsTheOthers) {
  agent.put_table(kEntry, 3, 5);
  agent.twist = [](const Message& request, Message answer) {
    for (std::size_t i = 0; i < request.pdu.varbinds.size(); ++i) {
      if (!request.pdu.varbinds[i].oid.starts_with(kEntry + 2)) continue;
      answer.pdu.varbinds = request.pdu.varbinds;
      answer.pdu.error_status = kGenErr;
      answer.pdu.error_index = static_cast<std::int32_t>(i + 1);
    }
    return std::optional(answer);
  };
  const auto table = wait(client->table(target(), columns(3)));
  ASSERT_TRUE(table) << table.error().text;
  EXPECT_EQ(10U, table->end.cells);
  ASSERT_EQ(1U, table->end.notes.size());
  EXPECT_THAT(table->end.notes[0], HasSubstr("genErr"));
}

TEST_F(ClientTest, AsksForLessAfterTooBigAndRemembersIt) {
  agent.put_table(kEntry, 6, 50);
  agent.twist = [](const Message& request, Message answer) {
    if (request.pdu.varbinds.size() * static_cast<std::size_t>(request.pdu.error_index) <= 20) return std::optional(answer);
    answer.pdu.varbinds.clear();
    answer.pdu.error_status = kTooBig;
    return std::optional(answer);
  };
  expect_whole_table(wait(client->table(target(), columns(6))), 6, 50);
  agent.asked.clear();
  expect_whole_table(wait(client->table(target(), columns(6))), 6, 50);
  EXPECT_LE(agent.asked.size(), 18U);
}

TEST_F(ClientTest, EachRetryOfAGetBulkAsksForHalf) {
  agent.put_table(kEntry, 2, 20);
  agent.ignore = 2;
  expect_whole_table(wait(client->table(target(), columns(2))), 2, 20);
  ASSERT_LE(3U, agent.asked.size());
  EXPECT_EQ(25, agent.asked[0].pdu.error_index);
  EXPECT_EQ(12, agent.asked[1].pdu.error_index);
  EXPECT_EQ(PduType::GetNext, agent.asked[2].pdu.type);  // the last try asks for one object
}

TEST_F(ClientTest, WalksASubtree) {
  agent.put_table(kEntry, 3, 40);
  agent.put(kName, Value::of_octets("sw1"));
  for (const Version version : {Version::V1, Version::V2c}) {
    const auto walked = [&](Oid root) {
      std::vector<Oid> out;
      std::function<bool(const Varbind&)> visit = [&out](const Varbind& varbind) {
        out.push_back(varbind.oid);
        return true;
      };
      const auto end = wait(client->walk(target(version), std::move(root), visit));
      EXPECT_TRUE(end);
      EXPECT_EQ(end ? end->cells : 0, out.size());
      EXPECT_TRUE(std::is_sorted(out.begin(), out.end()));
      return out.size();
    };
    EXPECT_EQ(121U, walked(Oid{1, 3, 6, 1}));
    EXPECT_EQ(121U, walked(Oid{1}));
    EXPECT_EQ(121U, walked(Oid{}));
    EXPECT_EQ(0U, walked(Oid{2}));
    EXPECT_EQ(40U, walked(kEntry + 2));
    EXPECT_EQ(1U, walked(kName));  // an object itself
    EXPECT_EQ(0U, walked(kUptime));
  }
}

TEST_F(ClientTest, StopsAWalkWhenToldTo) {
  agent.put_table(kEntry, 1, 400);
  std::size_t seen = 0;
  std::function<bool(const Varbind&)> visit = [&seen](const Varbind&) { return ++seen < 30; };
  ASSERT_TRUE(wait(client->walk(target(), kEntry, visit)));
  EXPECT_EQ(30U, seen);
}

TEST_F(ClientTest, GivesTheRawAnswerToNextAndBulk) {
  agent.put_table(kEntry, 2, 3);
  const auto next = wait(client->get_next(target(Version::V1), {kEntry, kEntry + 9}));
  ASSERT_TRUE(next);
  EXPECT_EQ(kNoSuchName, next->error_status);
  EXPECT_EQ(2, next->error_index);
  const auto bulk = wait(client->get_bulk(target(), {kEntry + 1, kEntry + 2}, 0, 4));
  ASSERT_TRUE(bulk);
  EXPECT_EQ(8U, bulk->varbinds.size());
  EXPECT_EQ(Code::Unsupported, wait(client->get_bulk(target(Version::V1), {kEntry}, 0, 4)).error().code);
}

TEST_F(ClientTest, RefusesWhatItCannotSend) {
  EXPECT_EQ(Code::Invalid, wait(client->get(target(), {Oid{1}})).error().code);
  EXPECT_EQ(Code::Invalid, wait(client->table(target(), {})).error().code);
  Target to = target();
  to.credentials.reset();
  EXPECT_EQ(Code::Invalid, wait(client->get(to, {kName})).error().code);
  EXPECT_THAT(wait(client->get(target(Version::V3), {kName})).error().text, HasSubstr("are v3 and name no user"));
}

TEST_F(ClientTest, WaitsWhileTooManyAreInFlightAndTheDeadHoldNobody) {
  ClientOptions options;
  options.exchange.max_in_flight = 4;
  restart(options);
  agent.put(kName, Value::of_octets("sw1"));
  Target dead = target();
  dead.endpoint = *net::Endpoint::parse("10.0.0.99:161");
  dead.retries = 5;
  int dead_done = 0, living_done = 0;
  SteadyTime last_living;
  const auto name = *encode_oid(kName);
  const VarbindView asked{OidView(name), {}};
  for (int i = 0; i < 4; ++i)
    client->request(dead, {.varbinds = {&asked, 1}}, [&](Result<Answer> answer) { dead_done += !answer; });
  for (int i = 0; i < 100; ++i)
    client->request(target(), {.varbinds = {&asked, 1}}, [&](Result<Answer> answer) {
      living_done += answer.ok();
      last_living = world.clock().steady();
    });
  const SteadyTime start = world.clock().steady();
  world.run_for(60s);
  EXPECT_EQ(4, dead_done);
  EXPECT_EQ(100, living_done);
  EXPECT_LT(last_living - start, 2'300ms);  // one time-out of the dead, then 25 round trips of 10 ms
}

TEST_F(ClientTest, AnyWalkEndsAndTellsNothingUntrue) {
  // An agent that does something else wrong at each answer. Whatever it says, cells lie in their column, none comes twice,
  // and the walk ends within its limits.
  agent.put_table(kEntry, 4, 60);
  agent.put(kName, Value::of_octets("sw1"));
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    agent.limit = 200 + random.below(3'000);
    agent.twist = [&random](const Message& request, Message answer) -> std::optional<Message> {
      auto& varbinds = answer.pdu.varbinds;
      const auto any = [&] { return random.below(varbinds.size()); };
      if (varbinds.empty() || random.chance(0.6)) return answer;
      switch (random.below(12)) {
        case 0:
          return std::nullopt;
        case 1:
          varbinds.clear();
          break;
        case 2:
          varbinds.resize(1 + any());
          break;
        case 3:
          std::swap(varbinds[any()], varbinds[any()]);
          break;
        case 4:
          varbinds[any()].value = {.type = random.chance(0.5) ? ValueType::EndOfMibView : ValueType::NoSuchInstance};
          break;
        case 5:
          varbinds[any()].oid = request.pdu.varbinds[random.below(request.pdu.varbinds.size())].oid;
          break;
        case 6:
          varbinds[any()].oid = kEntry + static_cast<std::uint32_t>(random.below(6)) + random.next32();
          break;
        case 7:
          answer.pdu.error_status = static_cast<std::int32_t>(random.below(20));
          answer.pdu.error_index = static_cast<std::int32_t>(random.below(8)) - 1;
          break;
        case 8:
          answer.pdu.request_id = static_cast<std::int32_t>(random.next32());
          break;
        case 9:
          for (std::size_t i = 0, twice = varbinds.size(); i < twice; ++i) varbinds.push_back(Varbind(varbinds[i]));
          break;
        case 10:
          answer.pdu.type = PduType::Report;
          break;
        default:
          varbinds[any()].oid = Oid{2, random.next32()};
          break;
      }
      if (answer.version == Version::V1 && answer.pdu.type == PduType::Report) answer.pdu.type = PduType::GetNext;
      return answer;
    };
    const std::vector<Oid> asked = columns(4);
    std::vector<std::set<std::vector<std::uint32_t>>> had(4);
    CellSink sink = [&](const Cell& cell) {
      EXPECT_TRUE(cell.name.to_oid().starts_with(asked[cell.column]));
      const std::vector<std::uint32_t> index(cell.index.begin(), cell.index.end());
      EXPECT_TRUE(had[cell.column].insert(index).second);  // nothing comes twice
      EXPECT_EQ(asked[cell.column] + cell.index, cell.name.to_oid());
      return true;
    };
    agent.asked.clear();
    client->forget(agent.at());
    const auto end = wait(client->table(target(seed % 3 == 0 ? Version::V1 : Version::V2c), *Columns::make(asked), sink), 3600s);
    if (end) {
      EXPECT_LE(end->cells, 100'000U);
    } else {
      EXPECT_NE(Code::Cancelled, end.error().code) << end.error().text;
    }
    EXPECT_LE(agent.asked.size(), 2'000U);
    EXPECT_EQ(0U, client->in_flight());
  }
}

TEST_F(ClientTest, EndsWithRequestsInFlight) {
  world.link(agent.at().address).up = false;
  std::optional<Result<Response>> out;
  world.reactor().spawn(keep(client->get(target(), {kName}), out));
  world.run_for(1s);
  client.reset();
  world.run_for(60s);
  EXPECT_FALSE(out);
}

}  // namespace bongsu::snmp
