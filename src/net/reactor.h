// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "net/asio.h"
#include "net/datagram.h"
#include "net/stream.h"
#include "net/timer.h"

namespace bongsu::net {

class PendingBase;

// One thread's world: its event loop, clock, timers, sockets and randomness. Everything made on it belongs to its thread
// and must end before it. Live (net/live.h) or on virtual time (net/sim.h): the code above cannot tell.
class Reactor {
 public:
  explicit Reactor(SteadyTime origin, Random random);
  virtual ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  asio::io_context& io() { return io_; }
  virtual const Clock& clock() const = 0;
  TimerWheel& timers() { return timers_; }
  Random& random() { return random_; }
  // Errors: Unavailable (port in use, or no right to it: the text names the endpoint), Io.
  virtual Result<std::unique_ptr<DatagramSocket>> open(const SocketSpec& spec) = 0;
  // Begins a TCP connection; `events` tell how it goes, none of them before this returns. Errors: Unavailable, Io.
  virtual Result<std::unique_ptr<StreamSocket>> connect(const Endpoint& to, StreamEvents events) = 0;
  // Takes TCP connections; `accept` gives each its events, or closes it by destroying it. Errors: as open().
  virtual Result<std::unique_ptr<StreamListener>> listen(const Endpoint& at, StreamListener::Accept accept) = 0;
  // Runs `work`, which takes long or blocks, beside this thread (one at a time), and `then` on this thread. What has not
  // begun when the reactor ends is dropped. On virtual time both run at once.
  virtual void aside(std::function<void()> work, std::function<void()> then) = 0;
  // Name or number to an address, without blocking; `then` runs on this thread. Errors: NotFound, Timeout.
  virtual void resolve(std::string host, std::function<void(Result<Address>)> then) = 0;

  // Runs `work` on this thread, soon. Thread: any.
  void post(std::function<void()> work) { asio::post(io_, std::move(work)); }
  // Starts a coroutine on this thread. An exception that leaves it is a bug and ends the process. Thread: any.
  void spawn(asio::awaitable<void> work);

 protected:
  // Ends every coroutine that waits for a Promise or sleeps; called by the destructors of the makers.
  void end_coroutines();

 private:
  friend class PendingBase;
  TimerWheel timers_;
  Random random_;
  PendingBase* pending_ = nullptr;

 protected:
  asio::io_context io_{1};  // ends first: what is still queued in it may hold timers and promises
};

asio::awaitable<void> sleep_until(Reactor& reactor, SteadyTime at);
asio::awaitable<void> sleep_for(Reactor& reactor, Millis span);
asio::awaitable<Result<Address>> resolve(Reactor& reactor, std::string host);

}  // namespace bongsu::net
