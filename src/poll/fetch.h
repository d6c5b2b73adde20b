// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/reactor.h"
#include "poll/plan.h"
#include "poll/rows.h"
#include "snmp/client.h"

namespace bongsu::poll {

// Why a profile is, or is not, for a device.
struct Explanation {
  std::string profile;
  std::string title;
  bool matched = false;
  bool near = false;  // did not match, and yet a condition held, or it is for others of the same maker
  std::string why;
};

struct Identified {
  Oid sys_object_id;
  std::string sys_descr;
  std::vector<std::pair<std::string, std::string>> facts;  // os, vendor, ...: by the systems and the enterprise number
  std::vector<const DeviceProfile*> profiles;              // the most specific first; they live as long as the set
  std::vector<Explanation> explanations;                   // of all, in the set's order
};

// Finds the profiles of a device. Errors: as snmp::Client.
asio::awaitable<Result<Identified>> identify(snmp::Client& client, snmp::Target target,
                                             std::shared_ptr<const ProfileSet> profiles);

struct Fetched {
  GroupData data;
  std::vector<std::string> notes;  // what the agent did wrong
  bool complete() const { return data.lacking.empty(); }
};
// What a failure means for the values that were due.
GapCause cause_of(Code code);
// Reads what `group` needs, as one transaction: all of it or an Error, but for single columns and scalars that the agent fails
// at, which GroupData::lacking names. `used` names the leaves that matter, empty for all.
// Errors: as snmp::Client; Limit when it is not done by `deadline`, which must outlive the reading and may be moved meanwhile.
asio::awaitable<Result<Fetched>> fetch_group(net::Reactor& reactor, snmp::Client& client, snmp::Target target, const Group& group,
                                             std::vector<bool> used, const SteadyTime& deadline);

}  // namespace bongsu::poll
