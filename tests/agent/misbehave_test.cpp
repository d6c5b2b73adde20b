// SPDX-License-Identifier: Apache-2.0
#include "agent/misbehave.h"

#include <gtest/gtest.h>

#include "agent/agents.h"
#include "agent/recording.h"
#include "net/sim.h"
#include "snmp/client.h"

namespace bongsu::agent {
namespace {

using snmp::PduType;
using snmp::Version;
using namespace std::chrono_literals;

// Two columns of ifTable with five rows, one counter of 64 bits with two.
constexpr std::string_view kRowsOfFive =
    "1.3.6.1.2.1.1.1.0|4|box\n"
    "1.3.6.1.2.1.1.3.0|67|500\n"
    "1.3.6.1.2.1.2.2.1.2.1|4|one\n1.3.6.1.2.1.2.2.1.2.2|4|two\n1.3.6.1.2.1.2.2.1.2.3|4|three\n"
    "1.3.6.1.2.1.2.2.1.2.4|4|four\n1.3.6.1.2.1.2.2.1.2.5|4|five\n"
    "1.3.6.1.2.1.2.2.1.10.1|65|11\n1.3.6.1.2.1.2.2.1.10.2|65|12\n1.3.6.1.2.1.2.2.1.10.3|65|13\n"
    "1.3.6.1.2.1.2.2.1.10.4|65|14\n1.3.6.1.2.1.2.2.1.10.5|65|15\n"
    "1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615\n1.3.6.1.2.1.31.1.1.1.6.2|70|5\n"
    "1.3.6.1.4.1.9.9.1.0|70|7\n";
const std::string kDescr = "1.3.6.1.2.1.2.2.1.2", kOctets = "1.3.6.1.2.1.2.2.1.10", kUptimeName = "1.3.6.1.2.1.1.3.0";

struct Reply {
  std::string from;
  std::int64_t after_ms = 0;
  std::optional<snmp::Message> message;  // none: it cannot be read
};
using Rows = std::vector<std::string>;

// One agent that misbehaves, at 10.1.0.1.
class WrongAgent {
 public:
  explicit WrongAgent(std::string_view how, std::uint64_t seed = 1) : world(seed) {
    agents = std::move(*Agents::open(world.reactor(), {.port = 161}));
    const auto wrong = Misbehaviour::parse(how);
    EXPECT_TRUE(wrong) << (wrong ? "" : wrong.error().text);
    const auto shape = RecordedDevice::shape(Recording::parse(kRowsOfFive));
    std::unique_ptr<Device> device = std::make_unique<RecordedDevice>(shape, world.clock().steady());
    Manner manner;
    manner.misbehaviour = std::make_shared<const Misbehaviour>(*wrong);
    if (wrong->in_tables())
      device =
          std::make_unique<AlteredDevice>(std::move(device), std::make_shared<const ObjectTable>(altered(shape->table, *wrong)));
    agents->add(host, std::move(device), manner);
    world.set_link(host, {.latency = 0ms});
    world.set_link(net::Address::v4(0x0a020001), {.latency = 0ms});
    world.set_link(net::Address::v4(0x0a7f0001), {.latency = 0ms});
    asker = std::move(*world.reactor().open({.bind = {net::Address::v4(0x0a7f0001), 0}}));
    asker->on_receive([this](std::span<const net::Datagram> batch) {
      for (const net::Datagram& datagram : batch) {
        auto message = snmp::decode(datagram.data);
        const auto ms = std::chrono::duration_cast<Millis>(world.clock().steady() - sent).count();
        replies.push_back({datagram.peer.to_string(), ms, message ? std::optional(std::move(*message)) : std::nullopt});
      }
    });
  }
  void send(PduType type, const std::vector<std::string>& names, std::int32_t rows = 0, Version version = Version::V2c) {
    snmp::Message message{.version = version, .community = "public", .pdu = {}};
    message.pdu.type = type;
    message.pdu.request_id = 77;
    message.pdu.error_index = rows;
    for (const auto& name : names) message.pdu.varbinds.push_back({*Oid::parse(name), {}});
    sent = world.clock().steady();
    asker->send({host, 161}, *snmp::encode(message));
  }
  // What comes back within ten minutes.
  std::vector<Reply> ask(PduType type, const std::vector<std::string>& names, std::int32_t rows = 0,
                         Version version = Version::V2c) {
    replies.clear();
    send(type, names, rows, version);
    world.run_for(10min);
    return std::move(replies);
  }
  // The one answer.
  snmp::Pdu pdu(PduType type, const std::vector<std::string>& names, std::int32_t rows = 0) {
    auto got = ask(type, names, rows);
    EXPECT_EQ(1U, got.size());
    if (got.size() != 1 || !got[0].message) return {};
    EXPECT_EQ("10.1.0.1:161", got[0].from);
    EXPECT_EQ(77, got[0].message->pdu.request_id);
    return got[0].message->pdu;
  }
  Rows bulk(const std::vector<std::string>& names, std::int32_t rows) {
    Rows out;
    for (const Varbind& varbind : pdu(PduType::GetBulk, names, rows).varbinds)
      out.push_back(varbind.oid.to_string().substr(12) + "=" + varbind.value.to_text());
    return out;
  }
  std::size_t count(PduType type, const std::vector<std::string>& names, std::int32_t rows = 0) {
    return ask(type, names, rows).size();
  }

