// SPDX-License-Identifier: Apache-2.0
#include "remedy/run.h"

#include <array>

#include "model/record.h"
#include "model/show.h"

namespace bongsu::remedy {
namespace {

constexpr std::uint8_t kRunVersion = 1;
constexpr std::array<std::string_view, 8> kStates{"waiting", "queued", "started", "done", "failed", "unknown", "skipped", "dry"};

}  // namespace

std::string_view to_string(RunState state) { return kStates[static_cast<std::size_t>(state) - 1]; }

std::optional<RunState> parse_run_state(std::string_view word) {
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (kStates[i] == word) return static_cast<RunState>(i + 1);
  }
  return std::nullopt;
}

bool is_open(RunState state) { return state == RunState::Waiting || state == RunState::Queued || state == RunState::Started; }

std::string describe(const Run& run) {
  if (!run.why.empty()) return run.why;
  if (run.state == RunState::Queued) return "waits for its turn";
  if (run.state == RunState::Started) return "under way";
  if (run.state != RunState::Done) return std::string(to_string(run.state));
  std::string out = run.outcome.exit_code >= 0 ? "ended with " + std::to_string(run.outcome.exit_code)
                                               : "ended by signal " + std::to_string(run.outcome.signal);
  out += " after " + format_duration(run.outcome.took);
  return run.outcome.problem.empty() ? out : out + ": " + run.outcome.problem;
}

void write_run(JsonWriter& json, const Run& run, bool output) {
  const auto time = [&](std::string_view name, const std::optional<Time>& at) {
    json.key(name);
    if (at) json.value(*at);
    else json.null();
  };
  json.begin_object().member("id", run.id).member("remedy", run.remedy).member("script", run.script);
  json.member("alarm", run.alarm.id).member("device", run.alarm.device).member("item", run.alarm.item);
  json.member("level", to_string(run.alarm.level)).member("state", to_string(run.state)).member("good", run.good());
  json.member("by", run.by).member("text", describe(run)).member("created", run.created);
  time("started", run.started);
  time("ended", run.ended);
  json.key("exit");
  if (run.state == RunState::Done && run.outcome.exit_code >= 0) json.value(run.outcome.exit_code);
  else json.null();
  json.member("timed_out", run.outcome.timed_out)
      .member("output", output ? std::string_view(run.outcome.output) : std::string_view());
  json.member("left_out", run.outcome.left_out).end_object();
}

std::string encode(const Run& run) {
  RecordWriter out(kRunVersion);
  out.number(run.id);
  out.text(run.remedy);
  out.text(run.script);
  out.alarm(run.alarm);
  out.octet(static_cast<unsigned>(run.state));
  out.text(run.by);
  out.text(run.why);
  out.time(run.created);
  out.optional_time(run.started);
  out.optional_time(run.ended);
  out.flag(run.outcome.ran);
  out.text(run.outcome.problem);
  out.number(static_cast<std::uint64_t>(run.outcome.exit_code + 1));
  out.number(static_cast<std::uint64_t>(run.outcome.signal));
  out.flag(run.outcome.timed_out);
  out.number(static_cast<std::uint64_t>(run.outcome.took.count()));
  out.text(run.outcome.output);
  out.number(run.outcome.left_out);
  return out.take();
}

Result<Run> decode_run(std::string_view bytes) {
  RecordReader in(bytes, kRunVersion);
  Run run;
  run.id = in.number();
  run.remedy = in.text();
  run.script = in.text();
  run.alarm = in.alarm();
  const unsigned state = in.octet();
  if (state < 1 || state > kStates.size()) in.fail();
  else run.state = static_cast<RunState>(state);
  run.by = in.text();
  run.why = in.text();
  run.created = in.time();
  run.started = in.optional_time();
  run.ended = in.optional_time();
  run.outcome.ran = in.flag();
  run.outcome.problem = in.text();
  const std::uint64_t exit_code = in.number();
  const std::uint64_t signal = in.number();
  if (exit_code > 256 || signal > 128) in.fail();
  run.outcome.exit_code = static_cast<int>(exit_code) - 1;
  run.outcome.signal = static_cast<int>(signal);
  run.outcome.timed_out = in.flag();
  const std::uint64_t took = in.number();
  if (took > static_cast<std::uint64_t>(INT64_MAX)) in.fail();
  run.outcome.took = Millis(static_cast<std::int64_t>(took));
  run.outcome.output = in.text();
  run.outcome.left_out = in.number();
  BONGSU_TRY_OK(in.end("run of a script"));
  return run;
}

std::string encode(const Tally& tally) {
  RecordWriter out(kRunVersion);
  out.number(static_cast<std::uint64_t>(tally.failures));
  out.optional_time(tally.stopped);
  return out.take();
}

Result<Tally> decode_tally(std::string_view bytes) {
  RecordReader in(bytes, kRunVersion);
  Tally tally;
  const std::uint64_t failures = in.number();
  if (failures > 1'000'000) in.fail();
  tally.failures = static_cast<int>(failures);
  tally.stopped = in.optional_time();
  BONGSU_TRY_OK(in.end("tally of a remedy"));
  return tally;
}

}  // namespace bongsu::remedy
