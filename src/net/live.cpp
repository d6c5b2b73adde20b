// SPDX-License-Identifier: Apache-2.0
#include "net/live.h"

#include <pthread.h>

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"

namespace bongsu::net {

// The one timer of the kernel behind the wheel.
struct LiveReactor::Ticker {
  explicit Ticker(asio::io_context& io) : timer(io), resolver(io) {}
  asio::steady_timer timer;
  asio::ip::udp::resolver resolver;
};

// The thread of aside().
struct LiveReactor::Helper {
  Helper()
      : thread([this] {
          pthread_setname_np(pthread_self(), "aside");
          io.run();
        }) {}
  ~Helper() {
    io.stop();
    thread.join();
  }
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread;
};

LiveReactor::LiveReactor()
    : Reactor(std::chrono::steady_clock::now(), Random::from_system()), ticker_(std::make_unique<Ticker>(io_)) {
  timers().on_earlier([this](SteadyTime at) { arm_ticker(at); });
}

LiveReactor::~LiveReactor() {
  stop();
  helper_.reset();
  timers().on_earlier({});
  ticker_.reset();
  end_coroutines();
}

Result<std::unique_ptr<DatagramSocket>> LiveReactor::open(const SocketSpec& spec) { return open_live_socket(io_, clock_, spec); }

Result<std::unique_ptr<StreamSocket>> LiveReactor::connect(const Endpoint& to, StreamEvents events) {
  return open_live_stream(io_, to, std::move(events));
}

Result<std::unique_ptr<StreamListener>> LiveReactor::listen(const Endpoint& at, StreamListener::Accept accept) {
  return open_live_listener(io_, at, std::move(accept));
}

void LiveReactor::aside(std::function<void()> work, std::function<void()> then) {
  if (!helper_) helper_ = std::make_unique<Helper>();
  // The guard keeps run() going until it is back.
  asio::post(helper_->io, [this, work = std::move(work), then = std::move(then),
                           waits = asio::executor_work_guard<asio::io_context::executor_type>(io_.get_executor())]() mutable {
    work();
    asio::post(io_, std::move(then));
  });
}

void LiveReactor::resolve(std::string host, std::function<void(Result<Address>)> then) {
  if (auto number = Address::parse(host)) {
    post([then = std::move(then), address = *number] { then(address); });
    return;
  }
  ticker_->resolver.async_resolve(
      host, "", [host, then = std::move(then)](const boost::system::error_code& ec, const auto& results) {
        for (const auto& entry : results) {
          auto address = Address::parse(entry.endpoint().address().to_string());
          if (address) return then(*address);
        }
        then(Error{Code::NotFound, host + ": no address found (" + (ec ? ec.message() : "empty answer") +
                                       "); check the name, or write the address"});
      });
}

void LiveReactor::arm_ticker(SteadyTime at) {
  ticker_->timer.expires_at(at);
  ticker_->timer.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) tick();
  });
}

void LiveReactor::tick() {
  timers().advance(clock_.steady());
  if (const auto next = timers().next()) arm_ticker(*next);
}

void LiveReactor::start(std::string name) {
  work_.emplace(io_.get_executor());
  thread_ = std::thread([this, name = std::move(name)] {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    io_.run();
  });
}

void LiveReactor::run() {
  io_.restart();
  io_.run();
}

void LiveReactor::stop() {
  work_.reset();
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace bongsu::net
