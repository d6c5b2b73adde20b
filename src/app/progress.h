// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace bongsu::app {

// How far something long has come, on one line of standard error when that is a terminal; else silent. The line goes with the
// object. Thread: one.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  // `share` in 0..1; below 0 when it is not known. At most ten times a second something is drawn.
  void show(std::string_view step, double share);
  void clear();  // before something else is printed

 private:
  const bool shown_;
  SteadyTime last_{};
  bool drawn_ = false;
};

// "1.5 GiB", "312 B".
std::string show_octets(std::uint64_t octets);
// "1,234,567".
std::string show_count(std::uint64_t count);

}  // namespace bongsu::app
