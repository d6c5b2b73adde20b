// SPDX-License-Identifier: Apache-2.0
#include "http/listen.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/text.h"
#include "net/host_port.h"

namespace bongsu::http {
namespace {

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
  const auto parts = net::HostPort::parse(text);
  if (!parts || !parts->port) {
    return Error{Code::Invalid,
                 "http.listen: \"" + shown + "\" is not an address and a port; write 127.0.0.1:8642 or [::1]:8642"};
  }
  const std::string host = to_lower(parts->host) == "localhost" ? "127.0.0.1" : parts->host;
  switch (reach(host)) {
    case Reach::Loopback:
      return Listen{host, *parts->port};
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
  const auto parts = net::HostPort::parse(text);
  if (!parts || (!text.starts_with('[') && parts->host.find(':') != std::string::npos)) return false;
  const std::string host = to_lower(parts->host);
  return host == "localhost" || host == "localhost." || host.ends_with(".localhost") || host == address ||
         reach(host) == Reach::Loopback;
}

}  // namespace bongsu::http
