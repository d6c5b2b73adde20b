// SPDX-License-Identifier: Apache-2.0
// doctor and collect on each misbehaving agent: the right diagnosis, all data where it can be had without trusting a bad
// reply, and nowhere a value that an honest agent would not give.
#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <regex>
#include <set>
#include <thread>

#include "agent/misbehave.h"
#include "e2e/daemon.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;
using testing::Contains;

// What can be had of an agent.
enum class Yield {
  All,      // every table, as of an honest one
  Others,   // the table that it gets wrong is cut off; the others are complete
  Narrow,   // all tables, by 32-bit counters alone
  Nothing,  // no answer can be believed
};

constexpr int kWorkers = 8;  // they wait more than they work

struct Row {
  std::string misbehaviour;
  std::string trait;
  Yield yield = Yield::All;
  std::vector<std::string> options{};  // instead of the usual ones
  std::size_t later = 0;               // series that the first poll may still lack, while the agent's limits are learned
};

// A time-out that a busy machine keeps, and short enough for silence to be seen soon.
const std::vector<std::string> kUsual{"-t", "0.5", "-r", "2"};

const std::vector<Row> kRows{
    {"slow=500", "slow_table", Yield::All, {"-t", "2"}},
    {"slow-walk=8", "slow_table", Yield::All, {"-t", "2"}},
    {"cap-toobig=1", "too_big"},
    {"cap-toobig=5", "too_big"},
    {"cap-toobig=10", "too_big"},
    {"cap-toobig=25", "too_big"},
    {"cap-toobig=50", "too_big"},
    {"cap-cut=1", "varbind_limit"},
    {"cap-cut=5", "varbind_limit"},
    {"cap-cut=10", "varbind_limit"},
    {"cap-cut=25", "varbind_limit"},
    {"cap-cut=50", "varbind_limit"},
    {"max-size", "varbind_limit"},
    {"cap-silent=1", "varbind_limit"},
    {"cap-silent=5", "varbind_limit"},
    {"cap-silent=10", "varbind_limit"},
    {"cap-silent=25", "varbind_limit"},
    {"cap-silent=50", "varbind_limit"},
    {"cap-generr=1", "varbind_limit"},
    {"cap-generr=5", "varbind_limit"},
    {"cap-generr=10", "varbind_limit"},
    {"cap-generr=25", "varbind_limit"},
    {"cap-generr=50", "varbind_limit"},
    {"toobig", "too_big"},
    {"bulk-silent", "bulk_ignored"},
    {"bulk-generr", "bulk_refused"},
    {"bulk-as-next", "bulk_wrong"},
    {"bulk-by-column", "bulk_wrong"},
    {"swap", "not_increasing"},
    {"loop", "not_increasing", Yield::All, {}, 6},
    {"same", "not_increasing", Yield::All, {}, 6},
    {"endless", "endless_table", Yield::Others},
    {"request-id", "wrong_request_id", Yield::Nothing},
    {"from", "reply_address", Yield::Nothing},
    {"truncated", "malformed", Yield::Nothing},
    {"32bit", "counter32_only", Yield::Narrow},
    {"types", "wrong_type", Yield::Others},
    {"loss", "packet_loss", Yield::All, {"-t", "0.3", "-r", "9"}},  // each loses others
    {"loss", "packet_loss", Yield::All, {"-t", "0.3", "-r", "9"}},
    {"loss", "packet_loss", Yield::All, {"-t", "0.3", "-r", "9"}},
    {"twice", "duplicate_reply"},
    {"late=700", "late_reply", Yield::Nothing, {"-t", "0.2", "-r", "0"}},
    {"one-at-a-time", "in_flight_limit"},
    {"v1-only", "v1_only", Yield::Narrow},
};

const std::vector<std::pair<std::string, std::string>> kRowsV3{{"engine-id", "duplicate_engine_id"},
                                                               {"boots-reset", "boots_reset"},
                                                               {"boots-reset=2,late=100", "boots_reset"},
                                                               {"engine-change=1,late=60", "engine_id_changed"},
                                                               {"max-size", "message_size"},
                                                               {"cap-silent=1", "varbind_limit"},
                                                               {"late=1", ""},      // nothing wrong
                                                               {"engine-id", ""}};  // not asked; the first has its ID, too

