// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace bongsu::log {

enum class Level { Info, Warning, Error };

// To standard error, one line each; text from outside is escaped for a terminal. Thread: any.
void write(Level level, std::string_view line);

template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::Info, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::Warning, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::Error, fmt::format(text, std::forward<Args>(args)...));
}

// For lines that a stranger can cause: at most one each `interval`. Thread: any.
class Gate {
 public:
  explicit Gate(Millis interval = Millis(10'000)) : interval_(interval) {}
  // True when a line may be written now; `suppressed` then holds how many were not since the last one.
  bool open(SteadyTime now, std::uint64_t& suppressed);

 private:
  const Millis interval_;
  std::atomic<std::int64_t> next_{INT64_MIN};
  std::atomic<std::uint64_t> suppressed_{0};
};

}  // namespace bongsu::log
