// SPDX-License-Identifier: Apache-2.0
#include "net/probe.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>

namespace bongsu::net {
namespace {

using asio::ip::udp;

Error error_of(const boost::system::error_code& fault, const Endpoint& to) {
  namespace error = asio::error;
  const std::string where = to.to_string();
  if (fault == error::connection_refused)
    return {Code::Refused, where + ": the host answered that nothing listens on this UDP port (ICMP port unreachable)"};
  if (fault == error::host_unreachable || fault == error::network_unreachable || fault == error::network_down)
    return {Code::Unavailable, where + ": there is no way to this host (" + fault.message() + "); check routes and the link"};
  return {Code::Io, where + ": " + fault.message()};
}

}  // namespace

asio::awaitable<Result<std::vector<std::uint8_t>>> ask_once(Reactor& reactor, Endpoint to, std::vector<std::uint8_t> datagram,
                                                            Millis timeout) {
  boost::system::error_code fault;
  sockaddr_storage name{};
  const std::uint32_t length = to_sockaddr(to, name);
  udp::endpoint peer;
  std::memcpy(peer.data(), &name, length);
  peer.resize(length);
  const auto socket = std::make_shared<udp::socket>(reactor.io());
  socket->open(peer.protocol(), fault);
  if (!fault) socket->connect(peer, fault);
  if (!fault) socket->send(asio::buffer(datagram), 0, fault);
  if (fault) co_return error_of(fault, to);
  asio::steady_timer timer(reactor.io(), timeout);
  timer.async_wait([held = std::weak_ptr(socket)](const boost::system::error_code& cancelled) {
    const auto open = held.lock();
    if (cancelled || !open) return;
    boost::system::error_code ignored;
    open->close(ignored);
  });
  std::vector<std::uint8_t> answer(65'535);
  const std::size_t size = co_await socket->async_receive(asio::buffer(answer), asio::redirect_error(asio::use_awaitable, fault));
  timer.cancel();
  if (fault == asio::error::operation_aborted || fault == asio::error::bad_descriptor)
    co_return Error{Code::Timeout, to.to_string() + ": nothing came back in " + format_duration(timeout)};
  if (fault) co_return error_of(fault, to);
  answer.resize(size);
  co_return answer;
}

}  // namespace bongsu::net
