// SPDX-License-Identifier: Apache-2.0
#include "net/promise.h"

#include <exception>

#include "base/log.h"

namespace bongsu::net {

Reactor::Reactor(SteadyTime origin, Random random) : timers_(origin), random_(random) {}
Reactor::~Reactor() { end_coroutines(); }

void Reactor::spawn(asio::awaitable<void> work) {
  asio::co_spawn(io_, std::move(work), [](std::exception_ptr fault) {
    if (!fault) return;
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& what) {
      log::error("a coroutine ended by an exception: {}; this is a bug", what.what());
      std::abort();
    }
  });
}

void Reactor::end_coroutines() {
  while (pending_ != nullptr) {
    PendingBase* waiter = pending_;
    waiter->unlink();
    // Destroying the handler destroys the coroutine's frame, and with it usually the waiter itself.
    const auto handler = std::move(waiter->handler_);
  }
}

void PendingBase::park(std::unique_ptr<Handler> handler) {
  handler_ = std::move(handler);
  before_ = nullptr;
  after_ = reactor_.pending_;
  if (after_ != nullptr) after_->before_ = this;
  reactor_.pending_ = this;
}

void PendingBase::unlink() {
  if (before_ == nullptr && reactor_.pending_ != this) return;
  (before_ != nullptr ? before_->after_ : reactor_.pending_) = after_;
  if (after_ != nullptr) after_->before_ = before_;
  before_ = after_ = nullptr;
}

void PendingBase::wake() {
  if (!handler_) return;
  unlink();
  asio::post(reactor_.io(), [handler = std::move(handler_)]() mutable { handler->resume(); });
}

// Not in an anonymous namespace: it lives in a coroutine's frame.
class Sleep final : public Timer {
 public:
  explicit Sleep(Reactor& reactor) : done(reactor) {}
  Promise<bool> done;

 private:
  void expired() override { done.set(true); }
};

asio::awaitable<void> sleep_until(Reactor& reactor, SteadyTime at) {
  Sleep sleep(reactor);
  reactor.timers().arm(sleep, at);
  co_await sleep.done.wait();
}

asio::awaitable<void> sleep_for(Reactor& reactor, Millis span) {
  const SteadyTime at = reactor.clock().steady() + span;
  co_await sleep_until(reactor, at);
}

asio::awaitable<Result<Address>> resolve(Reactor& reactor, std::string host) {
  // The answer may come after this coroutine was destroyed with its reactor, so it goes through a shared promise.
  const auto answer = std::make_shared<Promise<Result<Address>>>(reactor);
  std::function<void(Result<Address>)> then = [answer](Result<Address> found) { answer->set(std::move(found)); };
  reactor.resolve(std::move(host), std::move(then));
  co_return co_await answer->wait();
}

}  // namespace bongsu::net
