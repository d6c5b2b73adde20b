// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace bongsu {

// Small shared state with its mutex. Never hold the lock over I/O, a callback or a co_await.
template <class T>
class Guarded {
 public:
  class Locked {
   public:
    Locked(std::mutex& mutex, T& value) : hold_(mutex), value_(value) {}
    T& operator*() const { return value_; }
    T* operator->() const { return &value_; }
    std::unique_lock<std::mutex>& hold() { return hold_; }

   private:
    std::unique_lock<std::mutex> hold_;
    T& value_;
  };
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}
  Locked lock() const { return Locked(mutex_, value_); }

 private:
  mutable std::mutex mutex_;
  mutable T value_{};
};

// Read-mostly state: readers keep what they got while a newer one is published. Thread: any.
template <class T>
class Snapshot {
 public:
  Snapshot() = default;
  explicit Snapshot(std::shared_ptr<const T> first) : live_(std::move(first)) {}
  std::shared_ptr<const T> get() const {
    std::shared_lock hold(mutex_);
    return live_;
  }
  void publish(std::shared_ptr<const T> next) {
    std::unique_lock hold(mutex_);
    live_.swap(next);
  }  // the old one ends after the lock is gone, if this was its last owner

 private:
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const T> live_;
};

}  // namespace bongsu
