// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "net/address.h"
#include "snmp/codec.h"
#include "snmp/usm.h"

namespace bongsu::snmp {

struct Credentials {
  std::string name;  // as configured; error texts name it
  Version version = Version::V2c;
  Secret community;  // v1, v2c
  // v3
  std::shared_ptr<const User> user;
  SecurityLevel level = SecurityLevel::AuthPriv;  // of all requests and answers; never less than said
  std::string context_name;
  std::string context_engine_id;  // octets; empty: the agent's own engine

  // The same in all that is sent, secrets and keys too; whichever object holds the user.
  friend bool operator==(const Credentials& a, const Credentials& b) {
    return a.name == b.name && a.version == b.version && a.community.reveal() == b.community.reveal() && a.level == b.level &&
           a.context_name == b.context_name && a.context_engine_id == b.context_engine_id &&
           (a.user == b.user || (a.user && b.user && *a.user == *b.user));
  }
};

enum class Transport : std::uint8_t { Udp, Tcp };  // RFC 3417, RFC 3430
std::string_view to_string(Transport transport);   // "udp"

// Whom to ask, and how patiently. A plain value; what is learned about a device is kept by the Client under its endpoint.
struct Target {
  std::string name;  // of the device, for error texts
  net::Endpoint endpoint;
  Transport transport = Transport::Udp;
  std::vector<net::Network> reply_from;  // addresses beside its own that answers may come from, by UDP
  std::shared_ptr<const Credentials> credentials;
  Millis timeout{2'000};     // of one try
  int retries = 2;           // further tries
  int max_repetitions = 25;  // rows asked for by one GETBULK, at most
};

// For error texts: its name and endpoint, such as "sw1 (192.0.2.7:161)", or one of them where the other says nothing more;
// "tcp" before the endpoint where that is meant.
std::string who(const Target& target);
// What to do where the agent knows who asks, and its access rules refuse it (authorizationError, noAccess).
std::string rights_advice(const Credentials& credentials);

}  // namespace bongsu::snmp
