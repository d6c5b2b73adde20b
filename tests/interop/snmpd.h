// SPDX-License-Identifier: Apache-2.0
// A real snmpd of Net-SNMP for one test, on a free loopback port with a configuration and a state directory of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "folder.h"
#include "net/live.h"
#include "snmp/client.h"

namespace bongsu::interop {

// A reactor and a client for tests that talk to real agents; waits on the test's own thread.
class Live {
 public:
  net::LiveReactor reactor;
  Metrics metrics;
  snmp::Client client{reactor, metrics};

  template <class T>
  Result<T> wait(asio::awaitable<Result<T>> work) {
    std::optional<Result<T>> out;
    reactor.spawn(keep(std::move(work), out, reactor));
    reactor.run();
    if (!out) return Error{Code::Cancelled, "the reactor ended first"};
    return std::move(*out);
  }

 private:
  template <class T>
  static asio::awaitable<void> keep(asio::awaitable<Result<T>> work, std::optional<Result<T>>& into, net::Reactor& reactor) {
    into.emplace(co_await std::move(work));
    reactor.io().stop();
  }
};

class Snmpd {
 public:
  // The program, or nothing when it is not installed: then skip the test with a message.
  static std::optional<std::filesystem::path> program();
  static bool has_ipv6();  // whether ::1 can be bound here

  // Community "public" may read everything, "private" may write; v1 and v2c over IPv4 and, where there is any, IPv6, by UDP and
  // by TCP on the same port.
  // `more` are further lines of its configuration. Starts it and waits until it answers. Errors: NotFound, Timeout, Io.
  static Result<std::unique_ptr<Snmpd>> start(const std::string& more = {});
  ~Snmpd();  // ends it and removes its files

  // Ends the process, and starts it again on the same port, with another configuration where one is given.
  void stop();
  Status resume();
  Status resume(const std::string& more);

  std::uint16_t port() const { return port_; }
  net::Endpoint v4() const { return {net::Address::loopback(net::Address::Family::V4), port_}; }
  net::Endpoint v6() const { return {net::Address::loopback(net::Address::Family::V6), port_}; }
  snmp::Target target(snmp::Version version, const net::Endpoint& at, const std::string& community = "public") const;
  // What a program of Net-SNMP prints, line by line: `tool` such as "snmpbulkwalk", then its arguments. No MIBs are loaded.
  // Errors: NotFound, Io (it ended with an error; the text has what it said).
  Result<std::vector<std::string>> run(const std::string& tool, const std::vector<std::string>& arguments) const;
  std::string log() const;

 private:
  Snmpd() = default;
  void configure(const std::string& more) const;
  Status launch();
  Folder folder_;
  std::uint16_t port_ = 0;
  int pid_ = -1;
};

}  // namespace bongsu::interop
