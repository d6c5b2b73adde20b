// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text.h"

namespace bongsu::log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = spdlog::stderr_color_mt("bongsu");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    return made;
  }();
  return *instance;
}
spdlog::level::level_enum as_spdlog(Level level) {
  switch (level) {
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void write(Level level, std::string_view line) { logger().log(as_spdlog(level), escape_terminal(line)); }

bool Gate::open(SteadyTime now, std::uint64_t& suppressed) {
  const std::int64_t at = now.time_since_epoch().count();
  std::int64_t next = next_.load(std::memory_order_relaxed);
  const std::int64_t after = at + std::chrono::duration_cast<SteadyTime::duration>(interval_).count();
  if (at < next || !next_.compare_exchange_strong(next, after, std::memory_order_relaxed)) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  return true;
}

}  // namespace bongsu::log
