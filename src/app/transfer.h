// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/source.h"
#include "store/store.h"

// What leaves a store as text, and comes back. Two forms for points:
//
// JSON lines, a series and some of its samples each, as VictoriaMetrics also takes them:
//   {"metric":{"__name__":"up","device":"db1"},"values":[1,"gap:timeout"],"timestamps":[1700000000000,1700000060000]}
// The words "stale" and "gap:CAUSE" are markers (model/marker.h), "NaN", "Infinity" and "-Infinity" what JSON has no number for.
// OpenMetrics text, which has no markers: these are left out, and counted.
//
// Events are JSON lines too, as /api/v1/events gives them. Text that is not UTF-8 is {"hex":"ff00"}.
namespace bongsu::app {

struct Moved {
  std::uint64_t series = 0;
  std::uint64_t points = 0;
  std::uint64_t events = 0;
  std::uint64_t markers_left_out = 0;
  std::uint64_t refused = 0;  // points and events of an import, by the store
  std::uint64_t bad_lines = 0;
  std::vector<std::string> complaints{};  // of the first bad lines
};

enum class PointForm { JsonLines, OpenMetrics };
struct ExportSpec {
  std::vector<Matcher> matchers;
  Time from{};
  Time to{};  // inclusive
  PointForm form = PointForm::JsonLines;
};
using Write = std::function<Status(std::string_view text)>;
using ShareDone = std::function<void(double share)>;  // of the work that is done

// Memory is bounded, whatever is exported: JSON lines go through the time, OpenMetrics, as it must, through the series.
Result<Moved> export_points(const PointSource& points, const ExportSpec& spec, const Write& write, const ShareDone& share);
// Received in [from, to].
Result<Moved> export_events(const store::Store& store, Time from, Time to, const Write& write);

std::string to_json_line(const Event& event);  // without its end

// Takes lines of all forms above, as they come. A line that does not read is counted, and the rest is taken.
class Importer {
 public:
  // `store` must outlive it.
  explicit Importer(store::Store& store) : store_(store) {}
  // Error: Unavailable (the store cannot write).
  Status line(std::string_view text);
  // Hands over what is still held; on return it survives a power cut.
  Status finish();
  const Moved& moved() const { return moved_; }

 private:
  Status json(std::string_view text);
  Status open_metrics(std::string_view text);
  Status add(SeriesId series, Time at, double value);
  Result<SeriesId> series(const Labels& labels);
  Status hand_over_points();
  Status hand_over_events();

  store::Store& store_;
  Moved moved_;
  std::uint64_t lines_ = 0;
  std::map<Labels, SeriesId> known_;  // those met lately
  std::vector<Point> points_;
  std::vector<Event> events_;
};

}  // namespace bongsu::app
