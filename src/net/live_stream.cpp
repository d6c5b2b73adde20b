// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <vector>

#include "net/live.h"

namespace bongsu::net {
namespace {

using Tcp = asio::ip::tcp;
constexpr std::size_t kRead = 64U << 10;

Tcp::endpoint to_asio(const Endpoint& endpoint) {
  sockaddr_storage name{};
  const std::uint32_t size = to_sockaddr(endpoint, name);
  Tcp::endpoint out;
  out.resize(size);
  std::memcpy(out.data(), &name, size);
  return out;
}
Endpoint from_asio(const Tcp::endpoint& endpoint) {
  sockaddr_storage name{};
  std::memcpy(&name, endpoint.data(), endpoint.size());
  return from_sockaddr(name);
}
Error stream_error(const Endpoint& peer, const boost::system::error_code& ec) {
  const bool ended = ec == asio::error::eof;
  return {Code::Unavailable, "tcp " + peer.to_string() + ": " + (ended ? "the other end closed the connection" : ec.message())};
}

class LiveStream final : public StreamSocket {
 public:
  LiveStream(Tcp::socket socket, Endpoint peer, StreamEvents events)
      : state_(std::make_shared<State>(std::move(socket), peer, std::move(events))) {}
  ~LiveStream() override { state_->end(); }

  void begin() {
    State::settle(state_);
    state_->socket.async_connect(to_asio(state_->peer), [state = state_](const boost::system::error_code& ec) {
      if (state->ended) return;
      if (ec) return state->fail(ec);
      state->open = true;
      if (state->events.opened) state->events.opened();
      State::flush(state);
      State::read(state);
    });
  }
  void begin_accepted() {
    state_->open = true;
    State::settle(state_);
  }
  void on(StreamEvents events) override {
    state_->events = std::move(events);
    State::flush(state_);
    State::read(state_);
  }
  bool send(std::span<const std::uint8_t> octets) override {
    State& state = *state_;
    if (state.ended || state.waiting.size() + state.writing.size() + octets.size() > kMostQueued) return false;
    state.waiting.insert(state.waiting.end(), octets.begin(), octets.end());
    State::flush(state_);
    return true;
  }
  void close() override { state_->end(); }
  Endpoint local() const override {
    boost::system::error_code ec;
    const auto at = state_->socket.local_endpoint(ec);
    return ec ? Endpoint{} : from_asio(at);
  }
  Endpoint peer() const override { return state_->peer; }

 private:
  // Shared with what waits in the loop, which may run once more after the socket is gone.
  struct State {
    State(Tcp::socket made, Endpoint whom, StreamEvents told) : socket(std::move(made)), peer(whom), events(std::move(told)) {}

    static void settle(const std::shared_ptr<State>& state) {
      boost::system::error_code ignored;
      state->socket.set_option(Tcp::no_delay(true), ignored);
      state->socket.set_option(asio::socket_base::keep_alive(true), ignored);
    }
    static void flush(const std::shared_ptr<State>& state) {
      if (!state->open || state->ended || !state->writing.empty() || state->waiting.empty()) return;
      state->writing.swap(state->waiting);
      asio::async_write(state->socket, asio::buffer(state->writing), [state](const boost::system::error_code& ec, std::size_t) {
        if (state->ended) return;
        if (ec) return state->fail(ec);
        state->writing.clear();
        flush(state);
      });
    }
    static void read(const std::shared_ptr<State>& state) {
      if (!state->open || state->ended || state->reading) return;
      state->reading = true;
      state->room.resize(kRead);
      state->socket.async_read_some(asio::buffer(state->room), [state](const boost::system::error_code& ec, std::size_t size) {
        state->reading = false;
        if (state->ended) return;
        if (ec) return state->fail(ec);
        if (state->events.received) state->events.received({state->room.data(), size});
        read(state);
      });
    }
    void end() {
      ended = true;
      boost::system::error_code ignored;
      socket.close(ignored);
    }
    void fail(const boost::system::error_code& ec) {
      end();
      if (events.closed) events.closed(stream_error(peer, ec));
    }

    Tcp::socket socket;
    const Endpoint peer;
    StreamEvents events;
    std::vector<std::uint8_t> room, waiting, writing;
    bool open = false, ended = false, reading = false;
  };
  std::shared_ptr<State> state_;
};

class LiveListener final : public StreamListener {
 public:
  LiveListener(Tcp::acceptor acceptor, Accept accept)
      : state_(std::make_shared<State>(State{std::move(acceptor), std::move(accept)})) {
    State::next(state_);
  }
  ~LiveListener() override {
    state_->ended = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
  }
  Endpoint local() const override {
    boost::system::error_code ec;
    const auto at = state_->acceptor.local_endpoint(ec);
    return ec ? Endpoint{} : from_asio(at);
  }

 private:
  struct State {
    static void next(const std::shared_ptr<State>& state) {
      state->acceptor.async_accept([state](const boost::system::error_code& ec, Tcp::socket socket) {
        if (state->ended) return;
        boost::system::error_code gone;
        const auto peer = ec ? Tcp::endpoint() : socket.remote_endpoint(gone);
        if (!ec && !gone) {
          auto stream = std::make_unique<LiveStream>(std::move(socket), from_asio(peer), StreamEvents{});
          stream->begin_accepted();
          state->accept(std::move(stream));
        }
        if (ec != asio::error::operation_aborted) next(state);
      });
    }
    Tcp::acceptor acceptor;
    Accept accept;
    bool ended = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<StreamSocket>> open_live_stream(asio::io_context& io, const Endpoint& to, StreamEvents events) {
  Tcp::socket socket(io);
  boost::system::error_code ec;
  socket.open(to.address.is_v4() ? Tcp::v4() : Tcp::v6(), ec);
  if (ec) return Error{Code::Io, "tcp " + to.to_string() + ": " + ec.message()};
  auto stream = std::make_unique<LiveStream>(std::move(socket), to, std::move(events));
  stream->begin();
  return std::unique_ptr<StreamSocket>(std::move(stream));
}

Result<std::unique_ptr<StreamListener>> open_live_listener(asio::io_context& io, const Endpoint& at,
                                                           StreamListener::Accept accept) {
  Tcp::acceptor acceptor(io);
  const auto name = to_asio(at);
  boost::system::error_code ec, ignored;
  acceptor.open(name.protocol(), ec);
  if (!ec) acceptor.set_option(Tcp::acceptor::reuse_address(true), ignored);
  if (!ec) acceptor.bind(name, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec)
    return Error{ec == asio::error::address_in_use || ec == asio::error::access_denied ? Code::Unavailable : Code::Io,
                 "listen on tcp " + at.to_string() + ": " + ec.message()};
  return std::unique_ptr<StreamListener>(std::make_unique<LiveListener>(std::move(acceptor), std::move(accept)));
}

}  // namespace bongsu::net
