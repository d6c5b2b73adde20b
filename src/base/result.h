// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace bongsu {

// What a caller can act on; the text of an Error is for a person.
enum class Code {
  Invalid,      // what was given cannot be taken
  Truncated,    // octets end before the value does
  Timeout,      // asked, and no answer in time
  NotFound,     // no such thing
  Exists,       // it is there already
  Refused,      // the other side answered that it will not
  Denied,       // credentials or rights do not suffice
  Limit,        // a bound of ours was reached (queue full, too many rows)
  Unavailable,  // a resource is held or gone (lock, port, disk)
  Corrupt,      // kept data does not pass its check
  Unsupported,  // known, and not taken
  Cancelled,    // the asker went away
  Io,           // the operating system said no
};
std::string_view to_string(Code code);

// What was asked, of whom, what came back, and what to do next.
struct [[nodiscard]] Error {
  Code code = Code::Invalid;
  std::string text;

  // "where: text": said on the way up, from the innermost out.
  Error context(std::string_view where) && {
    text.insert(0, std::string(where) + ": ");
    return std::move(*this);
  }
  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : held_(std::in_place_index<0>, std::forward<U>(value)) {}

  explicit operator bool() const { return held_.index() == 0; }
  bool ok() const { return held_.index() == 0; }
  // A value is asked for only where one is; anything else is a bug of the caller.
  T& value() & { return check(), std::get<0>(held_); }
  const T& value() const& { return check(), std::get<0>(held_); }
  T&& value() && { return check(), std::get<0>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T other) const& { return ok() ? std::get<0>(held_) : std::move(other); }

  Error& error() & { return std::get<1>(held_); }
  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

  Result context(std::string_view where) && {
    if (ok()) return std::move(*this);
    return std::get<1>(std::move(held_)).context(where);
  }

 private:
  void check() const { BONGSU_CHECK(held_.index() == 0); }
  std::variant<T, Error> held_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  explicit operator bool() const { return !error_; }
  bool ok() const { return !error_; }
  void value() const { BONGSU_CHECK(!error_); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }
  Result context(std::string_view where) && {
    if (ok()) return {};
    return std::move(*error_).context(where);
  }

 private:
  std::optional<Error> error_;
};
using Status = Result<void>;

}  // namespace bongsu

#define BONGSU_JOIN2(a, b) a##b
#define BONGSU_JOIN(a, b) BONGSU_JOIN2(a, b)
#define BONGSU_TRY_AS(name, leave, decl, ...) \
  auto name = (__VA_ARGS__);                  \
  if (!name) leave std::move(name).error();   \
  decl = std::move(name).value()
// BONGSU_TRY(const double x, parse(word)); goes on with the value, or returns the Error to the caller.
#define BONGSU_TRY(decl, ...) BONGSU_TRY_AS(BONGSU_JOIN(bongsu_try_, __COUNTER__), return, decl, __VA_ARGS__)
// BONGSU_TRY_OK(write(file)); for a Status.
#define BONGSU_TRY_OK(...)                                                                           \
  do {                                                                                               \
    if (auto bongsu_status = (__VA_ARGS__); !bongsu_status) return std::move(bongsu_status).error(); \
  } while (false)
// The same inside a coroutine; name what is awaited on the line before.
#define BONGSU_CO_TRY(decl, ...) BONGSU_TRY_AS(BONGSU_JOIN(bongsu_try_, __COUNTER__), co_return, decl, __VA_ARGS__)
