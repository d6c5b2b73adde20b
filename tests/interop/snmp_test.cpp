// SPDX-License-Identifier: Apache-2.0
// Our engine against Debian's snmpd: what it reads must be what Net-SNMP's own tools print.
#include <gmock/gmock.h>

#include "base/text.h"
#include "interop/fixture.h"
#include "interop/net_snmp_text.h"

namespace bongsu::interop {
namespace {

using snmp::Version;
using ::testing::HasSubstr;

const Oid kSystem{1, 3, 6, 1, 2, 1, 1};

// The first line that differs, not both lists.
void expect_same(const std::vector<std::string>& theirs, const std::vector<std::string>& ours) {
  EXPECT_FALSE(ours.empty());
  EXPECT_EQ(theirs.size(), ours.size());
  for (std::size_t i = 0; i < std::max(theirs.size(), ours.size()); ++i) {
    const std::string their_line = i < theirs.size() ? theirs[i] : "(end)", our_line = i < ours.size() ? ours[i] : "(end)";
    if (their_line == our_line) continue;
    ADD_FAILURE() << "line " << i << "\n  theirs: " << their_line << "\n  ours:   " << our_line;
    return;
  }
}

std::string trimmed(const std::string& line) { return std::string(trim(line)); }

}  // namespace

class SnmpInterop : public SnmpdTest {
 protected:
  static void SetUpTestSuite() { start(); }

  std::vector<std::string> walked(const snmp::Target& target, const Oid& root) {
    std::vector<std::string> out;
    std::function<bool(const Varbind&)> visit = [&out](const Varbind& varbind) {
      out.push_back(as_net_snmp(varbind));
      return true;
    };
    const auto end = live.wait(live.client.walk(target, root, visit));
    EXPECT_TRUE(end) << end.error().text;
    EXPECT_TRUE(!end || end->notes.empty());
    return out;
  }
  std::vector<std::string> printed(const std::string& tool, Version version, const net::Endpoint& at, const std::string& oid) {
    const auto lines = snmpd->run(tool, {version == Version::V1 ? "-v1" : "-v2c", "-c", "public", "-On", "-Oe", "-Ox", "-Ot",
                                         "--hexOutputLength=0", named(at), oid});
    EXPECT_TRUE(lines) << lines.error().text;
    std::vector<std::string> out;
    if (!lines) return out;
    for (const std::string& line : *lines) {
      if (line.find("No more variables left") == std::string::npos && line != "End of MIB") out.push_back(trimmed(line));
    }
    return out;
  }
};

TEST_F(SnmpInterop, GetsWhatSnmpgetGets) {
  for (const net::Endpoint& at : endpoints()) {
    for (const Version version : {Version::V1, Version::V2c}) {
      SCOPED_TRACE(at.to_string() + " " + std::string(to_string(version)));
      for (const Oid& oid : {kSystem + 1 + 0, kSystem + 2 + 0, kSystem + 6 + 0, kSystem + 7 + 0}) {
        const auto got = live.wait(live.client.get(snmpd->target(version, at), {oid}));
        ASSERT_TRUE(got) << got.error().text;
        EXPECT_EQ(printed("snmpget", version, at, oid.to_string()), std::vector<std::string>{as_net_snmp(got->varbinds[0])});
      }
      const auto absent = live.wait(live.client.get(snmpd->target(version, at), {kSystem + 99 + 0, kSystem + 6 + 0}));
      ASSERT_TRUE(absent) << absent.error().text;
      EXPECT_FALSE(absent->varbinds[0].value.exists());
      EXPECT_EQ("rack 7", absent->varbinds[1].value.octets);
    }
  }
}

TEST_F(SnmpInterop, GetNextFindsWhatSnmpgetnextFinds) {
  for (const Version version : {Version::V1, Version::V2c}) {
    for (const Oid& oid : {kSystem, kSystem + 4, kSystem + 9, Oid{1, 3, 6, 1, 2, 1, 2}, Oid{1, 3, 6, 1, 6, 3}}) {
      SCOPED_TRACE(oid.to_string());
      const auto got = live.wait(live.client.get_next(snmpd->target(version, snmpd->v4()), {oid}));
      ASSERT_TRUE(got) << got.error().text;
      const auto expected = printed("snmpgetnext", version, snmpd->v4(), oid.to_string());
      ASSERT_EQ(1U, expected.size());
      EXPECT_EQ(name_and_type(expected[0]), name_and_type(as_net_snmp(got->varbinds[0])));
    }
  }
}

TEST_F(SnmpInterop, WalksWhatSnmpwalkAndSnmpbulkwalkWalk) {
  for (const net::Endpoint& at : endpoints()) {
    for (const Version version : {Version::V1, Version::V2c}) {
      const std::string tool = version == Version::V1 ? "snmpwalk" : "snmpbulkwalk";
      // Still ones by value, moving ones by name and type: groups of system, SNMP, VACM; interfaces, storage, UCD.
      for (const char* root : {"1.3.6.1.2.1.1.9", "1.3.6.1.6.3.16", "1.3.6.1.6.3.10", "1.3.6.1.2.1.1.6"}) {
        SCOPED_TRACE(at.to_string() + " " + tool + " " + root);
        const auto ours = walked(snmpd->target(version, at), *Oid::parse(root));
        auto theirs = printed(tool, version, at, root);
        auto still = ours;
        if (std::string(root) == "1.3.6.1.6.3.10") {  // snmpEngineTime moves
          for (auto* list : {&still, &theirs})
            std::erase_if(*list, [](const std::string& line) { return line.starts_with(".1.3.6.1.6.3.10.2.1.3.0"); });
        }
        expect_same(theirs, still);
      }
      for (const char* root : {"1.3.6.1.2.1.1", "1.3.6.1.2.1.2", "1.3.6.1.2.1.31", "1.3.6.1.2.1.25.2", "1.3.6.1.4.1.2021"}) {
        SCOPED_TRACE(at.to_string() + " " + tool + " " + root);
        std::vector<std::string> ours, theirs;
        for (const std::string& line : walked(snmpd->target(version, at), *Oid::parse(root))) ours.push_back(name_and_type(line));
        for (const std::string& line : printed(tool, version, at, root)) theirs.push_back(name_and_type(line));
        expect_same(theirs, ours);
      }
    }
  }
}

TEST_F(SnmpInterop, AllRepetitionsGiveTheSameWalk) {
  snmp::Target target = snmpd->target(Version::V2c, snmpd->v4());
  const Oid root{1, 3, 6, 1, 6, 3, 16};
  const auto expected = walked(target, root);
  for (const int repetitions : {1, 2, 7, 100, 1'000'000}) {
    target.max_repetitions = repetitions;
    EXPECT_EQ(expected, walked(target, root)) << repetitions;
  }
}

TEST_F(SnmpInterop, ReadsATableAsItsColumnsOneByOne) {
  const Oid entry{1, 3, 6, 1, 2, 1, 2, 2, 1};
  for (const Version version : {Version::V1, Version::V2c}) {
    std::vector<Oid> columns{entry + 1, entry + 2, entry + 3, entry + 6, entry + 99};
    const auto table = live.wait(live.client.table(snmpd->target(version, snmpd->v4()), columns));
    ASSERT_TRUE(table) << table.error().text;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      std::vector<std::string> cells;
      for (const auto& row : table->rows) {
        if (row.cells[c]) cells.push_back(as_net_snmp({columns[c] + std::span(row.index), *row.cells[c]}));
      }
      EXPECT_EQ(walked(snmpd->target(version, snmpd->v4()), columns[c]), cells);
      EXPECT_EQ(c == 4, cells.empty());
    }
  }
}

