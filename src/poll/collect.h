// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/labels.h"
#include "model/oid.h"
#include "poll/fetch.h"

namespace bongsu::poll {

struct CollectedMetric {
  std::string name;
  Labels labels;  // without the metric's name and the device
  double value = 0;
  std::string word;  // of a state, and of an enumeration that the value was made of: the vendor's
  Value raw;         // the first object that it was made of
  std::string unit;  // "percent", "bytes"; empty when there is none
  Oid oid;           // the first object that it was made of
  std::string profile;
  std::string table;
};

struct TableError {
  std::string profile;
  std::string table;
  Error error;
};

// One look at one device.
struct Collection {
  std::map<std::string, std::string> info;  // os, kind, vendor, model, version, serial, sysObjectID, sysName, location
  std::optional<double> uptime_seconds;
  std::vector<CollectedMetric> metrics;
  std::vector<Explanation> profiles;  // each one, and why it did or did not match
  std::vector<TableError> errors;     // of tables that gave nothing
  std::vector<std::string> notices;   // what the agent did wrong, rows that could not be told apart
  bool complete = true;               // no table gave nothing, and no column of one was left; else `errors` and `notices` say
  Time at;
  Millis took{0};
};

struct CollectOptions {
  // A metric that needs the growth of counters, and that the device does not work out itself, is read again after this time
  // (Net-SNMP renews its processor counters every 5 s). 0: it is left out.
  Millis second_reading{6'000};
  Millis time{3'600'000};  // for all of it, the second reading too; a table that is not done then is an error
  std::string only{};      // of this profile alone, whether it matches or not; empty: of all that match
  std::function<void(const std::string& what)> waiting{};  // told, when it waits for a second reading, for what
};

// Identifies the device, chooses profiles, collects once. The reactor and the client must outlive it. Errors: as snmp::Client,
// when the device cannot be identified at all; a table's error is in the collection. Name `options` on the line before the
// co_await: a default would be a temporary in it, which gcc 12 destroys twice.
asio::awaitable<Result<Collection>> collect(net::Reactor& reactor, snmp::Client& client, snmp::Target target,
                                            std::shared_ptr<const ProfileSet> profiles, CollectOptions options);

// The groups of a device in the order of asking: those that stand back for another's metric (`unless`) come last.
std::vector<const Group*> groups_in_order(const std::vector<const DeviceProfile*>& profiles);
// True when `group` has to stand back: `given` are the metrics that others gave, or would have given but for an error.
bool stands_back(const Group& group, const std::map<std::string, const Group*, std::less<>>& given);

}  // namespace bongsu::poll
