// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "client_fixture.h"

namespace bongsu::snmp {

inline std::size_t asked_varbinds(const Message& request) {
  const std::size_t rows = request.pdu.type == PduType::GetBulk ? static_cast<std::size_t>(request.pdu.error_index) : 1;
  return request.pdu.varbinds.size() * rows;
}

inline Message failing(const Message& request, Message answer, std::int32_t status) {
  answer.pdu.varbinds = request.pdu.varbinds;
  answer.pdu.error_status = status;
  answer.pdu.error_index = 0;
  return answer;
}

// Kept records in memory.
class KeptRecords final : public StateStore {
 public:
  Result<std::optional<std::string>> get(std::string_view, std::string_view) const override {
    return std::optional<std::string>();
  }
  Status scan(std::string_view table, std::string_view,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    if (table != DialectBook::kTable) return {};
    for (const auto& [key, value] : all)
      if (!visit(key, value)) break;
    return {};
  }
  Status commit(const StateBatch& batch) override {
    for (const auto& change : batch.changes) {
      if (change.value) all[change.key] = *change.value;
      else all.erase(change.key);
    }
    return {};
  }
  std::map<std::string, std::string> all;
};

class LearningTest : public ClientTest {
 protected:
  LearningTest() {
    agent.put_table(kEntry, 10, 24);
    agent.put(kUptime, Value::of_number(ValueType::TimeTicks, 1));
    agent.put(Oid{1, 3, 6, 1, 2, 1, 31, 1}, Value::of_integer(1));
  }
  void meet() { ASSERT_TRUE(wait(client->get(target(), {kUptime}))); }
  const Dialect& dialect() { return *client->dialect(agent.at()); }
  std::uint64_t seen(Trait trait) {
    const Observation* found = dialect().find(trait);
    return found == nullptr ? 0 : found->count;
  }
  std::string evidence(Trait trait) {
    const Observation* found = dialect().find(trait);
    return found == nullptr ? "" : found->evidence;
  }
  std::vector<Trait> traits() {
    std::vector<Trait> out;
    for (const Observation& observation : dialect().observations) out.push_back(observation.trait);
    return out;
  }
  // Walks until the whole table is had; the number of walks.
  int walks_to_whole(std::size_t width, std::size_t rows, Version version = Version::V2c) {
    for (int walk = 1; walk <= 3; ++walk) {
      const auto table =
          wait(client->table(target(version), columns(static_cast<std::uint32_t>(width))), std::chrono::seconds(600));
      if (table && table->rows.size() == rows && table->end.cells == width * rows) {
        expect_whole_table(table, width, rows);
        return walk;
      }
    }
    return 99;
  }
  std::size_t requests_of_a_walk(std::size_t width, std::size_t rows) {
    agent.asked.clear();
    EXPECT_EQ(1, walks_to_whole(width, rows));
    return agent.asked.size();
  }
};

}  // namespace bongsu::snmp
