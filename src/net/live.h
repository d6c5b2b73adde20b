// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <thread>

#include "net/reactor.h"

namespace bongsu::net {

// A reactor on the operating system: epoll, the system's clocks, real sockets.
class LiveReactor final : public Reactor {
 public:
  LiveReactor();
  ~LiveReactor() override;  // as stop()

  const Clock& clock() const override { return clock_; }
  Result<std::unique_ptr<DatagramSocket>> open(const SocketSpec& spec) override;
  Result<std::unique_ptr<StreamSocket>> connect(const Endpoint& to, StreamEvents events) override;
  Result<std::unique_ptr<StreamListener>> listen(const Endpoint& at, StreamListener::Accept accept) override;
  void aside(std::function<void()> work, std::function<void()> then) override;
  void resolve(std::string host, std::function<void(Result<Address>)> then) override;

  // Runs on a thread of its own, called `name` (15 characters at most).
  void start(std::string name);
  // Runs on the caller's thread until stop() or until nothing is left to do.
  void run();
  // Ends the loop and joins the thread; what was made on the reactor may then be destroyed by the caller. Thread: any but its
  // own.
  void stop();

 private:
  struct Ticker;
  struct Helper;
  void tick();
  void arm_ticker(SteadyTime at);
  SystemClock clock_;
  std::unique_ptr<Ticker> ticker_;
  std::unique_ptr<Helper> helper_;  // made on first use
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::thread thread_;
};

// Opens the sockets of LiveReactor.
Result<std::unique_ptr<DatagramSocket>> open_live_socket(asio::io_context& io, const Clock& clock, const SocketSpec& spec);
Result<std::unique_ptr<StreamSocket>> open_live_stream(asio::io_context& io, const Endpoint& to, StreamEvents events);
Result<std::unique_ptr<StreamListener>> open_live_listener(asio::io_context& io, const Endpoint& at,
                                                           StreamListener::Accept accept);

}  // namespace bongsu::net
