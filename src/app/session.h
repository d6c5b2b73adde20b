// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "app/commands.h"
#include "app/mibs.h"
#include "app/share.h"
#include "base/metrics.h"
#include "net/live.h"
#include "snmp/client.h"

namespace bongsu::app {

// One device to be asked from the command line: everything that lives while it is.
struct Session {
  Share share;
  std::shared_ptr<const mib::Tree> tree;
  Metrics metrics;
  net::LiveReactor reactor;
  snmp::Client client{reactor, metrics};
};
// Errors: as find_share and load_mibs.
Result<std::unique_ptr<Session>> open_session(const SnmpOptions& options);

// Host and port (161 where none is given) of HOST, HOST:PORT, [V6] or [V6]:PORT, with udp: or udp6: in front as Net-SNMP's
// tools take it. Error: Invalid.
Result<std::pair<std::string, std::uint16_t>> split_host(std::string_view text);
// What the options say; the keys given decide the level where none is said. Error: Invalid.
Result<snmp::Credentials> make_credentials(const SnmpOptions& options);

// Whom the options name. Errors: Invalid (not a host), NotFound (no address).
asio::awaitable<Result<snmp::Target>> make_target(net::Reactor& reactor, const SnmpOptions& options);

// Says on standard error what went wrong; returns 1, the exit code of a failure.
int fail(std::string_view text);

}  // namespace bongsu::app
