// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "net/reactor.h"

namespace bongsu::net {

// The waiting side of a Promise. The reactor knows all of them, so that a coroutine that still waits when the reactor
// ends is destroyed with it.
class PendingBase {
 public:
  explicit PendingBase(Reactor& reactor) : reactor_(reactor) {}
  PendingBase(const PendingBase&) = delete;
  PendingBase& operator=(const PendingBase&) = delete;
  virtual ~PendingBase() { unlink(); }

 protected:
  struct Handler {
    virtual ~Handler() = default;
    virtual void resume() = 0;
  };
  void park(std::unique_ptr<Handler> handler);
  void wake();  // resumes the coroutine in a later turn, if one waits
  bool waiting() const { return handler_ != nullptr; }
  Reactor& reactor_;

 private:
  friend class Reactor;
  void unlink();
  PendingBase* before_ = nullptr;
  PendingBase* after_ = nullptr;
  std::unique_ptr<Handler> handler_;
};

// Hands one value from a callback to one coroutine on the same reactor. Set it once, before or after the wait began.
// It must live until the value was taken, so keep it in the coroutine's frame or in what outlives it.
template <class T>
class Promise final : public PendingBase {
 public:
  explicit Promise(Reactor& reactor) : PendingBase(reactor) {}
  void set(T value) {
    value_.emplace(std::move(value));
    wake();
  }
  bool is_set() const { return value_.has_value(); }
  asio::awaitable<T> wait() {
    if (!value_) {
      auto begin = [this](auto handler) { park(std::make_unique<Held<decltype(handler)>>(std::move(handler))); };
      co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(begin), asio::use_awaitable);
    }
    T value = std::move(*value_);
    value_.reset();
    co_return value;
  }

 private:
  template <class H>
  struct Held final : Handler {
    explicit Held(H&& made) : handler(std::move(made)) {}
    void resume() override { std::move(handler)(); }
    H handler;
  };
  std::optional<T> value_;
};

}  // namespace bongsu::net
