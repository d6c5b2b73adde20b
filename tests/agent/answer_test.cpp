// SPDX-License-Identifier: Apache-2.0
#include "agent/answer.h"

#include <gtest/gtest.h>

#include "agent/recording.h"

namespace bongsu::agent {
namespace {

using snmp::PduType;
using snmp::Version;

constexpr std::string_view kRows =
    "1.3.6.1.2.1.1.1.0|4|box\n"
    "1.3.6.1.2.1.1.3.0|67|500\n"
    "1.3.6.1.2.1.2.2.1.2.1|4|one\n"
    "1.3.6.1.2.1.2.2.1.2.2|4|two\n"
    "1.3.6.1.2.1.2.2.1.2.130|4|far\n"
    "1.3.6.1.2.1.2.2.1.8.1|2|1\n"
    "1.3.6.1.2.1.2.2.1.8.2|2|2\n"
    "1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615\n"
    "1.3.6.1.2.1.31.1.1.1.6.2|70|5\n"
    "1.3.6.1.2.1.31.1.1.1.15.1|66|1000\n";

Oid oid(std::string_view text) { return *Oid::parse(text); }

class Asking {
 public:
  explicit Asking(std::string_view rows = kRows) : device_(RecordedDevice::shape(Recording::parse(rows)), SteadyTime{}) {}

  snmp::Message ask(Version version, PduType type, const std::vector<std::string>& names, std::size_t limit = 1'472,
                    std::int32_t non_repeaters = 0, std::int32_t repetitions = 0) {
    snmp::Message request{.version = version, .community = "public", .pdu = {}};
    request.pdu.type = type;
    request.pdu.request_id = 77;
    request.pdu.error_status = non_repeaters;
    request.pdu.error_index = repetitions;
    for (const auto& name : names) request.pdu.varbinds.push_back({oid(name), {}});
    const auto datagram = snmp::encode(request);
    EXPECT_TRUE(datagram);
    snmp::Decoder decoder;
    const auto view = decoder.decode(*datagram);
    EXPECT_TRUE(view);
    const auto answered = answerer_.answer(*view, device_, {.octets = limit});
    size_ = answered.size();
    if (answered.empty()) return {};
    auto out = snmp::decode(answered);
    EXPECT_TRUE(out) << (out ? "" : out.error().text);
    EXPECT_EQ(version, out->version);
    EXPECT_EQ("public", out->community);
    EXPECT_EQ(PduType::Response, out->pdu.type);
    EXPECT_EQ(77, out->pdu.request_id);
    return *out;
  }
  snmp::Pdu v1(PduType type, const std::vector<std::string>& names) { return ask(Version::V1, type, names).pdu; }
  snmp::Pdu v2(PduType type, const std::vector<std::string>& names) { return ask(Version::V2c, type, names).pdu; }
  snmp::Pdu bulk(const std::vector<std::string>& names, std::int32_t non_repeaters, std::int32_t repetitions,
                 std::size_t limit = 1'472) {
    return ask(Version::V2c, PduType::GetBulk, names, limit, non_repeaters, repetitions).pdu;
  }
  std::size_t size() const { return size_; }
  RecordedDevice& device() { return device_; }

