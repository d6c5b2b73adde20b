// SPDX-License-Identifier: Apache-2.0
#include "agent/demo.h"

#include <cstdio>

#include "app/commands.h"
#include "app/run.h"
#include "app/session.h"
#include "net/live.h"

namespace bongsu::app {
namespace {

// What a configuration file for the simulated network would say, polled fast enough to watch it live.
config::MainConfig demo_config(const DemoOptions& options, const net::Endpoint& http, const agent::DemoNetwork& network) {
  config::MainConfig config = config::default_config();
  config.data = options.data;
  config.http = http;
  config.syslog_udp = {{net::Address::loopback(net::Address::Family::V4), options.syslog_port}};
  config.syslog_named = true;
  config.defaults.interval = std::chrono::seconds(5);
  config.defaults.timeout = std::chrono::seconds(1);
  config.defaults.ping_interval = std::chrono::seconds(5);
  config.credentials.push_back(
      {.name = "demo", .version = config::SnmpVersion::V2c, .community = Secret(network.community()), .user = {}, .context = {}});
  for (const agent::DemoDevice& device : network.devices()) {
    config::DeviceConfig made;
    made.name = device.name;
    made.host = device.address.to_string();
    made.port = device.port;
    made.tags = device.tags;
    made.credentials = {"demo"};
    made.polling = config.defaults;
    config.devices.push_back(std::move(made));
  }
  return config;
}

}  // namespace

int demo(const DemoOptions& options) {
  const auto http = net::Endpoint::parse(options.http);
  if (!http) return fail("--http: " + http.error().text), 2;
  // The devices' thread must not take the signals that end the daemon: block them before it starts.
  block_signals();
  net::LiveReactor reactor;
  agent::DemoOptions network_options;
  network_options.syslog = net::Endpoint{net::Address::loopback(net::Address::Family::V4), options.syslog_port};
  network_options.seed = options.seed;
  auto network = agent::DemoNetwork::open(reactor, network_options);
  if (!network) return fail(network.error().text);
  Configured configured{.config = demo_config(options, *http, **network), .overlay = {}, .text = {}};
  config::Problems problems;
  auto setup = complete_setup(std::move(configured), std::filesystem::path(options.data) / "mibs", problems);
  if (!setup) {
    for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", line.c_str());
    return 1;
  }
  std::printf("a simulated network of %zu devices; nothing here is real\n", setup->config.devices.size());
  reactor.start("demo");
  const int code = run_daemon(*std::move(setup), nullptr);
  reactor.stop();
  return code;
}

}  // namespace bongsu::app
