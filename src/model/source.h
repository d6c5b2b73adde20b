// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/point.h"
#include "model/rollup.h"

namespace bongsu {

// A condition on one label, as PromQL's =, !=, =~, !~ (regular expressions are RE2's, anchored at both ends).
// An absent label has the value "".
struct Matcher {
  enum class Op : std::uint8_t { Equal, NotEqual, Regex, NotRegex };
  Op op = Op::Equal;
  std::string name;
  std::string value;
  friend bool operator==(const Matcher&, const Matcher&) = default;
};

struct SelectLimits {
  std::size_t max_series = 1'000'000;
  std::size_t max_samples = 50'000'000;
};

// A series and its newest sample of the time asked for.
struct Latest {
  std::shared_ptr<const Labels> labels;
  Sample sample;
};

// What series there are, by how many: where labels that change all the time eat memory.
struct Cardinality {
  struct Count {
    std::string name;
    std::string value;  // of pairs alone
    std::uint64_t count = 0;
    friend bool operator==(const Count&, const Count&) = default;
  };
  std::uint64_t series = 0;
  std::uint64_t label_names = 0;
  std::uint64_t label_pairs = 0;
  std::uint64_t octets = 0;               // of memory that labels and their index take, about; 0 when not known
  std::vector<Count> series_by_metric{};  // each the largest first, at most as many as were asked for
  std::vector<Count> values_by_label{};
  std::vector<Count> series_by_pair{};  // but metric names
};

// Points by label matchers and time. Thread: any; answers are copies that stay valid.
// Errors: Invalid (bad regular expression), Limit, Corrupt, Unavailable.
class PointSource {
 public:
  virtual ~PointSource() = default;
  // Series that satisfy every matcher and have a sample in [from, to], with those samples; sorted by labels.
  virtual Result<std::vector<Series>> select(std::span<const Matcher> matchers, Time from, Time to,
                                             const SelectLimits& limits = {}) const = 0;
  // Of what select() gives, the last sample of each series alone. What a store can do faster it overrides.
  virtual Result<std::vector<Latest>> latest(std::span<const Matcher> matchers, Time from, Time to,
                                             const SelectLimits& limits = {}) const {
    BONGSU_TRY(std::vector<Series> found, select(matchers, from, to, limits));
    std::vector<Latest> out;
    out.reserve(found.size());
    for (Series& series : found) out.push_back({std::move(series.labels), series.samples.back()});
    return out;
  }
  // Of what select() gives or once gave, the windows that end in (from, to]; `from` is taken down and `to` up to a
  // whole hour. Not of Raw; max_samples counts windows. What a source keeps of windows longer than of samples it overrides.
  virtual Result<std::vector<RollupSeries>> select_rollup(std::span<const Matcher> matchers, Time from, Time to,
                                                          Resolution resolution, const SelectLimits& limits = {}) const;
  // Since when what was taken in at this resolution is still there, whole; of Raw a whole hour.
  virtual Time kept_since(Resolution /*resolution*/) const { return Time::min(); }
  // Their labels alone.
  virtual Result<std::vector<Labels>> find(std::span<const Matcher> matchers, Time from, Time to) const = 0;
  virtual Result<std::vector<std::string>> label_names() const = 0;
  virtual Result<std::vector<std::string>> label_values(std::string_view name) const = 0;
  // Error: Unsupported where the source does not count.
  virtual Result<Cardinality> cardinality(std::size_t /*top*/) const {
    return Error{Code::Unsupported, "this source of series does not count them"};
  }
};

// What events are asked for. Every condition must hold.
//
// A word occurs where its octets stand in the text, app, host or the value of a field, ASCII letter case aside, and neither
// of its ends cuts a word of ASCII letters, digits and _ in two: "10.1.2.3" is found in "from 10.1.2.3:514" and not in
// "110.1.2.3", "fail" not in "failed"; but "fail*" is, since one * at the end of a word lets it go on. Text of other
// scripts is found anywhere ("연결" in "연결이"). A word may hold spaces and is then a phrase. "" and "*" occur everywhere.
struct EventQuery {
  // One of the fields has this name and exactly this value. The names device, sender, host, app, process and message_id
  // mean those members too; "" as the value also means that there is no such field.
  struct Field {
    std::string name;
    std::string value;
    friend bool operator==(const Field&, const Field&) = default;
  };
  std::optional<Time> from;                // inclusive, by time of receipt
  std::optional<Time> to;                  // exclusive
  std::vector<EventKind> kinds;            // one of these; empty for any
  std::string device;                      // exact; empty for any
  std::optional<Severity> min_severity;    // this or worse
  std::optional<int> max_syslog_severity;  // this or worse (0 is the worst)
  std::vector<Field> fields;
  std::vector<std::string> words;
  std::size_t limit = 100;
  std::uint64_t before_id = 0;  // only events older than this id; 0 for no bound
};

struct EventPage {
  std::vector<Event> events;  // newest first
  std::uint64_t next = 0;     // before_id of the next page; 0 when this was the last
};

// Events, newest first. Thread: any. Errors as PointSource's.
class EventReader {
 public:
  virtual ~EventReader() = default;
  virtual Result<EventPage> search(const EventQuery& query) const = 0;
};

}  // namespace bongsu