 private:
  RecordedDevice device_;
  Answerer answerer_;
  std::size_t size_ = 0;
};

std::vector<std::string> shown(const snmp::Pdu& pdu) {
  std::vector<std::string> out;
  for (const Varbind& varbind : pdu.varbinds) out.push_back(varbind.oid.to_string().substr(12) + "=" + varbind.value.to_text());
  return out;
}
using Shown = std::vector<std::string>;

}  // namespace

TEST(Answerer, GetsWhatIsThereAndSaysWhatIsNot) {
  Asking agent;
  const auto pdu = agent.v2(PduType::GetRequest, {"1.3.6.1.2.1.2.2.1.2.130", "1.3.6.1.2.1.2.2.1.2.3", "1.3.6.1.2.1.1.1.1",
                                                  "1.3.6.1.2.1.1.1", "1.3.6.1.2.1.9.9", "1.3.6.1.2.1.31.1.1.1.6.1"});
  EXPECT_EQ(0, pdu.error_status);
  EXPECT_EQ((Shown{"2.2.1.2.130=far", "2.2.1.2.3=noSuchInstance", "1.1.1=noSuchInstance", "1.1=noSuchInstance",
                   "9.9=noSuchObject", "31.1.1.1.6.1=18446744073709551615"}),
            shown(pdu));
}

TEST(Answerer, GetNextFollowsOidOrderToTheEnd) {
  Asking agent;
  EXPECT_EQ(
      (Shown{"1.1.0=box", "2.2.1.2.2=two", "2.2.1.2.130=far", "2.2.1.8.1=1"}),
      shown(agent.v2(PduType::GetNext, {"1.3", "1.3.6.1.2.1.2.2.1.2.1", "1.3.6.1.2.1.2.2.1.2.129", "1.3.6.1.2.1.2.2.1.2.130"})));
  EXPECT_EQ((Shown{"31.1.1.1.15.1=endOfMibView"}), shown(agent.v2(PduType::GetNext, {"1.3.6.1.2.1.31.1.1.1.15.1"})));
}

TEST(Answerer, BulkTakesRowsOfAllColumnsAndStopsAtTheEnd) {
  Asking agent;
  EXPECT_EQ((Shown{"1.1.0=box", "2.2.1.2.1=one", "2.2.1.8.1=1", "2.2.1.2.2=two", "2.2.1.8.2=2"}),
            shown(agent.bulk({"1.3.6.1.2.1.1.1", "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.8"}, 1, 2)));
  // One whole round of endOfMibView ends it, however many repetitions were asked for (RFC 3416 section 4.2.3).
  EXPECT_EQ((Shown{"31.1.1.1.6.2=5", "31.1.1.1.15.1=1000", "31.1.1.1.15.1=endOfMibView"}),
            shown(agent.bulk({"1.3.6.1.2.1.31.1.1.1.6.1"}, 0, 2'000'000'000)));
  EXPECT_TRUE(agent.bulk({"1.3"}, 0, 0).varbinds.empty());
  EXPECT_TRUE(agent.bulk({"1.3"}, 0, -5).varbinds.empty());
  EXPECT_EQ(1U, agent.bulk({"1.3"}, 9, 50).varbinds.size());  // more non-repeaters than names
  EXPECT_EQ(1U, agent.bulk({"1.3"}, -1, 1).varbinds.size());  // RFC 3416: a negative number is zero
  EXPECT_TRUE(agent.bulk({}, 0, 10).varbinds.empty());
}

TEST(Answerer, KeepsToTheSizeLimit) {
  Asking agent;
  const auto all = agent.bulk({"1.3"}, 0, 100);
  ASSERT_EQ(11U, all.varbinds.size());  // ten objects and the end
  std::size_t before = 0;
  for (std::size_t limit = 60; limit < 320; ++limit) {
    const auto cut = agent.bulk({"1.3"}, 0, 100, limit);
    EXPECT_LE(agent.size(), limit);
    ASSERT_GE(cut.varbinds.size(), before);
    before = cut.varbinds.size();
    EXPECT_EQ(before == 0 ? snmp::kTooBig : 0, cut.error_status) << limit;
    for (std::size_t i = 0; i < before; ++i) EXPECT_EQ(all.varbinds[i].oid, cut.varbinds[i].oid);
  }
  EXPECT_EQ(11U, before);
}

TEST(Answerer, SaysTooBigWhenAnAnswerDoesNotFit) {
  Asking agent("1.3.6.1.2.1.1.1.0|4|" + std::string(300, 'x'));
  const auto v2 = agent.ask(Version::V2c, PduType::GetRequest, {"1.3.6.1.2.1.1.1.0"}, 200).pdu;
  EXPECT_EQ(snmp::kTooBig, v2.error_status);
  EXPECT_EQ(0, v2.error_index);
  EXPECT_TRUE(v2.varbinds.empty());
  const auto v1 = agent.ask(Version::V1, PduType::GetRequest, {"1.3.6.1.2.1.1.1.0"}, 200).pdu;
  EXPECT_EQ(snmp::kTooBig, v1.error_status);
  EXPECT_EQ((std::vector<Varbind>{{oid("1.3.6.1.2.1.1.1.0"), {}}}), v1.varbinds);
  agent.ask(Version::V2c, PduType::GetRequest, {"1.3.6.1.2.1.1.1.0"}, 20);
  EXPECT_EQ(0U, agent.size());  // not even the error fits: nothing is sent
  EXPECT_EQ(1U, agent.ask(Version::V2c, PduType::GetRequest, {"1.3.6.1.2.1.1.1.0"}, 400).pdu.varbinds.size());
}

TEST(Answerer, SpeaksVersion1AsItsReadersExpect) {
  Asking agent;
  const auto missing = agent.v1(PduType::GetRequest, {"1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.9.9"});
  EXPECT_EQ(snmp::kNoSuchName, missing.error_status);
  EXPECT_EQ(2, missing.error_index);
  EXPECT_EQ((std::vector<Varbind>{{oid("1.3.6.1.2.1.1.1.0"), {}}, {oid("1.3.6.1.2.1.9.9"), {}}}), missing.varbinds);
  // Counter64 does not exist in v1 (RFC 3584 section 4.2.2.1).
  EXPECT_EQ(snmp::kNoSuchName, agent.v1(PduType::GetRequest, {"1.3.6.1.2.1.31.1.1.1.6.1"}).error_status);
  EXPECT_EQ((Shown{"31.1.1.1.15.1=1000"}), shown(agent.v1(PduType::GetNext, {"1.3.6.1.2.1.2.2.1.8.2"})));
  const auto end = agent.v1(PduType::GetNext, {"1.3.6.1.2.1.31.1.1.1.15.1"});
  EXPECT_EQ(snmp::kNoSuchName, end.error_status);
  EXPECT_EQ(1, end.error_index);
}

TEST(Answerer, RefusesToSet) {
  Asking agent;
  const auto v2 = agent.v2(PduType::Set, {"1.3.6.1.2.1.1.1.0"});
  EXPECT_EQ(17, v2.error_status);
  EXPECT_EQ(1, v2.error_index);
  EXPECT_EQ(1U, v2.varbinds.size());
  EXPECT_EQ(snmp::kNoSuchName, agent.v1(PduType::Set, {"1.3.6.1.2.1.1.1.0"}).error_status);
}

TEST(Answerer, DoesNotAnswerAnswers) {
  Asking agent;
  agent.v2(PduType::Response, {"1.3.6.1.2.1.1.1.0"});
  EXPECT_EQ(0U, agent.size());
  agent.v2(PduType::TrapV2, {"1.3.6.1.2.1.1.1.0"});
  EXPECT_EQ(0U, agent.size());
}

TEST(Answerer, AnEmptyAgentHasNothingToTell) {
  Asking agent("");
  EXPECT_EQ((Shown{"1.1.0=noSuchObject"}), shown(agent.v2(PduType::GetRequest, {"1.3.6.1.2.1.1.1.0"})));
  EXPECT_EQ(ValueType::EndOfMibView, agent.v2(PduType::GetNext, {"1.3"}).varbinds[0].value.type);
  EXPECT_EQ(1U, agent.bulk({"1.3"}, 0, 10).varbinds.size());
}

TEST(RecordedDevice, LetsTheUptimeRunAndStartsAnewFromZero) {
  Asking agent;
  const auto ticks = [&](Millis at) {
    agent.device().set_moment(SteadyTime(at));
    return agent.v2(PduType::GetRequest, {"1.3.6.1.2.1.1.3.0"}).varbinds[0].value;
  };
  EXPECT_EQ(Value::of_number(ValueType::TimeTicks, 500), ticks(Millis(0)));
  EXPECT_EQ(Value::of_number(ValueType::TimeTicks, 512), ticks(Millis(129)));
  agent.device().restart(SteadyTime(Millis(1'000)));
  EXPECT_EQ(Value::of_number(ValueType::TimeTicks, 20), ticks(Millis(1'200)));
}

}  // namespace bongsu::agent
