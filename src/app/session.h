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
  std::shared_ptr<const snmp::Credentials> credentials;
  Metrics metrics;
  net::LiveReactor reactor;
  snmp::Client client{reactor, metrics};
};
// Derives keys, so before its reactor runs. Errors: as find_share and load_mibs; Invalid (credentials that cannot be).
Result<std::unique_ptr<Session>> open_session(const SnmpOptions& options);

struct Whom {
  snmp::Transport transport = snmp::Transport::Udp;
  std::string host;
  std::uint16_t port = 161;
};
// HOST, HOST:PORT, [V6] or [V6]:PORT, with udp:, udp6:, tcp: or tcp6: in front as Net-SNMP's tools take it. Error: Invalid.
Result<Whom> split_host(std::string_view text);
// What the options say; the keys given decide the level where none is said. Error: Invalid.
Result<snmp::Credentials> make_credentials(const SnmpOptions& options);

// Whether the options can be meant as they stand: host and credentials. Error: Invalid, the fault of who wrote them.
Status check_usage(const SnmpOptions& options);

// Whom the options name. Errors: Invalid (not a host), NotFound (no address).
asio::awaitable<Result<snmp::Target>> make_target(Session& session, const SnmpOptions& options);

// Says on standard error what went wrong; returns 1, the exit code of a failure.
int fail(std::string_view text);

}  // namespace bongsu::app
