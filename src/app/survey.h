// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "discover/propose.h"
#include "http/server.h"
#include "model/device.h"
#include "model/keeper.h"
#include "model/state.h"

namespace bongsu::app {

// Looks once at what new devices have beyond what is read of them: at first contact, again when a device's sysObjectID changes,
// when somebody asks for a proposal, and when new MIB modules or profiles may tell more. What was found is kept over a restart.
// Devices whose system is known are looked at once for each sysObjectID: the first stands for the others. One device at a time.
// What is given must outlive it.
class Surveyor {
 public:
  // Walks a device and proposes (Scraper::propose); waits.
  using Look = std::function<Result<discover::Proposal>(std::string_view device, std::stop_token gone)>;
  // Reads what was kept. Errors: as StateStore::scan.
  static Result<std::unique_ptr<Surveyor>> open(const StateStore& kept, StateKeeper& keeper, const Clock& clock,
                                                const DeviceSource& devices, Metrics& metrics, Look look);

  // Looks at one device that is due; gives when to be called again. Waits for the device. Thread: one.
  Millis step();
  // Ends a look under way, and those to come. Thread: any.
  void stop() { stop_.request_stop(); }

  // A proposal that was made at somebody's wish. Thread: any.
  void take(std::string_view device, const discover::Proposal& found);
  // These are looked at again. Thread: any.
  void again(const std::vector<std::string>& devices);
  // Devices whose newest proposal has that name. Thread: any.
  std::vector<std::string> with_proposal(std::string_view profile) const;
  std::vector<http::Survey> all() const;  // by device

 private:
  Surveyor(StateKeeper& keeper, const Clock& clock, const DeviceSource& devices, Metrics& metrics, Look look);
  bool due(const DeviceState& device, const std::map<std::string, http::Survey, std::less<>>& known) const;

  StateKeeper& keeper_;
  const Clock& clock_;
  const DeviceSource& devices_;
  const Look look_;
  Counter &looks_, &failed_;
  std::stop_source stop_;
  Guarded<std::map<std::string, http::Survey, std::less<>>> known_;
  Guarded<std::set<std::string, std::less<>>> again_;
  std::map<std::string, SteadyTime> not_before_;  // of those that could not be looked at; on the thread of step()
};

}  // namespace bongsu::app
