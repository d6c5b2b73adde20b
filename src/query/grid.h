// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/labels.h"

namespace bongsu::query {

using LabelsPtr = std::shared_ptr<const Labels>;

// The cell of a step at which a series has no value. Its bits are those of the staleness marker, which no arithmetic gives.
inline constexpr std::uint64_t kNothingBits = 0x7ff0000000000002;
inline double nothing() { return std::bit_cast<double>(kNothingBits); }
inline bool is_nothing(double value) { return std::bit_cast<std::uint64_t>(value) == kNothingBits; }

// The times an expression is asked for.
struct Steps {
  Time from{};
  Millis step{1};
  std::size_t count = 1;
  Time at(std::size_t i) const { return from + step * static_cast<std::int64_t>(i); }
  Time last() const { return at(count - 1); }
};

// A series of a result. Its metric name is dropped late: nobody copies labels only to lose one of them.
struct Row {
  LabelsPtr labels;
  bool nameless = false;
};

// What one query holds in memory, counted while it lives.
class Charge {
 public:
  Charge() = default;
  Charge(std::size_t& held, std::size_t samples) : held_(&held), samples_(samples) { held += samples; }
  Charge(Charge&& other) noexcept : held_(std::exchange(other.held_, nullptr)), samples_(std::exchange(other.samples_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(held_, other.held_);
    std::swap(samples_, other.samples_);
    return *this;
  }
  ~Charge() {
    if (held_ != nullptr) *held_ -= samples_;
  }

 private:
  std::size_t* held_ = nullptr;
  std::size_t samples_ = 0;
};

// An instant vector at every step: one row per series, one cell per step.
struct Grid {
  std::size_t steps = 0;
  std::vector<Row> rows;
  std::vector<double> cells;  // row by row
  Charge charge;

  double* row(std::size_t r) { return cells.data() + r * steps; }
  const double* row(std::size_t r) const { return cells.data() + r * steps; }
};

}  // namespace bongsu::query
