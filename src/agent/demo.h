// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/agents.h"
#include "agent/synthetic.h"

namespace bongsu::agent {

struct DemoOptions {
  std::optional<net::Endpoint> syslog;  // where the devices send their messages; a wildcard means the loopback
  std::uint64_t seed = 1;
  std::uint16_t port = 0;  // SNMP; 0: any free one
  std::string community = "public";
  net::Address first = net::Address::v4(0x7f420001);  // 127.66.0.1; the others follow
};

struct DemoDevice {
  std::string name;
  net::Address address;
  std::uint16_t port = 0;
  std::map<std::string, std::string> tags;
};

// A small network to look at: switches, a firewall and servers whose agents answer (v1, v2c) and which send syslog, RFC 3164
// or RFC 5424, from their own addresses. A script of twenty minutes repeats: a processor climbs through all levels
// and falls, a disk fills and is cleaned, a port flaps, a port has errors, a switch goes down for six minutes and comes
// back with its counters at zero; others stay at one level or healthy. One seed gives one history on virtual time.
// The reactor must outlive it. Thread: the reactor's; open() also before the reactor starts.
class DemoNetwork {
 public:
  static constexpr Millis kPeriod{20 * 60'000};

  // Errors: Unavailable (port in use), Io.
  static Result<std::unique_ptr<DemoNetwork>> open(net::Reactor& reactor, DemoOptions options);
  ~DemoNetwork();

  std::vector<DemoDevice> devices() const { return devices_; }
  const std::string& community() const { return options_.community; }
  Agents& agents() { return *agents_; }

 private:
  struct Step;
  struct Script;
  DemoNetwork(net::Reactor& reactor, DemoOptions options);
  void populate();
  std::size_t add(std::string name, Make make, std::map<std::string, std::string> tags);
  Synthetic& device(std::size_t which) { return *synthetic_[which]; }
  void write_script();
  void step();
  void chat();
  void say(std::size_t which, int facility, int severity, std::string_view app, std::string_view text);

  net::Reactor& reactor_;
  const DemoOptions options_;
  Random random_;
  std::vector<DemoDevice> devices_;
  std::vector<Synthetic*> synthetic_;  // owned by agents_
  std::map<unsigned, std::shared_ptr<const Synthetic::Shape>> shapes_;
  std::unique_ptr<Agents> agents_;
  std::unique_ptr<net::DatagramSocket> out_;
  std::unique_ptr<Script> script_;
  net::CallbackTimer step_timer_;
  net::CallbackTimer chat_timer_;
};

}  // namespace bongsu::agent