std::vector<std::string> agents(const std::vector<std::string>& misbehaviours) {
  std::vector<std::string> words{"bongsu-agentsim", "--port", "0",       "--synthetic", "switch",
                                 "--ports",         "24",     "--first", "127.60.0.1"};
  for (const std::string& one : misbehaviours) words.insert(words.end(), {"-m", one});
  return words;
}

std::string address(std::size_t row, int port) { return "127.60.0." + std::to_string(row + 1) + ":" + std::to_string(port); }

int port_of(const Daemon& agent) {
  std::smatch found;
  const std::string text = agent.printed();
  return std::regex_search(text, found, std::regex("udp port ([0-9]+)")) ? std::stoi(found[1]) : 0;
}

struct Answer {
  Json json;
  int code = -1;
};
Answer asked(const std::string& command, const std::string& host, const std::vector<std::string>& options) {
  std::vector<std::string> words{"bongsu", command, host, "-c", "public", "--json"};
  words.insert(words.end(), options.begin(), options.end());
  const Ran ran = run(words);
  return {Json::parse(ran.out, nullptr, false), ran.code};
}

// "interfaces/interfaces" -> rows and values, of the complete tables.
std::map<std::string, std::pair<int, int>> tables(const Json& examined) {
  std::map<std::string, std::pair<int, int>> out;
  for (const Json& table : examined["tables"]) {
    if (table["complete"])
      out[table["profile"].get<std::string>() + "/" + table["name"].get<std::string>()] = {table["rows"], table["values"]};
  }
  return out;
}

std::set<std::string> traits(const Json& examined) {
  std::set<std::string> out;
  for (const Json& one : examined["findings"]) out.insert(one["trait"]);
  return out;
}

// What does not move of a collection: "interface_speed_bits{...}" -> value; moving ones without it.
std::map<std::string, std::string> values(const Json& collected) {
  static const std::set<std::string> kStill{"interface_speed_bits", "interface_admin_up", "interface_oper_up",
                                            "storage_size_bytes", "memory_size_bytes"};
  std::map<std::string, std::string> out;
  if (!collected.is_object()) return out;
  for (const Json& metric : collected["metrics"]) {
    const std::string name = metric["name"];
    out[name + metric["labels"].dump()] = kStill.contains(name) ? metric["value"].dump() : "";
  }
  return out;
}

// Of `all` what `known` lacks, or has otherwise; a few of them.
template <class Map>
std::vector<std::string> without(const Map& all, const Map& known) {
  std::vector<std::string> out;
  for (const auto& entry : all) {
    const auto at = known.find(entry.first);
    if ((at == known.end() || at->second != entry.second) && out.size() < 5) out.push_back(entry.first);
  }
  return out;
}

// The honest ones differ by name alone: one of so many is examined.
constexpr std::size_t kExaminedOf = 8;

struct Seen {
  Json examined, honest_examined;
  Answer collected, honest_collected;
};

}  // namespace

