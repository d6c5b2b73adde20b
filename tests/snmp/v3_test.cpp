// SPDX-License-Identifier: Apache-2.0
// SNMPv3 of the client, against an agent that can be made to err.
#include <gmock/gmock.h>

#include "fake_v3_agent.h"
#include "snmp/client.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Oid kSysName{1, 3, 6, 1, 2, 1, 1, 5, 0};

std::shared_ptr<const User> core_user(const std::string& name = "nms", AuthProtocol auth = AuthProtocol::Sha256,
                                      PrivProtocol priv = PrivProtocol::Aes128, const std::string& auth_phrase = "authentic1",
                                      const std::string& priv_phrase = "private123") {
  static PassPhraseKeys keys;
  UserSpec spec{
      .name = name, .auth = auth, .auth_pass_phrase = Secret(auth_phrase), .priv = priv, .priv_pass_phrase = Secret(priv_phrase)};
  return *User::make(spec, keys);
}
template <class T>
asio::awaitable<void> keep_v3(asio::awaitable<Result<T>> work, std::optional<Result<T>>& into) {
  into.emplace(co_await std::move(work));
}

}  // namespace

class V3Test : public ::testing::Test {
 protected:
  V3Test() { agent.objects[kSysName] = Value::of_octets("core1"); }
  Target target(std::shared_ptr<const User> user = core_user(), SecurityLevel level = SecurityLevel::AuthPriv,
                const std::string& context = {}) const {
    auto credentials = std::make_shared<Credentials>();
    credentials->name = "core";
    credentials->version = Version::V3;
    credentials->user = std::move(user);
    credentials->level = level;
    credentials->context_name = context;
    return {.name = "core1", .endpoint = agent.at(), .credentials = std::move(credentials)};
  }
  Result<Response> get(const Target& to, Millis span = 60s) {
    std::optional<Result<Response>> out;
    std::vector<Oid> oids{kSysName};
    world.reactor().spawn(keep_v3(client.get(to, oids), out));
    world.run_for(span);
    if (!out) return Error{Code::Cancelled, "still waiting"};
    return std::move(*out);
  }
  void answers(const Target& to) {
    const auto got = get(to);
    ASSERT_TRUE(got) << got.error().text;
    ASSERT_EQ(1U, got->varbinds.size());
    EXPECT_EQ("core1", got->varbinds[0].value.octets);
  }
  void refuses(const Target& to, Code code, const std::string& text) {
    const auto got = get(to);
    ASSERT_FALSE(got);
    EXPECT_EQ(code, got.error().code) << got.error().text;
    EXPECT_THAT(got.error().text, HasSubstr(text));
  }
  std::uint64_t security() { return metrics.counter("bongsu_snmp_discarded_total", "", {{"cause", "security"}}).value(); }

  net::SimWorld world{1};
  Metrics metrics;
  FakeV3Agent agent{world, *net::Endpoint::parse("10.0.0.1:161"), core_user()};
  Client client{world.reactor(), metrics};
};

TEST_F(V3Test, FindsTheEngineOnceAndKeepsItsClock) {
  const Target to = target();
  answers(to);
  EXPECT_EQ(1, agent.discoveries);
  EXPECT_EQ(1, agent.requests);
  EXPECT_EQ(1, agent.reports);  // the discovery's: its clock was good enough to be sent
  world.run_for(24h);
  for (const SecurityLevel level : {SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv})
    answers(target(core_user(), level));
  EXPECT_EQ(1, agent.discoveries);
  EXPECT_EQ(4, agent.requests);
  EXPECT_EQ(1, agent.reports);
  ASSERT_EQ(4U, agent.heads.size());
  EXPECT_EQ(SecurityLevel::AuthPriv, agent.heads[0].level);
  EXPECT_EQ(SecurityLevel::NoAuthNoPriv, agent.heads[1].level);
  EXPECT_EQ(SecurityLevel::AuthNoPriv, agent.heads[2].level);
  EXPECT_EQ(0U, security());
  EXPECT_EQ(0U, client.in_flight());
}

