// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "discover/propose.h"
#include "net/reactor.h"
#include "poll/plan.h"
#include "snmp/client.h"

namespace bongsu::app {

// Reads a device once by its profiles, walks what it has below enterprises within bounds (20,000 values, 60 s), and proposes a
// profile for what the others do not read. Errors: as poll::collect; a walk that ends early is a note.
asio::awaitable<Result<discover::Proposal>> propose_for(net::Reactor& reactor, snmp::Client& client, snmp::Target target,
                                                        std::shared_ptr<const poll::ProfileSet> profiles);

}  // namespace bongsu::app