  const net::Address host = net::Address::v4(0x0a010001);
  net::SimWorld world;
  SteadyTime sent{};
  std::unique_ptr<Agents> agents;
  std::unique_ptr<net::DatagramSocket> asker;
  std::vector<Reply> replies;
};

std::vector<std::string> five() { return {kDescr + ".1", kDescr + ".2", kDescr + ".3", kDescr + ".4", kDescr + ".5"}; }

}  // namespace

TEST(Misbehaviour, ReadsNamesAndTellsWhatIsWrongWithThem) {
  const auto out = Misbehaviour::parse("cap-cut=25,swap=1.3.6.1.4.1,loss=40,twice,slow=5@1.3.6.1.2");
  ASSERT_TRUE(out);
  EXPECT_EQ(25U, out->cap->varbinds);
  EXPECT_EQ(0.4, out->loss);
  EXPECT_TRUE(out->twice);
  EXPECT_EQ((Oid{1, 3, 6, 1, 4, 1}), out->disorder.at(0).subtree);
  EXPECT_EQ(5ms, out->slow.at(0).answer);
  EXPECT_EQ((Oid{1, 3, 6, 1, 2}), out->slow.at(0).subtree);
  const auto refuses = [](std::string_view text, std::string_view why) {
    const auto got = Misbehaviour::parse(text);
    ASSERT_FALSE(got) << text;
    EXPECT_NE(std::string::npos, got.error().text.find(why)) << got.error().text;
  };
  refuses("", "no misbehaviour");
  refuses("lopp", "did you mean \"loop\"");
  refuses("twice=2", "twice: takes no value");
  refuses("loss=101", "loss: takes a number from 1 to 100, not \"101\"");
  refuses("cap-cut=0", "cap-cut");
  refuses("swap=ifTable", "swap");
  refuses("from=here", "from");
  for (const auto& one : lab_misbehaviours()) EXPECT_TRUE(Misbehaviour::parse(one)) << one;
  EXPECT_GE(misbehaviours().size(), 24U);
}

TEST(Misbehaviour, CapsAreKeptByEachOfItsMeans) {
  EXPECT_EQ(snmp::kTooBig, WrongAgent("cap-toobig=4").pdu(PduType::GetRequest, five()).error_status);
  EXPECT_EQ(5U, WrongAgent("cap-toobig=5").pdu(PduType::GetRequest, five()).varbinds.size());
  EXPECT_EQ(snmp::kTooBig, WrongAgent("cap-toobig=4").pdu(PduType::GetBulk, {kDescr}, 5).error_status);
  EXPECT_EQ(snmp::kNoError, WrongAgent("cap-toobig=4").pdu(PduType::GetBulk, {kDescr}, 4).error_status);
  EXPECT_EQ(snmp::kGenErr, WrongAgent("cap-generr=4").pdu(PduType::GetNext, five()).error_status);
  EXPECT_EQ(0U, WrongAgent("cap-silent=4").count(PduType::GetRequest, five()));
  EXPECT_EQ(1U, WrongAgent("cap-silent=5").count(PduType::GetRequest, five()));
  EXPECT_EQ(0U, WrongAgent("cap-silent=4").count(PduType::GetBulk, {kDescr, kOctets}, 3));
  const auto cut = WrongAgent("cap-cut=3").pdu(PduType::GetRequest, five());
  EXPECT_EQ(snmp::kNoError, cut.error_status);
  EXPECT_EQ(3U, cut.varbinds.size());
  EXPECT_EQ(3U, WrongAgent("cap-cut=3").pdu(PduType::GetNext, five()).varbinds.size());
  EXPECT_EQ((Rows{"2.2.1.2.1=one", "2.2.1.10.1=11", "2.2.1.2.2=two"}), WrongAgent("cap-cut=3").bulk({kDescr, kOctets}, 5));
}

TEST(Misbehaviour, TooBigAboveSoManyOctets) {
  WrongAgent lab("toobig=100");
  EXPECT_EQ(snmp::kNoError, lab.pdu(PduType::GetBulk, {kDescr}, 2).error_status);
  EXPECT_EQ(snmp::kTooBig, lab.pdu(PduType::GetBulk, {kDescr}, 5).error_status);
  EXPECT_EQ(snmp::kTooBig, lab.pdu(PduType::GetRequest, five()).error_status);
  // An honest small agent cuts a GETBULK.
  const auto small = WrongAgent("max-size=100").pdu(PduType::GetBulk, {kDescr}, 5);
  EXPECT_EQ(snmp::kNoError, small.error_status);
  EXPECT_GE(small.varbinds.size(), 1U);
  EXPECT_LT(small.varbinds.size(), 5U);
}

TEST(Misbehaviour, GetBulkIsBroken) {
  EXPECT_EQ(0U, WrongAgent("bulk-silent").count(PduType::GetBulk, {kDescr}, 2));
  EXPECT_EQ(1U, WrongAgent("bulk-silent").count(PduType::GetNext, {kDescr}));
  EXPECT_EQ(snmp::kGenErr, WrongAgent("bulk-generr").pdu(PduType::GetBulk, {kDescr}, 2).error_status);
  EXPECT_EQ((Rows{"2.2.1.2.1=one", "2.2.1.10.1=11"}), WrongAgent("bulk-as-next").bulk({kDescr, kOctets}, 5));
  EXPECT_EQ((Rows{"2.2.1.2.1=one", "2.2.1.2.2=two", "2.2.1.10.1=11", "2.2.1.10.2=12"}),
            WrongAgent("bulk-by-column").bulk({kDescr, kOctets}, 2));
}

TEST(Misbehaviour, RowsDoNotRise) {
  EXPECT_EQ((Rows{"2.2.1.2.1=one", "2.2.1.2.2=two", "2.2.1.2.4=four", "2.2.1.2.3=three", "2.2.1.2.5=five", "2.2.1.10.1=11"}),
            WrongAgent("swap").bulk({kDescr}, 6));
  EXPECT_EQ((Rows{"2.2.1.2.1=one", "2.2.1.2.2=two", "2.2.1.2.3=three", "2.2.1.2.1=one", "2.2.1.2.2=two"}),
            WrongAgent("loop").bulk({kDescr}, 5));
  EXPECT_EQ((Rows{"2.2.1.2.2=two", "2.2.1.2.3=three", "2.2.1.2.3=three", "2.2.1.2.3=three"}),
            WrongAgent("same").bulk({kDescr + ".1"}, 4));
  // One who asks behind the break gets on, and a GET gets all.
  EXPECT_EQ((Rows{"2.2.1.2.4=four"}), WrongAgent("loop").bulk({kDescr + ".3.0"}, 1));
  EXPECT_EQ(5U, WrongAgent("loop").pdu(PduType::GetRequest, five()).varbinds.size());
  // Elsewhere it is in order.
  EXPECT_EQ((Rows{"2.2.1.2.1=one", "2.2.1.2.2=two", "2.2.1.2.3=three", "2.2.1.2.4=four"}),
            WrongAgent("loop=" + kOctets).bulk({kDescr}, 4));
}

TEST(Misbehaviour, ATableDoesNotEnd) {
  WrongAgent lab("endless=" + kDescr);
  EXPECT_EQ((Rows{"2.2.1.2.5=five", "2.2.1.2.6=five", "2.2.1.2.7=five"}), lab.bulk({kDescr + ".4"}, 3));
  EXPECT_EQ((Rows{"2.2.1.2.4000000001=five"}), lab.bulk({kDescr + ".4000000000"}, 1));
  EXPECT_EQ((Rows{"2.2.1.10.1=11"}), lab.bulk({kDescr + ".4294967295"}, 1));  // no arc is larger
  EXPECT_EQ("31.1.1.1.6.1", lab.pdu(PduType::GetNext, {kOctets + ".5"}).varbinds.at(0).oid.to_string().substr(12));
  WrongAgent uptime("endless=1.3.6.1.2.1.1.3");  // of a value that moves
  uptime.world.run_for(1min);
  EXPECT_EQ((Rows{"1.3.1=6500"}), uptime.bulk({kUptimeName}, 1));
}

TEST(Misbehaviour, AnswersCannotBeMatchedOrRead) {
  const auto wrong_id = WrongAgent("request-id").ask(PduType::GetRequest, {kUptimeName});
  ASSERT_EQ(1U, wrong_id.size());
  EXPECT_EQ(78, wrong_id[0].message->pdu.request_id);
  const auto foreign = WrongAgent("from").ask(PduType::GetRequest, {kUptimeName});
  ASSERT_EQ(1U, foreign.size());
  EXPECT_EQ("10.2.0.1:161", foreign[0].from);
  EXPECT_EQ("10.127.0.1:161", WrongAgent("from=10.127.0.1").ask(PduType::GetRequest, {kUptimeName}).at(0).from);
  for (const auto* how : {"truncated", "truncated=1"}) {
    const auto cut = WrongAgent(how).ask(PduType::GetRequest, {kUptimeName});
    ASSERT_EQ(1U, cut.size()) << how;
    EXPECT_FALSE(cut[0].message) << how;
  }
  EXPECT_EQ(2U, WrongAgent("twice").count(PduType::GetRequest, {kUptimeName}));
}

TEST(Misbehaviour, ThirtyTwoBitsAlone) {
  WrongAgent lab("32bit");
  const auto pdu = lab.pdu(PduType::GetRequest, {"1.3.6.1.2.1.31.1.1.1.6.1", "1.3.6.1.4.1.9.9.1.0", kOctets + ".1"});
  ASSERT_EQ(3U, pdu.varbinds.size());
  EXPECT_EQ(ValueType::NoSuchObject, pdu.varbinds[0].value.type);
  EXPECT_EQ(ValueType::NoSuchObject, pdu.varbinds[1].value.type);
  EXPECT_EQ(Value::of_number(ValueType::Counter32, 11), pdu.varbinds[2].value);
  EXPECT_EQ(ValueType::EndOfMibView, lab.pdu(PduType::GetNext, {kOctets + ".5"}).varbinds.at(0).value.type);
}

TEST(Misbehaviour, StringsStandForCounters) {
  const std::vector<std::string> names{kOctets + ".1", "1.3.6.1.2.1.31.1.1.1.6.2", kUptimeName};
  const auto all = WrongAgent("types").pdu(PduType::GetRequest, names);
  ASSERT_EQ(3U, all.varbinds.size());
  EXPECT_EQ(Value::of_octets("not available"), all.varbinds[0].value);
  EXPECT_EQ(Value::of_octets("not available"), all.varbinds[1].value);
  EXPECT_EQ(Value::of_number(ValueType::TimeTicks, 500), all.varbinds[2].value);
  const auto some = WrongAgent("types=" + kOctets).pdu(PduType::GetRequest, names);
  EXPECT_EQ(Value::of_octets("not available"), some.varbinds.at(0).value);
  EXPECT_EQ(Value::of_number(ValueType::Counter64, 5), some.varbinds.at(1).value);
}

TEST(Misbehaviour, TakesItsTime) {
  const auto after = [](std::string_view how, const std::string& name, std::int32_t rows) {
    const auto got = WrongAgent(how).ask(PduType::GetBulk, {name}, rows);
    return got.size() == 1 ? got[0].after_ms : -1;
  };
  EXPECT_EQ(800, after("slow", kDescr, 1));
  EXPECT_EQ(0, after("slow", "1.3.6.1.2.1.31.1.1.1.6", 2));
  EXPECT_EQ(250, after("slow=250@1.3.6.1.2.1.31", kOctets + ".5", 1));
  EXPECT_EQ(6'000, after("slow-walk", kDescr, 1));  // one of ten objects
  EXPECT_EQ(60'000, after("slow-walk", kDescr, 10));
  EXPECT_EQ(450'000, after("slow-walk=900@1.3.6.1.2.1.2.2.1", kDescr, 5));
  EXPECT_EQ(3'000, after("late", kUptimeName, 1));
  EXPECT_EQ(3'800, after("late,slow", kDescr, 1));  // together
}

TEST(Misbehaviour, LosesAsManyAsItSays) {
  WrongAgent lab("loss=30", 7);
  for (int i = 0; i < 2'000; ++i) lab.send(PduType::GetRequest, {kUptimeName});
  lab.world.run_for(1s);
  EXPECT_NEAR(1'400, static_cast<double>(lab.replies.size()), 100);
}

TEST(Misbehaviour, LosesTheSameRequestsWhateverElseIsAsked) {
  const auto answered = [](bool other) {
    WrongAgent lab("loss=30", other ? 7 : 8);
    std::string out;
    for (int i = 0; i < 200; ++i) {
      const std::size_t before = lab.replies.size();
      lab.send(PduType::GetRequest, {kUptimeName});
      lab.world.run_for(10ms);
      out += lab.replies.size() > before ? 'x' : '.';
    }
    return out;
  };
  EXPECT_EQ(answered(false), answered(true));  // another seed of the world
  EXPECT_NE(std::string::npos, answered(false).find(".."));
}

TEST(Misbehaviour, OneAtATimeIgnoresTheSecond) {
  WrongAgent lab("one-at-a-time=50");
  lab.send(PduType::GetRequest, {kUptimeName});
  lab.world.run_for(20ms);
  lab.send(PduType::GetRequest, {kUptimeName});
  lab.world.run_for(1s);
  EXPECT_EQ(1U, lab.replies.size());
  EXPECT_EQ(1U, lab.agents->stats().ignored);
  lab.send(PduType::GetRequest, {kUptimeName});
  lab.world.run_for(1s);
  EXPECT_EQ(2U, lab.replies.size());
  EXPECT_EQ(50, lab.replies[1].after_ms);
}

TEST(Misbehaviour, OldAgentsKnowVersionOneAlone) {
  EXPECT_EQ(0U, WrongAgent("v1-only").count(PduType::GetRequest, {kUptimeName}));
  EXPECT_EQ(1U, WrongAgent("v1-only").ask(PduType::GetRequest, {kUptimeName}, 0, Version::V1).size());
  // v1 does not see Counter64, whatever the order of the objects.
  const auto v1 = WrongAgent("v1-only,loop=1.3.6.1").ask(PduType::GetNext, {kOctets + ".5"}, 0, Version::V1);
  ASSERT_EQ(1U, v1.size());
  EXPECT_EQ(snmp::kNoSuchName, v1[0].message->pdu.error_status);
}

namespace {

// Our own client, polling a v3 agent that misbehaves.
class SecuredLab {
 public:
  explicit SecuredLab(const std::vector<std::string>& how) {
    AgentsSpec spec{.port = 161};
    snmp::PassPhraseKeys keys;
    spec.users.push_back(*snmp::User::make({.name = "nms",
                                            .auth = snmp::AuthProtocol::Sha256,
                                            .auth_pass_phrase = Secret("authentic phrase"),
                                            .priv = snmp::PrivProtocol::Aes128,
                                            .priv_pass_phrase = Secret("private phrase")},
                                           keys));
    agents = std::move(*Agents::open(world.reactor(), spec));
    const auto shape = RecordedDevice::shape(Recording::parse(kRowsOfFive));
    for (std::size_t i = 0; i < how.size(); ++i) {
      Manner manner;
      manner.misbehaviour = std::make_shared<const Misbehaviour>(*Misbehaviour::parse(how[i]));
      agents->add(host(i), std::make_unique<RecordedDevice>(shape, world.clock().steady()), manner);
      world.set_link(host(i), {.latency = 1ms});
    }
    client = std::make_unique<snmp::Client>(world.reactor(), metrics);
    auto credentials = std::make_shared<snmp::Credentials>();
    credentials->name = "core";
    credentials->version = Version::V3;
    credentials->user = spec.users[0];
    target.credentials = std::move(credentials);
    target.name = "sw";
  }
  static net::Address host(std::size_t i) { return net::Address::v4(0x0a010001 + static_cast<std::uint32_t>(i)); }
  // The text of one object of agent `which`, or its error.
  std::string get(std::size_t which) {
    target.endpoint = {host(which), 161};
    std::string out = "nothing";
    world.reactor().spawn(get_into(*client, target, out));
    world.run_for(10s);
    return out;
  }
  static asio::awaitable<void> get_into(snmp::Client& client, snmp::Target target, std::string& out) {
    std::vector<Oid> oids(1, *Oid::parse("1.3.6.1.2.1.1.1.0"));
    auto got = co_await client.get(std::move(target), std::move(oids));
    out = got ? got->varbinds.at(0).value.to_text() : got.error().text;
  }

  net::SimWorld world{1};
  Metrics metrics;
  std::unique_ptr<Agents> agents;
  std::unique_ptr<snmp::Client> client;
  snmp::Target target;
};

}  // namespace

TEST(MisbehaviourV3, ForgetsItsBoots) {
  SecuredLab lab({"boots-reset=60"});
  EXPECT_EQ("box", lab.get(0));
  EXPECT_EQ(1U, lab.agents->stats().reports);  // the engine ID
  lab.world.run_for(20s);
  EXPECT_EQ("box", lab.get(0));
  EXPECT_EQ(1U, lab.agents->stats().reports);
  lab.world.run_for(200s);  // and back to engineTime 0, boots 1
  EXPECT_EQ("box", lab.get(0));
  EXPECT_EQ(2U, lab.agents->stats().reports);
}

TEST(MisbehaviourV3, ChangesItsEngineId) {
  SecuredLab lab({"engine-change=100"});
  EXPECT_EQ("box", lab.get(0));
  lab.world.run_for(100s);
  EXPECT_EQ("box", lab.get(0));
  EXPECT_EQ(3U, lab.agents->stats().reports);  // the ID, the old one refused, the new one
}

TEST(MisbehaviourV3, SharesItsEngineId) {
  SecuredLab lab({"engine-id", "engine-id,boots-reset=7", "engine-id=8000000001020304"});
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ("box", lab.get(i)) << i;
  }
  EXPECT_EQ(3U, lab.agents->stats().reports);
}

TEST(MisbehaviourV3, RestartsWithOneBootMore) {
  SecuredLab lab({"twice"});
  lab.world.run_for(1h);
  EXPECT_EQ("box", lab.get(0));
  lab.agents->restart(SecuredLab::host(0));
  EXPECT_EQ("box", lab.get(0));
  EXPECT_EQ(2U, lab.agents->stats().reports);
}

TEST(MisbehaviourV3, HoldsToItsOtherMisbehaviours) {
  EXPECT_EQ("box", SecuredLab({"max-size=200"}).get(0));
  EXPECT_NE("box", SecuredLab({"request-id"}).get(0));
  EXPECT_NE("box", SecuredLab({"v1-only"}).get(0));
  EXPECT_NE("box", SecuredLab({"truncated"}).get(0));
}

}  // namespace bongsu::agent
