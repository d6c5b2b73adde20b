// SPDX-License-Identifier: Apache-2.0
// store info, verify, export and import: what is in a data directory that no daemon uses.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>

#include "app/commands.h"
#include "app/data.h"
#include "app/progress.h"
#include "app/session.h"
#include "app/table.h"
#include "app/transfer.h"
#include "base/json.h"
#include "base/text.h"
#include "query/parse.h"
#include "store/inspect.h"

namespace bongsu::app {
namespace {

constexpr std::uint64_t kMemory = 128ull << 20;
constexpr std::size_t kMostLine = 64 << 20;
constexpr std::size_t kShareEvery = 4096;  // lines

Result<store::Inspection> look(const std::filesystem::path& data, bool verify, int top) {
  ProgressBar bar;
  const auto show = [&bar](std::string_view step, double share) {
    bar.show(step, share);
    return true;
  };
  return store::inspect(data, {.verify = verify, .top = static_cast<std::size_t>(top), .progress = show});
}

std::string time_span(const std::optional<Time>& oldest, const std::optional<Time>& newest) {
  return oldest && newest ? format_time(*oldest) + " to " + format_time(*newest) : "none";
}

void write_time(JsonWriter& json, std::string_view name, const std::optional<Time>& at) {
  json.key(name);
  if (at) json.value(*at);
  else json.null();
}

void write_counts(JsonWriter& json, std::string_view name, const std::vector<Cardinality::Count>& counts) {
  json.key(name).begin_array();
  for (const Cardinality::Count& each : counts) {
    json.begin_object().member("name", each.name);
    if (!each.value.empty()) json.member("value", each.value);
    json.member("count", each.count).end_object();
  }
  json.end_array();
}

void write_inspection(JsonWriter& json, const std::filesystem::path& data, const store::Inspection& found) {
  json.member("data", data.string()).member("format", found.format).member("octets", found.octets);
  json.member("series", found.series).member("samples", found.samples);
  write_time(json, "oldest", found.oldest);
  write_time(json, "newest", found.newest);
  json.member("pending", found.pending).member("lost_records", found.lost_records);
  for (const auto& [name, stream] : {std::pair("logs", &found.logs), std::pair("events", &found.events)}) {
    json.key(name).begin_object().member("count", stream->events);
    write_time(json, "oldest", stream->oldest);
    write_time(json, "newest", stream->newest);
    json.end_object();
  }
  json.key("state").begin_object();
  for (const auto& [table, records] : found.tables) json.member(table, records);
  json.end_object().key("families").begin_array();
  for (const auto& family : found.families)
    json.begin_object()
        .member("name", family.name)
        .member("octets", family.octets)
        .member("records", family.records)
        .end_object();
  json.end_array().key("set_aside").begin_array();
  for (const std::string& text : found.set_aside) json.value(text);
  json.end_array().key("cardinality").begin_object();
  json.member("label_names", found.cardinality.label_names).member("label_pairs", found.cardinality.label_pairs);
  write_counts(json, "series_by_metric", found.cardinality.series_by_metric);
  write_counts(json, "values_by_label", found.cardinality.values_by_label);
  write_counts(json, "series_by_pair", found.cardinality.series_by_pair);
  json.end_object();
}

void print_counts(const char* head, const std::vector<Cardinality::Count>& counts) {
  if (counts.empty()) return;
  Table table({head, "COUNT"});
  for (const Cardinality::Count& each : counts)
    table.row({each.value.empty() ? each.name : each.name + "=" + each.value, show_count(each.count)});
  std::printf("\n%s", table.text().c_str());
}

void print_inspection(const std::filesystem::path& data, const store::Inspection& found) {
  const auto line = [](const char* name, const std::string& text) { std::printf("%-9s %s\n", name, text.c_str()); };
  line("data", escape_terminal(data.string()) + ", format " + std::to_string(found.format) + ", " + show_octets(found.octets));
  line("series", show_count(found.series));
  std::string samples = show_count(found.samples);
  if (found.samples > 0) samples += ", " + time_span(found.oldest, found.newest);
  line("samples", samples);
  line("logs",
       show_count(found.logs.events) + (found.logs.events > 0 ? ", " + time_span(found.logs.oldest, found.logs.newest) : ""));
  line("events", show_count(found.events.events) +
                     (found.events.events > 0 ? ", " + time_span(found.events.oldest, found.events.newest) : ""));
  std::string state;
  for (const auto& [table, records] : found.tables)
    state += (state.empty() ? "" : ", ") + escape_terminal(table) + " " + show_count(records);
  line("state", state.empty() ? "none" : state);
  line("pending", show_count(found.pending) + " samples that the next start takes from the head log");
  if (found.lost_records > 0) line("lost", show_count(found.lost_records) + " records of the head log");
  for (const std::string& text : found.set_aside) line("set aside", escape_terminal(text));
  Table families({"FAMILY", "ON DISK", "RECORDS"});
  for (const auto& family : found.families) families.row({family.name, show_octets(family.octets), show_count(family.records)});
  std::printf("\n%s", families.text().c_str());
}

// Writes to a file of its own, which is there under its name once it is whole; or to standard output.
class OutputFile {
 public:
  explicit OutputFile(std::string path) : path_(std::move(path)) {}
  ~OutputFile() {
    if (file_ > STDOUT_FILENO) ::close(file_);
    if (open_) ::unlink(partial().c_str());
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  Status open() {
    if (path_.empty()) return {};
    file_ = ::open(partial().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file_ < 0) return fault("cannot make", partial());
    open_ = true;
    return {};
  }
  Status write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t put = ::write(file_, text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return fault("cannot write", path_.empty() ? "standard output" : path_);
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }
  Status close() {
    if (!open_) return {};
    if (::fsync(file_) != 0 || ::rename(partial().c_str(), path_.c_str()) != 0) return fault("cannot write", path_);
    open_ = false;
    return {};
  }

 private:
  static Error fault(std::string_view what, const std::string& path) {
    return {Code::Io, std::string(what) + " " + path + ": " + std::strerror(errno)};
  }
  std::string partial() const { return path_ + ".partial"; }
  const std::string path_;
  int file_ = STDOUT_FILENO;
  bool open_ = false;
};

// The matchers of {a="b"}, name or name{a="b"}.
Result<std::vector<Matcher>> parse_match(const std::string& text) {
  if (text.empty()) return std::vector<Matcher>();
  BONGSU_TRY(const auto expression, query::parse(text));
  const auto* selector = std::get_if<query::Selector>(&expression->node);
  if (selector == nullptr || selector->shift.at || selector->shift.offset != Millis(0))
    return Error{Code::Invalid, "not a selector: " + text + "; write {device=\"db1\"} or up{device=~\"db.*\"}"};
  return selector->matchers;
}

Result<Time> time_or(const std::string& text, Time otherwise) {
  return text.empty() ? Result<Time>(otherwise) : parse_time(text);
}

void write_moved(JsonWriter& json, const Moved& moved) {
  json.member("series", moved.series).member("points", moved.points).member("events", moved.events);
}

// Every line of a file, or of standard input. `share`: of what was read, below 0 when it is not known.
Status read_lines(const std::string& path, const std::function<Status(std::string_view line, double share)>& take) {
  std::ifstream file;
  double size = 0;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return Error{Code::NotFound, "cannot open " + path + ": " + std::strerror(errno)};
    std::error_code failed;
    const auto octets = std::filesystem::file_size(path, failed);
    if (!failed) size = static_cast<double>(octets);
  }
  std::istream& in = path == "-" ? std::cin : file;
  double read = 0;
  std::string line;
  while (std::getline(in, line)) {
    read += static_cast<double>(line.size() + 1);
    if (line.size() > kMostLine)
      return Error{Code::Limit, path + " has a line of more than 64 MiB: it is no export of points or events"};
    BONGSU_TRY_OK(take(line, size > 0 ? read / size : -1));
  }
  if (in.bad()) return Error{Code::Io, "cannot read " + path + ": " + std::strerror(errno)};
  return {};
}

}  // namespace

int store_info(const StoreOptions& options) {
  const auto place = find_data(options.data);
  if (!place) return 1;
  const auto found = look(place->data, false, options.top);
  if (!found) return fail(found.error().text);
  if (options.data.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    write_inspection(json, place->data, *found);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return 0;
  }
  print_inspection(place->data, *found);
  print_counts("SERIES OF METRIC", found->cardinality.series_by_metric);
  print_counts("VALUES OF LABEL", found->cardinality.values_by_label);
  print_counts("SERIES WITH", found->cardinality.series_by_pair);
  if (found->found > 0) std::printf("\n%s damaged; bongsu store verify says where\n", show_count(found->found).c_str());
  return 0;
}

int store_verify(const StoreOptions& options) {
  const auto place = find_data(options.data);
  if (!place) return 1;
  const auto found = look(place->data, true, 0);
  if (!found) return fail(found.error().text);
  if (options.data.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("ok", found->found == 0).member("found", found->found).key("findings").begin_array();
    for (const auto& each : found->findings)
      json.begin_object().member("where", each.where).member("what", each.what).member("remedy", each.remedy).end_object();
    json.end_array();
    write_inspection(json, place->data, *found);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return found->found == 0 ? 0 : 1;
  }
  for (const auto& each : found->findings) {
    std::printf("damaged: %s: %s\n  %s\n", escape_terminal(each.where).c_str(), escape_terminal(each.what).c_str(),
                escape_terminal(each.remedy).c_str());
  }
  if (found->found > found->findings.size())
    std::printf("and %s more\n", show_count(found->found - found->findings.size()).c_str());
  print_inspection(place->data, *found);
  if (found->found == 0) std::printf("\neverything was read, and nothing is damaged\n");
  else std::printf("\n%s damaged\n", show_count(found->found).c_str());
  return found->found == 0 ? 0 : 1;
}

int store_export(const ExportOptions& options) {
  const auto matchers = parse_match(options.match);
  if (!matchers) return fail("--match: " + matchers.error().text), 2;
  const auto place = find_data(options.data);
  if (!place) return 1;
  SystemClock clock;
  Metrics metrics;
  const auto store = store::Store::open_to_read(place->data, {.memory = kMemory}, clock, metrics);
  if (!store) return fail(store.error().text);
  const auto extent = (*store)->extent();
  if (!extent) return fail(extent.error().text);
  // Events have times of their own.
  const Time first = options.events ? Time{} : extent->oldest.value_or(Time{});
  const Time last = options.events ? Time::max() : extent->newest.value_or(first);
  const auto from = time_or(options.from, first);
  if (!from) return fail("--from: " + from.error().text), 2;
  const auto to = time_or(options.to, last);
  if (!to) return fail("--to: " + to.error().text), 2;

  OutputFile output(options.output);
  if (const Status opened = output.open(); !opened) return fail(opened.error().text);
  const Write write = [&output](std::string_view text) { return output.write(text); };
  ProgressBar bar;
  const ExportSpec spec{.matchers = *matchers,
                        .from = std::max(*from, first),
                        .to = std::min(*to, last),
                        .form = options.format == "jsonl" ? PointForm::JsonLines : PointForm::OpenMetrics};
  const auto moved = options.events ? export_events(**store, spec.from, spec.to, write)
                                    : export_points(**store, spec, write, [&bar](double share) { bar.show("export", share); });
  bar.clear();
  if (!moved) return fail(moved.error().text);
  if (const Status closed = output.close(); !closed) return fail(closed.error().text);
  // On standard error: the export itself may be on standard output.
  if (options.data.json) {
    std::string out;
    JsonWriter json(out);
    write_moved(json.begin_object(), *moved);
    json.member("markers_left_out", moved->markers_left_out).end_object();
    std::fprintf(stderr, "%s\n", out.c_str());
    return 0;
  }
  if (options.events) std::fprintf(stderr, "%s events\n", show_count(moved->events).c_str());
  else std::fprintf(stderr, "%s points\n", show_count(moved->points).c_str());
  if (moved->markers_left_out > 0) {
    std::fprintf(stderr, "%s markers of gaps are left out: OpenMetrics has none; --format jsonl keeps them\n",
                 show_count(moved->markers_left_out).c_str());
  }
  return 0;
}

int store_import(const ImportOptions& options) {
  const auto place = find_data(options.data);
  if (!place) return 1;
  SystemClock clock;
  Metrics metrics;
  // Nothing leaves while it is open: what has had its time is the daemon's affair, which knows for how long.
  constexpr Millis kForever = std::chrono::hours(24 * 365 * 200);
  store::StoreOptions open{.memory = kMemory};
  open.raw_retention = open.log_retention = open.event_retention = kForever;
  const auto store = store::Store::open(place->data, open, clock, metrics);
  if (!store) return fail(store.error().text);
  Importer importer(**store);
  ProgressBar bar;
  for (const std::string& path : options.files) {
    std::size_t lines = 0;
    const Status read = read_lines(path, [&](std::string_view line, double share) {
      if (lines++ % kShareEvery == 0) bar.show(path, share);
      return importer.line(line);
    });
    if (!read) return bar.clear(), fail(read.error().text);
  }
  const Status finished = importer.finish();
  bar.clear();
  if (!finished) return fail(finished.error().text);
  const Moved& moved = importer.moved();
  const bool clean = moved.refused == 0 && moved.bad_lines == 0;
  if (options.data.json) {
    std::string out;
    JsonWriter json(out);
    write_moved(json.begin_object(), moved);
    json.member("refused", moved.refused).member("bad_lines", moved.bad_lines).key("complaints").begin_array();
    for (const std::string& complaint : moved.complaints) json.value(complaint);
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
    return clean ? 0 : 1;
  }
  std::printf("%s points of %s series, %s events\n", show_count(moved.points).c_str(), show_count(moved.series).c_str(),
              show_count(moved.events).c_str());
  if (moved.refused > 0)
    std::printf("%s points and events refused: before 1970, more than a day ahead of the clock, or too large\n",
                show_count(moved.refused).c_str());
  if (moved.bad_lines > 0) std::printf("%s lines do not read:\n", show_count(moved.bad_lines).c_str());
  for (const std::string& complaint : moved.complaints) std::printf("  %s\n", escape_terminal(complaint).c_str());
  return clean ? 0 : 1;
}

}  // namespace bongsu::app
