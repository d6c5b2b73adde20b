// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <set>

#include "base/text.h"
#include "generate.h"
#include "oracle.h"
#include "query/engine.h"
#include "query/parse.h"
#include "store/memory.h"

namespace bongsu::query {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kBegin = 1'700'000'000'000;
// Samples stand each 15 s at .321 past; queries are asked at .137 or .637, and subqueries at whole seconds: no sample is on
// the edge of a window, where releases 2 and 3 differ.
constexpr std::int64_t kOff = 4'321;
constexpr int kSamples = 240;

struct MadeSeries {
  Labels labels;
  std::vector<Sample> samples;
};

// Counters far from zero (near it the two releases extend a rate differently), gauges, histograms and states; with gaps,
// resets and NaN.
std::vector<MadeSeries> make_data(Random& random) {
  std::vector<MadeSeries> all;
  const auto add = [&](Labels labels, const std::function<double(int)>& value) {
    MadeSeries series{std::move(labels), {}};
    const bool gaps = random.chance(0.3);
    int gap = 0;
    for (int i = 0; i < kSamples; ++i) {
      const double v = value(i);
      if (gaps && gap == 0 && random.chance(0.03)) gap = 1 + static_cast<int>(random.below(40));
      if (gap > 0) {
        --gap;
        continue;
      }
      series.samples.push_back({time_from_ms(kBegin + kOff + i * 15'000), v});
    }
    all.push_back(std::move(series));
  };
  for (const char* dc : {"a", "b", "c"}) {
    for (const char* host : {"h1", "h2", "h3"}) {
      double total = 1e7 + random.unit() * 1e6;
      add({{"__name__", "c_total"}, {"dc", dc}, {"host", host}}, [&, total](int) mutable {
        total += random.unit() * 900;
        if (random.chance(0.01)) total -= 2e6 + random.unit() * 1e6;  // began anew, and far from zero all the same
        return total;
      });
      double level = random.unit() * 100;
      const bool with_nan = random.chance(0.15);
      add({{"__name__", "g"}, {"dc", dc}, {"host", host}}, [&, level](int) mutable {
        level += random.unit() * 4 - 2;
        return with_nan && random.chance(0.05) ? std::nan("") : level;
      });
    }
    add({{"__name__", "s"}, {"dc", dc}}, [&](int) { return static_cast<double>(random.below(4)); });
    std::vector<double> grown(4, 5e6);
    for (int bucket = 0; bucket < 4; ++bucket) {
      static constexpr const char* kBounds[] = {"0.1", "1", "5", "+Inf"};
      double total = 1e6 * (bucket + 1);
      add({{"__name__", "h_bucket"}, {"dc", dc}, {"le", kBounds[bucket]}}, [&, total, bucket](int) mutable {
        total += std::floor(random.unit() * 10 * (bucket + 1));
        return total;
      });
    }
  }
  return all;
}

std::string openmetrics_of(const std::vector<MadeSeries>& all) {
  std::map<std::string, std::string> families;
  for (const MadeSeries& series : all) {
    std::string labels;
    for (const auto& [name, value] : series.labels) {
      if (name == kMetricName) continue;
      labels += (labels.empty() ? "" : ",") + name + "=\"" + value + '"';
    }
    const std::string name(series.labels.metric());
    for (const Sample& sample : series.samples) {
      const std::int64_t ms = to_ms(sample.at);
      families[name] += name + "{" + labels + "} " + format_number(sample.value) + " " + std::to_string(ms / 1000) + "." +
                        std::to_string(1000 + ms % 1000).substr(1) + "\n";
    }
  }
  std::string out;
  for (const auto& [name, text] : families) out += "# TYPE " + name + " unknown\n" + text;
  return out + "# EOF\n";
}

struct Asked {
  bool range = false;
  Time from, to;
  Millis step{0};
};

class Bongsu {
 public:
  explicit Bongsu(const std::vector<MadeSeries>& all) {
    for (const MadeSeries& series : all) {
      const SeriesId id = *store_.series(series.labels);
      std::vector<Point> points;
      for (const Sample& sample : series.samples) points.push_back({id, sample});
      EXPECT_TRUE(store_.append(points));
    }
  }
  Result<Table> ask(const std::string& text, const Asked& asked) const {
    BONGSU_TRY(const auto expr, parse(text));
    return ask(*expr, asked);
  }
  Result<Table> ask(const Expr& expr, const Asked& asked) const {
    const Engine engine(store_);
    BONGSU_TRY(const Answer answer,
               asked.range ? engine.range(expr, asked.from, asked.to, asked.step) : engine.instant(expr, asked.from));
    Table out;
    if (answer.kind == Answer::Scalar) out["scalar"][to_ms(asked.from)] = answer.scalar;
    for (const VectorSample& sample : answer.vector) out[sample.labels->to_string()][to_ms(sample.at)] = sample.value;
    for (const Series& series : answer.matrix) {
      for (const Sample& sample : series.samples) out[series.labels->to_string()][to_ms(sample.at)] = sample.value;
    }
    return out;
  }
  // The largest number that any part of `expr` is made of.
  double largest(const Expr& expr, const Asked& asked) const {
    double most = 0;
    const auto look = [&](const Expr& part) { most = std::max(most, largest(part, asked)); };
    if (const auto* node = std::get_if<Paren>(&expr.node)) return largest(*node->inner, asked);
    if (const auto* node = std::get_if<Unary>(&expr.node)) look(*node->inner);
    if (const auto* node = std::get_if<Binary>(&expr.node)) {
      look(*node->left);
      look(*node->right);
    }
    if (const auto* node = std::get_if<Aggregate>(&expr.node)) look(*node->inner);
    if (const auto* node = std::get_if<Subquery>(&expr.node)) look(*node->inner);
    if (const auto* node = std::get_if<Call>(&expr.node)) {
      for (const ExprPtr& arg : node->args) look(*arg);
    }
    if (std::holds_alternative<RangeSelector>(expr.node)) most = 2e7;
    if (expr.type == ValueType::Vector || expr.type == ValueType::Scalar) {
      if (const auto found = ask(expr, asked)) {
        for (const auto& [labels, values] : *found) {
          for (const auto& [at, value] : values) {
            if (std::isfinite(value)) most = std::max(most, std::abs(value));
          }
        }
      }
    }
    return most;
  }

 private:
  store::MemoryStore store_;
};

// What differs, or nothing.
std::string difference(const Table& ours, const Table& theirs, const std::function<double()>& largest) {
  for (const auto& [labels, values] : theirs) {
    const auto found = ours.find(labels);
    if (found == ours.end()) return "no series " + labels;
    if (found->second.size() != values.size())
      return labels + ": " + std::to_string(found->second.size()) + " values, theirs has " + std::to_string(values.size());
    for (const auto& [at, wanted] : values) {
      const auto value = found->second.find(at);
      if (value == found->second.end()) return labels + ": no value at " + std::to_string(at);
      const double got = value->second;
      if (std::isnan(got) && std::isnan(wanted)) continue;
      if (got == wanted) continue;
      if (std::isfinite(got) && std::isfinite(wanted)) {
        const double off = std::abs(got - wanted);
        if (off <= 1e-9 * std::max(std::abs(got), std::abs(wanted)) || off <= 1e-9 * largest()) continue;
      }
      return labels + " at " + std::to_string(at) + ": " + format_number(got) + ", theirs " + format_number(wanted);
    }
  }
  for (const auto& [labels, values] : ours) {
    if (!theirs.contains(labels)) return "series " + labels + " is ours alone";
  }
  return {};
}

// Differences that are meant, by name.
const char* intended(const std::string& query, const Asked& asked, const std::string& what) {
  const auto uses = [&](const char* word) { return query.find(word) != std::string::npos; };
  if (what.find("ours fails: multiple matches for labels") == 0 && query.find_first_of("<>=") != std::string::npos)
    return "release 2 lets a comparison match many to one where it keeps one";
  if ((asked.range || uses(":")) && uses("@") && (uses("predict_linear") || uses("quantile_over_time")))
    return "release 2 moves a window with @ where another argument changes";
  if (uses("rate((") || uses("increase((")) return "release 3 extends a counter near zero less far";
  if (uses("timestamp(") && uses(" @ ") && uses(" offset ")) return "Prometheus forgets the offset beside @ in timestamp()";
  const bool decided = what.ends_with(": 0, theirs 1") || what.ends_with(": 1, theirs 0");
  if (uses("avg_over_time(") && uses(" bool ") && decided) return "release 2 rounds a mean at each sample";
  if (uses("changes((") || uses("resets((")) return "rounding tells values apart, or not";
  return nullptr;
}

}  // namespace

TEST(Differential, AnswersAsPrometheusDoes) {
  if (!Prometheus::installed())
    GTEST_SKIP() << "neither prometheus nor promtool is in /usr/bin; Debian's package prometheus has both";
  std::uint64_t seed = 20'261'123;
  int queries = 2500;
  if (const char* given = std::getenv("BONGSU_SEED")) seed = parse_unsigned(given).value_or(seed);
  if (const char* given = std::getenv("BONGSU_QUERIES")) queries = static_cast<int>(parse_unsigned(given).value_or(2500));
  Random random(seed);
  const std::vector<MadeSeries> data = make_data(random);
  const auto prometheus = Prometheus::start(openmetrics_of(data));
  ASSERT_TRUE(prometheus) << prometheus.error().text;
  const Bongsu bongsu(data);
  const auto compare = [&](const std::string& text, const Asked& asked) -> std::string {
    const auto theirs =
        asked.range ? (*prometheus)->range(text, asked.from, asked.to, asked.step) : (*prometheus)->instant(text, asked.from);
    const auto ours = bongsu.ask(text, asked);
    if (!theirs && theirs.error().code != Code::Invalid) return theirs.error().text;
    if (!ours || !theirs) {
      if (!ours && !theirs) return {};
      return !ours ? "ours fails: " + ours.error().text : "theirs fails: " + theirs.error().text;
    }
    const auto expr = parse(text);
    return difference(*ours, *theirs, [&] { return bongsu.largest(**expr, asked); });
  };
  if (const char* one = std::getenv("BONGSU_ASK")) {  // a single query at an instant, "TIME_MS QUERY"
    const std::string_view text(one);
    const Time at = time_from_ms(static_cast<std::int64_t>(*parse_unsigned(text.substr(0, text.find(' ')))));
    const std::string query(text.substr(text.find(' ') + 1));
    const auto show = [](const char* who, const Result<Table>& table) {
      std::cout << who << (table ? "" : table.error().text) << '\n';
      if (!table) return;
      for (const auto& [labels, values] : *table) {
        for (const auto& [time, value] : values) std::cout << "  " << labels << ' ' << format_number(value) << '\n';
      }
    };
    show("ours ", bongsu.ask(query, {.from = at}));
    show("theirs ", (*prometheus)->instant(query, at));
    return;
  }
  std::map<std::string, int> meant;
  int answered = 0, empty = 0, errors = 0, failed = 0;
  for (int i = 0; i < queries && failed < 10; ++i) {
    const auto tree =
        generate(random, random.chance(0.05) ? Tree::Type::Scalar : Tree::Type::Vector, 1 + static_cast<int>(random.below(4)));
    Asked asked;
    asked.range = random.chance(0.4);
    asked.from = time_from_ms(kBegin + 137 + static_cast<std::int64_t>(random.below(3700)) * 1000);
    if (asked.range) {
      asked.step = Millis(500 * (1 + static_cast<std::int64_t>(random.below(300))));
      asked.to = asked.from + asked.step * static_cast<std::int64_t>(random.below(30)) +  // the end need not be a step
                 Millis(static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(asked.step.count()))));
    }
    const std::string text = tree->show();
    std::string what = compare(text, asked);
    if (what.empty()) {
      const auto ours = bongsu.ask(text, asked);
      if (!ours) ++errors;
      else if (ours->empty()) ++empty;
      else ++answered;
      continue;
    }
    if (const char* name = intended(text, asked, what)) {
      ++meant[name];
      continue;
    }
    ++failed;
    // Ever smaller while it still fails.
    auto least = tree->copy();
    for (bool again = true; again;) {
      again = false;
      for (auto& candidate : smaller(*least)) {
        const std::string still = compare(candidate->show(), asked);
        if (still.empty() || intended(candidate->show(), asked, still) != nullptr) continue;
        what = still;
        least = std::move(candidate);
        again = true;
        break;
      }
    }
    ADD_FAILURE() << (asked.range ? "range" : "instant") << " from " << to_ms(asked.from) << " to " << to_ms(asked.to) << " step "
                  << asked.step.count() << "\n  " << least->show() << "\n  " << what << "\n  made of " << text << "\n  seed "
                  << seed << ", query " << i;
  }
  std::cout << queries << " queries, seed " << seed << ": " << answered << " answered, " << empty << " empty, " << errors
            << " refused by both";
  for (const auto& [name, count] : meant) std::cout << ", " << count << " differ as meant (" << name << ")";
  std::cout << '\n';
  EXPECT_LT(queries / 2, answered);
}

}  // namespace bongsu::query
