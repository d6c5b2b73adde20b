// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/point.h"
#include "model/sink.h"
#include "poll/rows.h"

namespace bongsu::poll {

// Turns emissions into points of the sink, and knows which row owns which series.
class SeriesBook {
 public:
  SeriesBook(PointSink& sink, std::string device) : sink_(sink), device_(std::move(device)) {}
  void put(const Group& group, const Outcome& outcome, Time at, std::vector<Point>& points);
  void put(const Group& group, const std::vector<Emission>& emissions, Time at, std::vector<Point>& points);
  // A series without a row, such as snmp_up.
  void put_own(const std::string& metric, double value, Time at, std::vector<Point>& points);
  // device_info: the old one ends where the facts changed.
  void put_info(const Labels& labels, Time at, std::vector<Point>& points);
  // Every series that put_own and put_info wrote ends.
  void end_own(Time at, std::vector<Point>& points);
  // The sink does not know the ids any more; those of the rows are the caller's to reset.
  void forget();
  std::uint64_t refused() const { return refused_; }  // series that the sink did not take

 private:
  std::optional<SeriesId> id_of(const Labels& labels);
  PointSink& sink_;
  const std::string device_;
  std::unordered_map<std::uint64_t, const RowState*> owners_;
  std::map<std::string, SeriesId> own_;
  std::optional<std::pair<Labels, SeriesId>> info_;
  std::uint64_t refused_ = 0;
};

// A marker and a value of one series at one time: the value stays.
void drop_outdone_markers(std::vector<Point>& points);

}  // namespace bongsu::poll