TEST_F(SnmpInterop, SetsWhereItMay) {
  const Oid contact = kSystem + 4 + 0;
  for (const Version version : {Version::V1, Version::V2c}) {
    const std::string text = "admin of " + std::string(to_string(version));
    const auto written =
        live.wait(live.client.set(snmpd->target(version, snmpd->v4(), "private"), {{contact, Value::of_octets(text)}}));
    ASSERT_TRUE(written) << written.error().text;
    const auto read = live.wait(live.client.get(snmpd->target(version, snmpd->v4()), {contact}));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(text, read->varbinds[0].value.octets);
    const auto refused =
        live.wait(live.client.set(snmpd->target(version, snmpd->v4(), "public"), {{contact, Value::of_octets("x")}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(version == Version::V1 ? Code::Refused : Code::Denied, refused.error().code) << refused.error().text;
  }
}

TEST_F(SnmpInterop, AWrongCommunityIsATimeOutThatSaysSo) {
  snmp::Target target = snmpd->target(Version::V2c, snmpd->v4(), "guess");
  target.timeout = Millis(100);
  target.retries = 1;
  const auto got = live.wait(live.client.get(target, {kSystem + 1 + 0}));
  ASSERT_FALSE(got);
  EXPECT_EQ(Code::Timeout, got.error().code);
  EXPECT_THAT(got.error().text, HasSubstr("community"));
}

TEST_F(SnmpInterop, StopsAndComesBackOnItsPort) {
  snmpd->stop();
  snmp::Target target = snmpd->target(Version::V2c, snmpd->v4());
  target.timeout = Millis(50);
  target.retries = 0;
  EXPECT_EQ(Code::Timeout, live.wait(live.client.get(target, {kSystem + 1 + 0})).error().code);
  const auto resumed = snmpd->resume();
  ASSERT_TRUE(resumed) << resumed.error().text;
}

TEST_F(SnmpInterop, TcpGivesWhatUdpDoes) {
  for (const net::Endpoint& at : endpoints()) {
    for (const Version version : {Version::V1, Version::V2c}) {
      SCOPED_TRACE(at.to_string() + " " + std::string(to_string(version)));
      snmp::Target tcp = snmpd->target(version, at);
      tcp.transport = snmp::Transport::Tcp;
      for (const char* root : {"1.3.6.1.2.1.1.9", "1.3.6.1.6.3.16"})
        expect_same(walked(snmpd->target(version, at), *Oid::parse(root)), walked(tcp, *Oid::parse(root)));
    }
  }
  EXPECT_EQ(endpoints().size(), live.metrics.counter("bongsu_snmp_connects_total", "").value());
  // The agent goes and comes back: the connection is made again.
  snmp::Target tcp = snmpd->target(Version::V2c, snmpd->v4());
  tcp.transport = snmp::Transport::Tcp;
  snmpd->stop();
  const auto gone = live.wait(live.client.get(tcp, {kSystem + 1 + 0}));
  ASSERT_FALSE(gone);
  EXPECT_EQ(Code::Unavailable, gone.error().code) << gone.error().text;
  const auto resumed = snmpd->resume();
  ASSERT_TRUE(resumed) << resumed.error().text;
  Live again;
  EXPECT_TRUE(again.wait(again.client.get(tcp, {kSystem + 1 + 0})));
}

}  // namespace bongsu::interop
