// SPDX-License-Identifier: Apache-2.0
// doctor and collect on each misbehaving agent: the right diagnosis, all data where it can be had without trusting a bad
// reply, and nowhere a value that an honest agent would not give.
#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <regex>
#include <set>
#include <thread>

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

struct Row {
  std::string misbehaviour;
  std::string trait;
  Yield yield = Yield::All;
  std::vector<std::string> options{};  // instead of the usual ones
  int hidden = 0;                      // values of a table that GETNEXT passes over: few of them are had by GET
  std::size_t later = 0;               // series that the first poll may still lack, while the agent's limits are learned
};

// A time-out that a busy machine keeps, and short enough for silence to be seen soon.
const std::vector<std::string> kUsual{"-t", "0.5", "-r", "2"};

const std::vector<Row> kRows{
    {"cap-toobig=5", "too_big"},
    {"cap-toobig=25", "too_big"},
    {"cap-cut=5", "varbind_limit"},
    {"cap-cut=25", "varbind_limit"},
    {"cap-silent=10", "varbind_limit"},
    {"cap-generr=10", "varbind_limit"},
    {"toobig", "too_big"},
    {"bulk-silent", "bulk_ignored"},
    {"bulk-generr", "bulk_refused"},
    {"bulk-as-next", "bulk_wrong"},
    {"bulk-by-column", "bulk_wrong"},
    {"swap", "not_increasing"},
    {"loop", "not_increasing", Yield::All, {}, 0, 6},
    {"same", "not_increasing", Yield::All, {}, 0, 6},
    {"endless", "endless_table", Yield::Others},
    {"request-id", "wrong_request_id", Yield::Nothing},
    {"from", "reply_address", Yield::Nothing},
    {"truncated", "malformed", Yield::Nothing},
    {"32bit", "counter32_only", Yield::Narrow},
    {"types", "wrong_type", Yield::Others},
    {"loss", "packet_loss", Yield::All, {"-t", "0.3", "-r", "9"}},
    {"twice", "duplicate_reply"},
    {"late=700", "late_reply", Yield::Nothing, {"-t", "0.2", "-r", "0"}},
    {"one-at-a-time", "in_flight_limit"},
    {"v1-only", "v1_only", Yield::Narrow},
};

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

Json asked(const std::string& command, const std::string& host, const std::vector<std::string>& options) {
  std::vector<std::string> words{"bongsu", command, host, "-c", "public", "--json"};
  words.insert(words.end(), options.begin(), options.end());
  const Ran ran = run(words);
  return Json::parse(ran.out, nullptr, false);
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

struct Seen {
  Json examined, collected, honest_examined, honest_collected;
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
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      for (std::size_t row; (row = next++) < kRows.size();) {
        const auto& options = kRows[row].options.empty() ? kUsual : kRows[row].options;
        seen[row].examined = asked("doctor", address(row, bad_port), options);
        seen[row].collected = asked("collect", address(row, bad_port), options);
        seen[row].honest_examined = asked("doctor", address(row, honest_port), {});
        seen[row].honest_collected = asked("collect", address(row, honest_port), {});
      }
    });
  }
  for (std::thread& worker : workers) worker.join();

  for (std::size_t i = 0; i < kRows.size(); ++i) {
    const Row& row = kRows[i];
    SCOPED_TRACE(row.misbehaviour);
    ASSERT_TRUE(seen[i].examined.is_object());
    ASSERT_TRUE(seen[i].honest_examined.is_object());
    // What a machine under load can look like is not held against it.
    for (const std::string& trait : traits(seen[i].honest_examined))
      EXPECT_THAT((std::set<std::string>{"packet_loss", "late_reply", "in_flight_limit"}), Contains(trait));
    EXPECT_THAT(traits(seen[i].examined), Contains(row.trait)) << seen[i].examined["findings"].dump(1);
    const auto right = tables(seen[i].honest_examined), got = tables(seen[i].examined);
    ASSERT_GE(right.size(), 5U);
    const auto honest_values = values(seen[i].honest_collected), got_values = values(seen[i].collected);
    ASSERT_GE(honest_values.size(), 100U);
    const auto false_values = without(got_values, honest_values);
    switch (row.yield) {
      case Yield::All:
        ASSERT_EQ(right.size(), got.size());
        for (const auto& [table, size] : right) {
          const auto at = got.find(table);
          ASSERT_NE(got.end(), at) << table;
          EXPECT_EQ(size.first, at->second.first) << table;
          EXPECT_LE(at->second.second, size.second) << table;
          EXPECT_GE(at->second.second, size.second - row.hidden) << table;
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

}  // namespace bongsu::e2e
