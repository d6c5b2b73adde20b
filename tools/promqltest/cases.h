// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/labels.h"

namespace bongsu::promqltest {

// One series of a load or an expectation; no value where there is none at that step.
struct Row {
  Labels labels;
  bool bare = false;  // values without labels before them: a scalar
  std::vector<std::optional<double>> values;
  bool histograms = false;  // native ones stood among the values; those are left out
};
// "m{a="b"} 1 2 _ 3+1x4 stale {{count:1}}". Errors: Invalid.
Result<Row> read_row(std::string_view line);
// "5m", "30" (seconds), "1.5", "-5m". Error: Invalid.
Result<Millis> read_span(std::string_view text);

struct Expectation {
  enum class Kind { Fail, Warn, Info, NoWarn, NoInfo };
  Kind kind = Kind::Fail;
  std::optional<std::string> message{};
  std::optional<std::string> regex{};
};

struct Case {
  std::size_t line = 0;    // from 1
  std::size_t number = 0;  // among the file's cases, from 1
  std::string key;         // of its command line; what names it over releases of the file
  std::string query;
  bool range = false;
  Millis from{0}, to{0}, step{0};  // `from` alone at an instant
  bool ordered = false;
  std::vector<Expectation> expectations;
  std::optional<std::string> text;  // a string result
  struct Span {
    Millis from{0}, to{0}, step{0};
  };
  std::optional<Span> matrix;  // a range vector asked at an instant
  std::vector<std::string> rows;
  bool expects(Expectation::Kind kind) const;
};

struct Command {
  enum class Kind { Clear, Load, Eval, Wrong };
  Kind kind = Kind::Wrong;
  std::size_t line = 0;
  std::string text;  // Wrong: what is wrong
  Millis step{0};    // Load
  bool custom_histograms = false;
  std::vector<std::string> rows;
  Case test;  // Eval
};

// A file of cases in the form of Prometheus' promqltest. What cannot be read becomes a Wrong command, and the rest goes on.
// Error: NotFound.
Result<std::vector<Command>> read_cases(const std::filesystem::path& file);

}  // namespace bongsu::promqltest
