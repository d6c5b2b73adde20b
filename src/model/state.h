// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"

namespace bongsu {

// Changes to kept records, and events that belong to them: all of it is kept, or none.
struct StateBatch {
  struct Change {
    std::string table;  // "alarm", "device", "dialect", ...: one owner each
    std::string key;
    std::optional<std::string> value;  // nothing erases
  };
  std::vector<Change> changes;
  std::vector<Event> events;
  void put(std::string_view table, std::string_view key, std::string value) {
    changes.push_back({std::string(table), std::string(key), std::move(value)});
  }
  void erase(std::string_view table, std::string_view key) {
    changes.push_back({std::string(table), std::string(key), std::nullopt});
  }
  bool empty() const { return changes.empty() && events.empty(); }
};

// Small records that outlive a restart: what a room must keep. Values are the owner's own bytes, with a version in them.
// Thread: any, but not a reactor's: commit waits for the disk. Errors: Unavailable (disk), Corrupt.
class StateStore {
 public:
  virtual ~StateStore() = default;
  virtual Result<std::optional<std::string>> get(std::string_view table, std::string_view key) const = 0;
  // Every record of the table whose key begins with `prefix`, in key order; stops when `visit` returns false.
  virtual Status scan(std::string_view table, std::string_view prefix,
                      const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;
  // On return it survives a power cut.
  virtual Status commit(const StateBatch& batch) = 0;
};

}  // namespace bongsu
