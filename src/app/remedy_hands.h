// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/setup.h"
#include "base/lock.h"
#include "mib/tree.h"
#include "net/reactor.h"
#include "notify/request.h"
#include "poll/spec.h"
#include "remedy/hands.h"
#include "snmp/client.h"

namespace bongsu::app {

// What of a remedy's SET these MIB modules cannot say, one line each: an object nobody knows, a value that it cannot have.
std::vector<std::string> unwritable(const remedy::Remedy& remedy, const mib::Tree& tree);

// Carries out what a remedy is to do: scripts by the runner; SETs at the alarm's device by our own engine; HTTP calls as notices
// leave, verified and without redirects. A SET is made with the first credentials that the device answers a GET of the same
// objects with, and sent once: what has no answer may have been done, and is not done again. So is a call.
class RemedyHands final : public remedy::Hands {
 public:
  struct Parts {
    remedy::Hands& scripts;
    notify::Courier& courier;
    net::Reactor& reactor;
    snmp::Client& client;
    const Snapshot<mib::Tree>& tree;
  };
  // All must outlive it.
  explicit RemedyHands(const Parts& parts) : parts_(parts) {}
  // The devices, and the credentials by name. Thread: any.
  void know(const std::vector<poll::DeviceSpec>& devices, const CredentialMap& credentials);

  Status begin(std::uint64_t run, const remedy::Order& order) override;
  std::vector<std::pair<std::uint64_t, Result<remedy::Outcome>>> ended() override;
  bool busy() const { return under_way_ > 0; }  // beside scripts

 private:
  using Ended = std::vector<std::pair<std::uint64_t, Result<remedy::Outcome>>>;
  struct Inbox {  // outlives it, for answers that come later
    Guarded<Ended> ended;
  };
  struct Known {
    std::vector<poll::DeviceSpec> devices;
    CredentialMap credentials;
  };
  Status begin_call(std::uint64_t run, const remedy::Order& order);
  Status begin_set(std::uint64_t run, const remedy::Order& order);

  const Parts parts_;
  Guarded<std::shared_ptr<const Known>> known_{std::make_shared<const Known>()};
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::size_t under_way_ = 0;
};

}  // namespace bongsu::app
