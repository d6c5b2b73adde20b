// SPDX-License-Identifier: Apache-2.0
#include "snmp/target.h"

#include <fmt/format.h>

namespace bongsu::snmp {

std::string who(const Target& target) {
  const std::string at = target.endpoint.to_string();
  const bool tcp = target.transport == Transport::Tcp;
  if (target.name == at || target.name == "tcp:" + at || target.name.empty()) return tcp ? "tcp:" + at : at;
  return fmt::format("{} ({}{})", target.name, tcp ? "tcp " : "", at);
}

std::string rights_advice(const Credentials& credentials) {
  if (credentials.version == Version::V3 && credentials.user)
    return fmt::format(
        "its access rules refuse user \"{}\" at level {}; check the level of credentials \"{}\", and what the agent lets that "
        "user see and write",
        credentials.user->name(), to_string(credentials.level), credentials.name);
  return fmt::format(
      "its access rules refuse this community; check the community of credentials \"{}\", and what the agent lets it see and "
      "write",
      credentials.name);
}

}  // namespace bongsu::snmp
