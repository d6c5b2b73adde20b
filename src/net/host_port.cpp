// SPDX-License-Identifier: Apache-2.0
#include "net/host_port.h"

#include "base/text.h"
#include "net/address.h"

namespace bongsu::net {

Result<HostPort> HostPort::parse(std::string_view text) {
  const auto bad = [text] {
    return Error{Code::Invalid, "not a host: \"" + std::string(text.substr(0, 300)) +
                                    "\"; write NAME, ADDRESS, ADDRESS:PORT or [V6ADDRESS]:PORT"};
  };
  std::string_view host = text, port;
  bool with_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return bad();
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    with_port = !port.empty();
    if (with_port && port[0] != ':') return bad();
    if (with_port) port.remove_prefix(1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) == std::string_view::npos) {
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
      with_port = true;
    } else if (!Address::parse(text)) {
      return bad();
    }
  }
  if (host.empty()) return bad();
  HostPort out{.host = std::string(host), .port = std::nullopt};
  if (with_port) {
    const auto number = parse_unsigned(port);
    if (!number || *number > 65'535) return bad();
    out.port = static_cast<std::uint16_t>(*number);
  }
  return out;
}

}  // namespace bongsu::net