TEST(Doctor, DiagnosesEachMisbehaviourAndTakesNoFalseValue) {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.push_back(row.misbehaviour);
  Daemon bad(agents(names)), honest(agents({}));
  ASSERT_TRUE(eventually([&] { return port_of(bad) != 0 && port_of(honest) != 0; })) << bad.printed() << honest.printed();
  const int bad_port = port_of(bad), honest_port = port_of(honest);

  std::vector<Seen> seen(kRows.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back([&] {
      for (std::size_t row; (row = next++) < kRows.size();) {
        const auto& options = kRows[row].options.empty() ? kUsual : kRows[row].options;
        seen[row].examined = asked("doctor", address(row, bad_port), options).json;
        auto once = options;
        once.push_back("--once");
        seen[row].collected = asked("collect", address(row, bad_port), once);
        if (row % kExaminedOf == 0) seen[row].honest_examined = asked("doctor", address(row, honest_port), {}).json;
        seen[row].honest_collected = asked("collect", address(row, honest_port), {"--once"});
      }
    });
  }
  for (std::thread& worker : workers) worker.join();

  for (std::size_t i = 0; i < kRows.size(); ++i) {
    const Row& row = kRows[i];
    SCOPED_TRACE(row.misbehaviour);
    ASSERT_TRUE(seen[i].examined.is_object());
    const Json& honest_examined = seen[i / kExaminedOf * kExaminedOf].honest_examined;
    ASSERT_TRUE(honest_examined.is_object());
    // What a machine under load can look like is not held against it.
    for (const std::string& trait : traits(honest_examined))
      EXPECT_THAT((std::set<std::string>{"packet_loss", "late_reply", "in_flight_limit"}), Contains(trait));
    EXPECT_THAT(traits(seen[i].examined), Contains(row.trait)) << seen[i].examined["findings"].dump(1);
    if (row.trait == "packet_loss") {  // silence that is loss is nothing else
      for (const char* other : {"varbind_limit", "bulk_ignored", "silent_object", "slow_table", "counter32_only", "v1_only"})
        EXPECT_THAT(traits(seen[i].examined), testing::Not(Contains(other))) << seen[i].examined["findings"].dump(1);
    }
    const auto right = tables(honest_examined), got = tables(seen[i].examined);
    ASSERT_GE(right.size(), 5U);
    const auto honest_values = values(seen[i].honest_collected.json), got_values = values(seen[i].collected.json);
    EXPECT_EQ(0, seen[i].honest_collected.code);
    // 0 only when all is there.
    const Json& told = seen[i].collected.json;
    EXPECT_EQ(told.is_object() && told["complete"] && told["errors"].empty() ? 0 : 1, seen[i].collected.code);
    EXPECT_EQ(row.yield == Yield::All || row.yield == Yield::Narrow, told.is_object() && told["complete"].get<bool>());
    ASSERT_GE(honest_values.size(), 100U);
    const auto false_values = without(got_values, honest_values);
    switch (row.yield) {
      case Yield::All:
        ASSERT_EQ(right.size(), got.size());
        for (const auto& [table, size] : right) {
          const auto at = got.find(table);
          ASSERT_NE(got.end(), at) << table;
          EXPECT_EQ(size.first, at->second.first) << table;
          EXPECT_EQ(size.second, at->second.second) << table;
        }
        EXPECT_THAT(false_values, testing::IsEmpty());
        EXPECT_GE(got_values.size(), honest_values.size() - row.later);
        break;
      case Yield::Others:
        EXPECT_THAT(without(got, right), testing::IsEmpty());
        EXPECT_GE(got.size() + 1, right.size());
        EXPECT_FALSE(got_values.empty());
        EXPECT_THAT(false_values, testing::IsEmpty());
        break;
      case Yield::Narrow:
        EXPECT_EQ(right.size(), got.size());
        break;
      case Yield::Nothing:
        EXPECT_TRUE(got.empty());
        EXPECT_TRUE(got_values.empty());
        break;
    }
  }
}

TEST(Doctor, HasARowForEachMisbehaviour) {
  std::set<std::string> rows;
  const auto add = [&](const std::string& misbehaviour) {
    rows.insert(misbehaviour.substr(0, misbehaviour.find_first_of("=,")));
  };
  for (const Row& row : kRows) add(row.misbehaviour);
  for (const auto& [misbehaviour, trait] : kRowsV3) add(misbehaviour);
  for (const agent::MisbehaviourName& one : agent::misbehaviours()) EXPECT_THAT(rows, Contains(std::string(one.name)));
}

TEST(Doctor, NamesWhatItHadNoTimeFor) {
  Daemon late(agents({"late=150"}));
  ASSERT_TRUE(eventually([&] { return port_of(late) != 0; })) << late.printed();
  const Json seen = asked("doctor", address(0, port_of(late)), {"-t", "0.5", "--time", "3"}).json;
  ASSERT_TRUE(seen.is_object());
  EXPECT_THAT(traits(seen), Contains("not_examined")) << seen["findings"].dump(1);
  EXPECT_THAT(traits(seen), testing::Not(Contains("slow_table")));  // it was doctor that left off
  for (const Json& one : seen["findings"]) {
    if (one["trait"] != "not_examined") continue;
    EXPECT_THAT(one["evidence"].get<std::string>(), testing::HasSubstr("table "));
  }
}

