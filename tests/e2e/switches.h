// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "agent/agents.h"
#include "agent/device.h"
#include "agent/recording.h"
#include "agent/synthetic.h"
#include "folder.h"
#include "net/live.h"

namespace bongsu::e2e {

// Simulated switches on 127.77.0.x, alive on a thread of their own.
class Switches {
 public:
  Switches() {
    auto opened = agent::Agents::open(reactor_, {});
    EXPECT_TRUE(opened) << opened.error().text;
    agents_ = *std::move(opened);
    reactor_.start("agents");
  }
  ~Switches() {
    reactor_.stop();
    agents_.reset();
  }
  std::uint16_t port() const { return agents_->port(); }
  void add(const std::string& address, const std::string& name, unsigned ports = 8) {
    reactor_.post([this, address, name, ports] {
      auto device = std::make_unique<agent::Synthetic>(agent::Synthetic::shape({.kind = agent::Kind::Switch, .ports = ports}),
                                                       agent::Identity{.name = name}, reactor_.clock().steady());
      agents_->add(*net::Address::parse(address), std::move(device));
    });
  }
  // What a recording says.
  void add_recorded(const std::string& address, const std::string& text) {
    reactor_.post([this, address, shape = agent::RecordedDevice::shape(agent::Recording::parse(text))] {
      agents_->add(*net::Address::parse(address), std::make_unique<agent::RecordedDevice>(shape, reactor_.clock().steady()));
    });
  }
  void set_dead(const std::string& address, bool dead) {
    reactor_.post([this, address, dead] { agents_->manner(*net::Address::parse(address))->dead = dead; });
  }
  void set_port(const std::string& address, unsigned port, bool up) {
    reactor_.post([this, address, port, up] {
      static_cast<agent::Synthetic*>(agents_->device(*net::Address::parse(address)))
          ->set_port(port, up, reactor_.clock().steady());
    });
  }

 private:
  net::LiveReactor reactor_;
  std::unique_ptr<agent::Agents> agents_;
};

// Everything fast: polled each second, judged each second, no hold.
inline std::string items_file() {
  return R"(
- item: device_down
  title: {en: Device down, ko: 장비 다운}
  interval: 1s
  expr: device_up
  below: {fatal: 1}
  hold: 0s
  why: The test wants it at once.
)";
}

inline std::string config_text(const Folder& folder, const std::string& devices) {
  return "data: " + (folder.path() / "data").string() +
         "\nhttp: {listen: \"127.0.0.1:0\"}\nsyslog: {udp: [\"127.0.0.1:0\"]}\nrules: [" + (folder.path() / "rules").string() +
         "]\ncredentials:\n  office: {version: 2c, community: public}\ndefaults: {interval: 1s, timeout: 500ms, retries: 1, "
         "ping: {interval: 1s}}\ndevices:\n" +
         devices;
}

}  // namespace bongsu::e2e
