// SPDX-License-Identifier: Apache-2.0
#include "http/listen.h"

#include <arpa/inet.h>

#include <cstring>
#include <optional>

#include "base/text.h"

namespace bongsu::http {
namespace {

struct HostPort {
  std::string_view host;
  std::string_view port;  // empty when absent
};

// host, host:port, [v6], [v6]:port; nothing for anything else.
std::optional<HostPort> split_host(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return std::nullopt;
    return HostPort{text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return HostPort{text, {}};
  if (text.find(':', colon + 1) != std::string_view::npos) return std::nullopt;
  return HostPort{text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = parse_unsigned(text);
  if (!number || *number > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

enum class Reach { NotAnAddress, Loopback, Beyond };
Reach reach(const std::string& host) {
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127 ? Reach::Loopback : Reach::Beyond;
  in6_addr v6{};
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return std::memcmp(&v6, &in6addr_loopback, sizeof v6) == 0 ? Reach::Loopback : Reach::Beyond;
  }
  return Reach::NotAnAddress;
}

}  // namespace

Result<Listen> parse_listen(std::string_view text) {
  const std::string shown = escape_terminal(text.substr(0, 200));
  const auto parts = split_host(text);
  const auto port = parts ? parse_port(parts->port) : std::nullopt;
  if (!parts || !port) {
    return Error{Code::Invalid,
                 "http.listen: \"" + shown + "\" is not an address and a port; write 127.0.0.1:8642 or [::1]:8642"};
  }
  const std::string host = to_lower(parts->host) == "localhost" ? "127.0.0.1" : std::string(parts->host);
  switch (reach(host)) {
    case Reach::Loopback:
      return Listen{host, *port};
    case Reach::Beyond:
      return Error{Code::Denied,
                   "http.listen: " + shown +
                       " is not a loopback address, and without users and tokens anybody there could read and acknowledge; "
                       "listen on 127.0.0.1 or [::1] and put a proxy that asks for a login, or an SSH tunnel, in front"};
    case Reach::NotAnAddress:
      break;
  }
  return Error{Code::Invalid, "http.listen: \"" + escape_terminal(host) + "\" is not an IP address; write 127.0.0.1 or [::1]"};
}

bool host_is_ours(std::string_view text, std::string_view address) {
  const auto parts = split_host(text);
  if (!parts || parts->host.empty() || (!parts->port.empty() && !parse_port(parts->port))) return false;
  const std::string host = to_lower(parts->host);
  return host == "localhost" || host == "localhost." || host.ends_with(".localhost") || host == address ||
         reach(host) == Reach::Loopback;
}

}  // namespace bongsu::http