TEST(Doctor, WalkAndCollectNameTheBoundThatEndedThem) {
  Daemon agent(agents({"endless", "late=300"}));
  ASSERT_TRUE(eventually([&] { return port_of(agent) != 0; })) << agent.printed();
  const Ran walk = run({"bongsu", "walk", address(0, port_of(agent)), "--rows", "100", "IF-MIB::ifDescr"});
  EXPECT_EQ(1, walk.code);
  EXPECT_EQ(100, std::count(walk.out.begin(), walk.out.end(), '\n'));
  EXPECT_THAT(walk.err, testing::HasSubstr("ended behind 100 rows of IF-MIB::ifDescr"));
  EXPECT_THAT(walk.err, testing::HasSubstr("--rows 1000"));
  // A column of as many rows is whole, and so is what is no column of the MIB.
  const Ran whole = run({"bongsu", "walk", address(1, port_of(agent)), "-t", "1", "--rows", "24", "IF-MIB::ifDescr"});
  EXPECT_EQ(0, whole.code) << whole.err;
  EXPECT_EQ(24, std::count(whole.out.begin(), whole.out.end(), '\n'));
  const Answer collected = asked("collect", address(1, port_of(agent)), {"-t", "1", "--once", "--time", "5"});
  EXPECT_EQ(1, collected.code);
  ASSERT_TRUE(collected.json.is_object());
  EXPECT_FALSE(collected.json["complete"].get<bool>());
  ASSERT_FALSE(collected.json["errors"].empty());
  EXPECT_THAT(collected.json["errors"].back()["error"].get<std::string>(),
              testing::HasSubstr("in its share of 5s; ask with more time"));
}

TEST(Doctor, DiagnosesEnginesOfSnmpV3) {
  const auto& rows = kRowsV3;
  std::vector<std::string> misbehaviours;
  for (const auto& [misbehaviour, trait] : rows) misbehaviours.push_back(misbehaviour);
  const std::vector<std::string> user{"-u", "watcher",          "-l", "authPriv", "-a", "SHA-256",
                                      "-A", "authentic phrase", "-x", "AES-128",  "-X", "private phrase"};
  std::vector<std::string> words = agents(misbehaviours);
  words.insert(words.end(), user.begin(), user.end());
  Daemon lab(words);
  ASSERT_TRUE(eventually([&] { return port_of(lab) != 0; })) << lab.printed();
  const Folder folder;
  std::string config =
      "credentials:\n  core: {version: 3, user: watcher, auth: {protocol: SHA-256, password: authentic phrase}, "
      "priv: {protocol: AES-128, password: private phrase}}\ndevices:\n";
  for (std::size_t row : {std::size_t{0}, rows.size() - 1})
    config +=
        "  - {name: device" + std::to_string(row) + ", address: \"" + address(row, port_of(lab)) + "\", credentials: [core]}\n";
  const std::string file = folder.write("bongsu.yaml", config).string();

  std::vector<Json> seen(rows.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back([&] {
      for (std::size_t row; (row = next++) + 1 < rows.size();) {
        std::vector<std::string> doctor{"bongsu", "doctor", "--json", "-v", "3"};
        if (row == 0) doctor = {"bongsu", "doctor", "--json", "--config", file, "device0"};
        else doctor.push_back(address(row, port_of(lab)));
        if (row != 0) doctor.insert(doctor.end(), user.begin(), user.end());
        if (row != 0) doctor.insert(doctor.end(), kUsual.begin(), kUsual.end());
        seen[row] = Json::parse(run(doctor).out, nullptr, false);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  for (std::size_t row = 0; row + 1 < rows.size(); ++row) {
    SCOPED_TRACE(rows[row].first);
    ASSERT_TRUE(seen[row].is_object());
    const auto found = traits(seen[row]);
    if (rows[row].second.empty()) {
      for (const std::string& trait : found)
        EXPECT_THAT((std::set<std::string>{"packet_loss", "late_reply", "in_flight_limit"}), Contains(trait));
    } else {
      EXPECT_THAT(found, Contains(rows[row].second)) << seen[row]["findings"].dump(1);
    }
    EXPECT_EQ(tables(seen[rows.size() - 2]), tables(seen[row]));  // as the honest one
    EXPECT_GE(tables(seen[row]).size(), 5U);
  }
}

}  // namespace bongsu::e2e
