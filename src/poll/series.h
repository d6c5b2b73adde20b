// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/point.h"
#include "model/sink.h"
#include "poll/rows.h"
#include "poll/spec.h"

namespace bongsu::poll {

// Turns emissions into points of the sink, and knows which row owns which series.
class SeriesBook {
 public:
  SeriesBook(PointSink& sink, std::string device, const SeriesBudget& budget)
      : sink_(sink), device_(std::move(device)), budget_(budget), left_(static_cast<double>(budget.live)) {}
  void put(const Group& group, const Outcome& outcome, Time at, std::vector<Point>& points);
  void put(const Group& group, const std::vector<Emission>& emissions, Time at, std::vector<Point>& points);
  // A series without a row, such as snmp_up.
  void put_own(std::string_view metric, double value, Time at, std::vector<Point>& points);
  // bongsu_poll_table_duration_seconds{table}.
  void put_table_seconds(const std::string& table, double value, Time at, std::vector<Point>& points);
  // The series of a row is no longer written.
  void release(SeriesState& series);
  // device_info: the old one ends where the facts changed.
  void put_info(const Labels& labels, Time at, std::vector<Point>& points);
  // Every series that put_own and put_info wrote ends.
  void end_own(Time at, std::vector<Point>& points);
  // The sink does not know the ids any more; those of the rows are the caller's to reset.
  void forget();
  // Series that were not made since it was last asked: beyond the budget, or not taken by the sink.
  std::uint64_t take_refused() { return std::exchange(refused_, 0); }

 private:
  std::optional<SeriesId> id_of(const Labels& labels);
  bool has_budget(Time at);
  PointSink& sink_;
  const std::string device_;
  const SeriesBudget budget_;
  double left_;  // new series that may be made now
  Time left_at_{};
  std::unordered_map<std::uint64_t, const RowState*> owners_;
  std::map<std::string, SeriesId, std::less<>> own_;
  std::optional<std::pair<Labels, SeriesId>> info_;
  std::uint64_t refused_ = 0;
};

// A marker and a value of one series at one time: the value stays.
void drop_outdone_markers(std::vector<Point>& points);

}  // namespace bongsu::poll