TEST_F(V3Test, OneDiscoveryForAllThatWait) {
  const Target to = target();
  std::vector<std::optional<Result<Response>>> out(50);
  for (auto& one : out) {
    std::vector<Oid> oids{kSysName};
    world.reactor().spawn(keep_v3(client.get(to, oids), one));
  }
  world.run_for(1s);
  for (const auto& one : out) {
    ASSERT_TRUE(one);
    EXPECT_TRUE(*one) << one->error().text;
  }
  EXPECT_EQ(1, agent.discoveries);
  EXPECT_EQ(50, agent.requests);
}

TEST_F(V3Test, ADeadHostIsAskedOncePerTimeout) {
  agent.ignore = 1'000'000;
  const Target to = target();
  std::vector<std::optional<Result<Response>>> out(20);
  for (auto& one : out) {
    std::vector<Oid> oids{kSysName};
    world.reactor().spawn(keep_v3(client.get(to, oids), one));
  }
  world.run_for(5'900ms);
  EXPECT_FALSE(out[0]);
  world.run_for(200ms);  // timeout x (1 + retries)
  for (const auto& one : out) {
    ASSERT_TRUE(one);
    EXPECT_EQ(Code::Timeout, one->error().code);
    EXPECT_THAT(one->error().text, HasSubstr("it was asked for its SNMPv3 engine ID"));
  }
  EXPECT_EQ(3, 1'000'000 - agent.ignore);
  EXPECT_EQ(0U, client.in_flight());
  agent.ignore = 0;
  answers(to);
}

TEST_F(V3Test, LostDatagramsAreSentAgain) {
  const Target to = target();
  agent.ignore = 1;
  answers(to);
  agent.ignore = 2;
  answers(to);
  EXPECT_EQ(1, agent.discoveries);
  EXPECT_EQ(2, agent.requests);
}

TEST_F(V3Test, FollowsAClockWithinOnePoll) {
  const Target to = target();
  answers(to);
  const auto resynced = [&](const char* what, auto change) {
    SCOPED_TRACE(what);
    const int requests = agent.requests, reports = agent.reports, discoveries = agent.discoveries;
    change();
    answers(to);
    EXPECT_EQ(requests + 1, agent.requests);
    EXPECT_EQ(reports + 1, agent.reports);
    EXPECT_EQ(discoveries, agent.discoveries);
  };
  resynced("restart", [&] { agent.reboot(8); });
  resynced("boots lost", [&] { agent.reboot(1); });
  resynced("boots that never rise", [&] { world.run_for(1h), agent.reboot(1); });
  resynced("jump ahead", [&] { agent.time_offset = 1'000'000; });
  resynced("jump back", [&] { agent.time_offset = 500; });
  EXPECT_EQ(5U, metrics.counter("bongsu_snmp_resyncs_total", "").value());
}

TEST_F(V3Test, AnEngineThatBeginsAnewIsToldAtTheFirstTime) {
  const Target to = target();
  agent.reboot(1);
  const auto poll = [&] {
    const auto got = get(to, 20s);
    ASSERT_TRUE(got) << got.error().text;
  };
  for (int i = 0; i < 3; ++i) poll();
  EXPECT_EQ(nullptr, client.dialect(agent.at())->find(Trait::BootsReset));
  agent.reboot(1);  // within its time window
  poll();
  const Observation* seen = client.dialect(agent.at())->find(Trait::BootsReset);
  ASSERT_NE(nullptr, seen);
  EXPECT_THAT(seen->evidence, HasSubstr("its engineBoots were 1 and are 1, its engineTime 0 s where 60 s were expected"));
  for (int i = 0; i < 3; ++i) poll();
  EXPECT_EQ(1U, seen->count);
  agent.reboot(1);
  poll();
  EXPECT_EQ(2U, client.dialect(agent.at())->find(Trait::BootsReset)->count);
  EXPECT_EQ(1, agent.reports);  // the discovery's
}

TEST_F(V3Test, FollowsANewEngineIdWithinOnePoll) {
  const Target to = target();
  answers(to);
  agent.engine_id = {0x80, 0x00, 0x1f, 0x88, 0x04, 'o', 't', 'h', 'e', 'r'};
  agent.reboot(1);
  answers(to);
  EXPECT_EQ(2, agent.discoveries);
  EXPECT_EQ(1U, metrics.counter("bongsu_snmp_engine_changes_total", "").value());
}

TEST_F(V3Test, TwoDevicesWithOneEngineIdBothWork) {
  FakeV3Agent other(world, *net::Endpoint::parse("10.0.0.2:161"), core_user());
  other.objects[kSysName] = Value::of_octets("core2");
  other.boots = 2;
  other.time_offset = 5;
  Target second = target();
  second.endpoint = other.at();
  for (int i = 0; i < 5; ++i) {
    answers(target());
    const auto got = get(second);
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ("core2", got->varbinds[0].value.octets);
  }
  EXPECT_EQ(1, agent.reports);
  EXPECT_EQ(1, other.reports);
  EXPECT_EQ(1U, metrics.counter("bongsu_snmp_duplicate_engines_total", "").value());
}

TEST_F(V3Test, SaysWhatIsWrong) {
  refuses(target(core_user("other")), Code::Denied, "does not know user \"other\" (usmStatsUnknownUserNames)");
  refuses(target(core_user("nms", AuthProtocol::Sha256, PrivProtocol::Aes128, "wrong phrase")), Code::Denied,
          "finds the authentication of user \"nms\" wrong (usmStatsWrongDigests)");
  refuses(target(core_user("nms", AuthProtocol::Sha1)), Code::Denied, "check the protocol (SHA-1)");
  refuses(target(core_user("nms", AuthProtocol::Sha256, PrivProtocol::Aes128, "authentic1", "wrong phrase")), Code::Denied,
          "cannot decrypt what user \"nms\" sends (usmStatsDecryptionErrors)");
  refuses(target(core_user(), SecurityLevel::AuthPriv, "nowhere"), Code::Denied,
          "has no context \"nowhere\" (snmpUnknownContexts)");
  refuses(target(core_user("nms", AuthProtocol::Sha256, PrivProtocol::None), SecurityLevel::AuthPriv), Code::Invalid,
          "ask for authPriv, and user \"nms\" has keys for authNoPriv alone");
  agent.context = "vrf";
  answers(target(core_user(), SecurityLevel::AuthPriv, "vrf"));
  EXPECT_EQ(0U, client.in_flight());
}

TEST_F(V3Test, TellsWhatASilentAgentMinds) {
  agent.twist = [](FakeV3Agent::Reply& reply) {
    return reply.pdu.type != PduType::Report || reply.varbinds.front().oid == Oid{1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0};
  };
  const auto wrong = core_user("nms", AuthProtocol::Sha256, PrivProtocol::Aes128, "authentic1", "wrong phrase");
  refuses(target(wrong), Code::Denied, "answers user \"nms\" without privacy, so it cannot decrypt");
  refuses(target(core_user(), SecurityLevel::AuthPriv, "nowhere"), Code::Denied, "so it has no context \"nowhere\"");
  refuses(target(core_user(), SecurityLevel::AuthNoPriv, "nowhere"), Code::Denied, "so it has no context \"nowhere\"");
  refuses(target(core_user("other")), Code::Timeout, "it named its SNMPv3 engine ID before");
  // Credentials that were answered before: the agent is down, and nothing else is sent.
  const Target to = target();
  answers(to);
  agent.ignore = 1'000;
  refuses(to, Code::Timeout, "it named its SNMPv3 engine ID before");
  EXPECT_EQ(5, 1'000 - agent.ignore);  // three tries, the first of them sent again twice as its round trip is known
  EXPECT_EQ(0U, client.in_flight());
}

TEST_F(V3Test, SaysThatBootsAreAtTheirEnd) {
  answers(target());
  agent.boots = kLastBoots;
  refuses(target(), Code::Refused, "engineBoots has reached its end, 2147483647");
}

TEST_F(V3Test, GivesUpOnAnAgentThatIsNeverInItsWindow) {
  agent.twist = [&](FakeV3Agent::Reply& reply) {
    reply.head.time += reply.pdu.type == PduType::Report ? 10'000 : 0;
    return true;
  };
  refuses(target(), Code::Refused, "outside of its time window (usmStatsNotInTimeWindows)");
  EXPECT_LE(agent.reports, 6);
}

TEST_F(V3Test, AnAgentWhoseAnswersAreNeverInTheWindowIsNotBelieved) {
  int answered = 0;
  agent.twist = [&](FakeV3Agent::Reply& reply) {  // 900 s behind the clock that it asks for
    if (reply.pdu.type == PduType::Response) reply.head.time -= 900;
    return true;
  };
  answers(target());  // the first authentic message sets the clock
  refuses(target(), Code::Refused, "its answers are outside of the time window (RFC 3414 section 3.2)");
  refuses(target(), Code::Refused, "engineTime");
  const Dialect& late = *client.dialect(agent.at());
  ASSERT_NE(nullptr, late.find(Trait::Unbelieved));
  EXPECT_THAT(late.find(Trait::Unbelieved)->evidence, ::testing::HasSubstr("s were due"));
  EXPECT_NE(nullptr, late.find(Trait::TimeJump));
  agent.twist = [&](FakeV3Agent::Reply& reply) {  // its boots fall with each answer
    if (reply.pdu.type == PduType::Response) reply.head.boots = --agent.boots;
    return ++answered > 0;
  };
  agent.boots = 1'000;
  refuses(target(), Code::Refused, "its engineBoots never fall");
  EXPECT_LE(answered, 8);
  // Once it has a clock that stands, it is believed within one request.
  agent.twist = nullptr;
  answers(target());
}

TEST_F(V3Test, AnswersOutsideOfTheWindowAreNoData) {
  answers(target());
  agent.checks_time = false;
  // One answer of an agent that lost its clock and does not mind ours: followed, and asked again.
  agent.reboot(1);
  answers(target());
  EXPECT_EQ(1U, security());
  EXPECT_EQ(3, agent.requests);
}

TEST_F(V3Test, BelievesNothingButTheAnswer) {
  answers(target());
  const auto disbelieved = [&](const char* what, const std::string& text, std::function<bool(FakeV3Agent::Reply&)> twist,
                               std::function<void(std::vector<std::uint8_t>&)> octets = {}) {
    SCOPED_TRACE(what);
    const std::uint64_t before = security();
    agent.twist = std::move(twist);
    agent.twist_octets = std::move(octets);
    refuses(target(), Code::Timeout, text);
    EXPECT_LT(before, security());
  };
  using Reply = FakeV3Agent::Reply;
  const auto response = [](Reply& reply) { return reply.pdu.type == PduType::Response; };
  disbelieved("without privacy", "another security level", [&](Reply& reply) {
    reply.head.level = SecurityLevel::AuthNoPriv;
    return response(reply);
  });
  disbelieved("without authentication", "another security level", [&](Reply& reply) {
    reply.head.level = SecurityLevel::NoAuthNoPriv;
    return response(reply);
  });
  disbelieved("another user", "names another user", [&](Reply& reply) {
    reply.head.user = "other";
    return response(reply);
  });
  static const std::vector<std::uint8_t> kOther{0x80, 0x00, 0x1f, 0x88, 0x05};
  disbelieved("another engine", "names another engine ID", [&](Reply& reply) {
    reply.head.engine_id = kOther;
    return response(reply);
  });
  disbelieved("another request", "another request-id", [&](Reply& reply) {
    ++reply.pdu.request_id;
    return response(reply);
  });
  EXPECT_NE(nullptr, client.dialect(agent.at())->find(Trait::WrongRequestId));
  disbelieved("another context", "another context", [&](Reply& reply) {
    reply.context_name = "x";
    return response(reply);
  });
  disbelieved("another context engine", "another context", [&](Reply& reply) {
    reply.context_engine = kOther;
    return response(reply);
  });
  disbelieved("a flipped bit", "its authentication is wrong", response,
              [](std::vector<std::uint8_t>& octets) { octets.back() ^= 1; });
  disbelieved("a clock that nobody vouches for", "another security level", [&](Reply& reply) {
    reply.head.level = SecurityLevel::NoAuthNoPriv;
    reply.pdu.type = PduType::Report;
    reply.varbinds = {{Oid{1, 3, 6, 1, 6, 3, 15, 1, 1, 2, 0}, Value::of_number(ValueType::Counter32, 1)}};
    reply.head.boots = 99;
    return true;
  });
  agent.twist = {};
  agent.twist_octets = {};
  const int reports = agent.reports;
  answers(target());
  EXPECT_EQ(reports, agent.reports);  // none of it moved the clock
}

TEST_F(V3Test, WhatComesTwiceIsNotLate) {
  agent.copies = 2;
  for (int i = 0; i < 5; ++i) answers(target());
  agent.reboot(8);
  answers(target());
  const Dialect& dialect = *client.dialect(agent.at());
  EXPECT_EQ(nullptr, dialect.find(Trait::LateReply)) << dialect.find(Trait::LateReply)->evidence;
  EXPECT_NE(nullptr, dialect.find(Trait::DuplicateReply));
}

TEST_F(V3Test, LossIsNoWrongPrivacy) {
  const auto fresh = [&] { return target(); };  // credentials that were never answered before
  for (int lost = 0; lost <= 7; ++lost) {
    SCOPED_TRACE(lost);
    int left = lost;
    agent.twist = [&](const FakeV3Agent::Reply& reply) {
      return reply.pdu.type != PduType::Response || reply.head.level != SecurityLevel::AuthPriv || left-- <= 0;
    };
    const Target to = fresh();
    answers(to);
    // And they are proved from then on.
    agent.ignore = 1'000;
    refuses(to, Code::Timeout, "it named its SNMPv3 engine ID before");
    agent.ignore = 0;
  }
  // A request that is too large to be answered, with credentials that are right.
  agent.twist = [&](const FakeV3Agent::Reply& reply) { return reply.pdu.type != PduType::Response || reply.varbinds.empty(); };
  refuses(fresh(), Code::Timeout, "it named its SNMPv3 engine ID before");
}

// 2 s are the time-out of a try, and three tries are what v2c waits for.
TEST_F(V3Test, AnswersBehindTheTimeOutAreTaken) {
  std::uint32_t host = 10;
  for (const Millis way : {1'050ms, 1'300ms, 1'450ms, 1'500ms, 2'000ms, 2'400ms}) {
    SCOPED_TRACE(way.count());
    FakeV3Agent slow(world, *net::Endpoint::parse("10.0.0." + std::to_string(++host) + ":161"), core_user());
    slow.objects = agent.objects;
    world.set_link(slow.at().address, {.latency = way});
    Target to = target();
    to.endpoint = slow.at();
    for (int poll = 0; poll < 4; ++poll) answers(to);
    EXPECT_EQ(1, slow.boots - 6);
    EXPECT_LE(slow.discoveries, 3);  // each sent again while the first was under way
  }
}

TEST_F(V3Test, WithoutRetriesTheVerdictIsReached) {
  const auto silent = [](FakeV3Agent::Reply& reply) {  // but where its engine ID is asked for
    return reply.pdu.type != PduType::Report || reply.varbinds.front().oid == Oid{1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0};
  };
  agent.twist = silent;
  const auto hasty = [&](const std::string& priv_phrase, const std::string& context) {
    Target out = target(core_user("nms", AuthProtocol::Sha256, PrivProtocol::Aes128, "authentic1", priv_phrase),
                        SecurityLevel::AuthPriv, context);
    out.timeout = Millis(200);
    out.retries = 0;
    return out;
  };
  const auto convicts = [&](const Target& to, const std::string& text) {
    const SteadyTime start = world.reactor().clock().steady();
    SteadyTime end{};
    std::optional<Result<Response>> out;
    std::vector<Oid> oids{kSysName};
    world.reactor().spawn(keep_v3(client.get(to, oids), out));
    while (!out && world.reactor().clock().steady() < start + 60s) world.run_for(10ms);
    end = world.reactor().clock().steady();
    ASSERT_TRUE(out && !*out);
    EXPECT_EQ(Code::Denied, out->error().code) << out->error().text;
    EXPECT_THAT(out->error().text, HasSubstr(text));
    EXPECT_LE(end - start, 2s);
  };
  // At first contact, and one after the other: what stays silent then throws no doubt upon the engine ID.
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    convicts(hasty("wrong phrase", {}), "answers user \"nms\" without privacy, so it cannot decrypt");
    convicts(hasty("private123", "nowhere"), "so it has no context \"nowhere\"");
  }
  EXPECT_EQ(1, agent.discoveries);
  answers(hasty("private123", {}));
  // And what is lost convicts nobody.
  for (int lost = 0; lost <= 5; ++lost) {
    SCOPED_TRACE(lost);
    int left = lost;
    agent.twist = [&](const FakeV3Agent::Reply& reply) {
      return reply.pdu.type != PduType::Response || reply.head.level != SecurityLevel::AuthPriv || left-- <= 0;
    };
    answers(hasty("private123", {}));
  }
  EXPECT_EQ(0U, client.in_flight());
}

}  // namespace bongsu::snmp
