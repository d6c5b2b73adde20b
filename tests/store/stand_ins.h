// SPDX-License-Identifier: Apache-2.0
// What rooms above the store are tested with.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "devices.h"
#include "store/memory.h"

namespace bongsu {

inline ListedDevices tagged_devices() {
  return ListedDevices({{.name = "web1", .address = "192.0.2.1", .tags = {{"site", "seoul"}}},
                        {.name = "db1", .address = "192.0.2.2", .tags = {{"site", "busan"}}}});
}

// A store whose disk can refuse.
class KeptState final : public StateStore {
 public:
  Result<std::optional<std::string>> get(std::string_view table, std::string_view key) const override {
    return store.get(table, key);
  }
  Status scan(std::string_view table, std::string_view prefix,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store.scan(table, prefix, visit);
  }
  Status commit(const StateBatch& batch) override {
    if (refuse) return Error{Code::Unavailable, "disk full"};
    ++commits;
    return store.commit(batch);
  }
  std::size_t count(std::string_view table) const {
    std::size_t records = 0;
    EXPECT_TRUE(store.scan(table, "", [&](std::string_view, std::string_view) { return ++records > 0; }));
    return records;
  }
  // Texts of audit events, oldest first.
  std::vector<std::string> audit() const {
    EventQuery query;
    query.kinds = {EventKind::Audit};
    query.limit = 10'000;
    std::vector<std::string> out;
    if (const auto page = store.search(query)) {
      for (auto at = page->events.rbegin(); at != page->events.rend(); ++at) out.push_back(at->text);
    }
    return out;
  }
  store::MemoryStore store;
  bool refuse = false;
  std::size_t commits = 0;
};

}  // namespace bongsu
