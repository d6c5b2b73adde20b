// SPDX-License-Identifier: Apache-2.0
// Remote write in. What cannot be taken is told with 400 after the rest was taken, so that nobody sends it for ever; what
// may be taken later, with 503.
#include <fmt/format.h>

#include <map>

#include "base/log.h"
#include "base/text.h"
#include "http/remote_write.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

constexpr std::size_t kBatch = 10'000;

class Intake {
 public:
  explicit Intake(const Sources& sources) : sources_(sources) {}

  Status take(const RemoteSeries& series) {
    if (series.histograms > 0) refuse("native_histogram", series.histograms, "native histograms are not taken");
    left_out_ += series.exemplars;
    if (series.samples.empty()) return {};
    const auto labels = labels_of(series, bounds_);
    if (!labels) return refuse("invalid", series.samples.size(), labels.error().text), Status();
    const auto id = sources_.write.series(*labels);
    if (!id && id.error().code == Code::Unavailable) return stuck_ = true, Status(id.error());
    if (!id)
      return refuse(id.error().code == Code::Limit ? "series_limit" : "invalid", series.samples.size(), id.error().text),
             Status();
    for (const Sample& sample : series.samples) points_.push_back({*id, sample});
    return points_.size() < kBatch ? Status() : flush();
  }
  Status flush() {
    if (points_.empty()) return {};
    const auto left_out = sources_.write.append(points_);
    if (!left_out) return stuck_ = true, Status(left_out.error());
    taken_ += points_.size() - *left_out;
    points_.clear();
    if (*left_out > 0) {
      refuse("out_of_order", *left_out,
             "samples more than an hour older than the newest of their series, before 1970, or more than a day ahead");
    }
    return {};
  }
  void count() const {
    Metrics& metrics = sources_.metrics;
    metrics.counter("bongsu_remote_write_samples_total", "Samples taken by remote write.").add(taken_);
    metrics.counter("bongsu_remote_write_exemplars_left_out_total", "Exemplars of remote write, which are not kept.")
        .add(left_out_);
    for (const auto& [cause, samples] : refused_)
      metrics.counter("bongsu_remote_write_refused_total", "Samples of remote write that were not taken.", {{"cause", cause}})
          .add(samples);
  }
  bool stuck() const { return stuck_; }  // the store took no more
  bool all_taken() const { return refused_.empty(); }
  std::string told() const {
    std::string list;
    for (const auto& [cause, samples] : refused_) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", samples, cause);
    return fmt::format("{} samples taken, refused: {}; the first: {}", taken_, list, first_);
  }
  const WriteBounds& bounds() const { return bounds_; }

 private:
  void refuse(std::string_view cause, std::size_t samples, const std::string& why) {
    if (refused_.empty()) first_ = to_valid_utf8(why);
    refused_[std::string(cause)] += samples;
  }
  const Sources& sources_;
  const WriteBounds bounds_{};
  std::vector<Point> points_;
  std::size_t taken_ = 0;
  std::size_t left_out_ = 0;
  std::map<std::string, std::size_t> refused_;
  std::string first_;
  bool stuck_ = false;
};

Reply write(const Call& call) {
  static log::Gate gate;
  if (to_lower(call.content_type).find("io.prometheus.write.v2") != std::string::npos)
    return plain_text(415, "remote write 2.0 is not spoken here; send prometheus.WriteRequest (1.0)");
  Intake intake(call.sources);
  const auto message = unpack_snappy(call.body, intake.bounds().octets);
  if (!message) return plain_text(400, message.error().text);
  Status done = read_write_request(*message, intake.bounds(), [&](const RemoteSeries& series) { return intake.take(series); });
  if (done) done = intake.flush();
  else if (!intake.stuck()) (void)intake.flush();  // what was read before the fault
  intake.count();
  if (done && intake.all_taken()) return {.status = 204, .type = {}, .body = {}};
  const std::string why = done ? intake.told() : done.error().text;
  if (std::uint64_t suppressed = 0; gate.open(call.sources.clock.steady(), suppressed))
    log::warning("remote write: {} ({} more such since the last line)", escape_terminal(why), suppressed);
  if (done) return plain_text(400, why);
  // The writer is behind, the disk is full, or a series left between two steps: a later try may do.
  return plain_text(intake.stuck() ? 503 : 400, why);
}

}  // namespace

std::vector<Route> write_routes(const Sources& sources) {
  if (!sources.write.series || !sources.write.append) return {};
  return {{"POST",
           "/prometheus/api/v1/write",
           "Takes samples by Prometheus' remote write 1.0: protobuf in snappy",
           {},
           write,
           Route::Shape::Prometheus,
           {},
           {403, 415, 503},
           {},
           true}};
}

}  // namespace bongsu::http
