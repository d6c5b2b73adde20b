// SPDX-License-Identifier: Apache-2.0
// bongsu rules test: scripts of alarms, and watch items replayed over what is stored.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "app/answer.h"
#include "app/ask.h"
#include "app/commands.h"
#include "app/mib_report.h"
#include "app/session.h"
#include "app/share.h"
#include "app/table.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/url.h"
#include "config/items.h"
#include "config/main.h"
#include "config/overlay.h"
#include "model/device.h"
#include "model/show.h"
#include "query/engine.h"
#include "rule/replay.h"
#include "rule/script.h"
#include "store/store.h"

namespace bongsu::app {
namespace {

constexpr std::int64_t kMostSteps = 10'000;  // of one range query; the daemon's bound is 11,000

std::optional<std::vector<rule::ItemSpec>> read_all(std::vector<std::filesystem::path> folders,
                                                    const std::vector<std::string>& own, const config::Overlay& overlay) {
  folders.insert(folders.end(), own.begin(), own.end());
  config::Problems problems;
  auto items = config::read_items(folders, problems, overlay);
  for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", escape_terminal(line).c_str());
  if (!problems.empty()) return std::nullopt;
  return items;
}

std::optional<std::vector<rule::ItemSpec>> read_stock_and(const std::vector<std::string>& folders,
                                                          const config::Overlay& overlay = {}) {
  const auto share = find_share();
  if (!share) return fail(share.error().text), std::nullopt;
  return read_all({share->rules}, folders, overlay);
}

// The items as the running daemon has them, with those of `folders` laid over them.
std::optional<std::vector<rule::ItemSpec>> read_daemon_and(const std::string& url, const std::vector<std::string>& folders) {
  const auto body = ask_daemon(url, "/api/v1/items");
  if (!body) return fail(body.error().text), std::nullopt;
  const auto answer = nlohmann::json::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("entries") || !answer["entries"].is_array())
    return fail(url + " did not answer in Bongsu's form; does the URL point at a Bongsu daemon?"), std::nullopt;
  config::Overlay told;
  config::Problems problems;
  for (const auto& entry : answer["entries"]) {
    if (!entry.is_object() || !entry.contains("value")) continue;
    const std::string name = entry.value("name", "");
    told.set(config::Part::Items, name, entry["value"].dump(), url + " item " + name, problems);
  }
  for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", escape_terminal(line).c_str());
  if (!problems.empty()) return std::nullopt;
  return read_all({std::filesystem::path()}, folders, told);
}

int run_scripts(const RulesTestOptions& options, const std::vector<rule::ItemSpec>& items) {
  bool good = true;
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("files").begin_array();
  for (const std::string& file : options.names) {
    std::ifstream in(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    rule::ScriptResult result;
    if (in) result = rule::run_script(text, file, items);
    else result.failures.push_back(file + ": cannot be read");
    if (result.failures.empty() && result.checks == 0) result.failures.push_back(file + ": checks nothing; write a line with at");
    good = good && result.failures.empty();
    writer.begin_object()
        .member("file", file)
        .member("checks", static_cast<std::uint64_t>(result.checks))
        .key("failures")
        .begin_array();
    for (const std::string& failure : result.failures) writer.value(failure);
    writer.end_array().end_object();
    if (options.ask.json) continue;
    for (const std::string& failure : result.failures) {
      for (const std::string_view line : split(failure, '\n')) std::printf("%s\n", escape_terminal(line).c_str());
    }
    std::printf("%s: %s, %s\n", escape_terminal(file).c_str(), counted(result.checks, "check").c_str(),
                result.failures.empty() ? "all hold" : counted(result.failures.size(), "failure").c_str());
  }
  writer.end_array().end_object();
  if (options.ask.json) std::printf("%s\n", out.c_str());
  return good ? 0 : 1;
}

// Where the values of an expression come from.
using Ask = std::function<Result<std::vector<Series>>(const rule::ItemSpec& item, Time from, Time to)>;

Result<std::vector<Series>> ask_api(const std::string& url, const rule::ItemSpec& item, Time from, Time to) {
  BONGSU_TRY(const std::string body, ask_form(url, "/prometheus/api/v1/query_range",
                                              {{"query", item.expr_text},
                                               {"start", format_time(from)},
                                               {"end", format_time(to)},
                                               {"step", format_number(static_cast<double>(item.interval.count()) / 1000)}}));
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  const Error unreadable{Code::Invalid, url + " did not answer in Prometheus' form; does the URL point at a Bongsu daemon?"};
  if (!answer.is_object() || !answer.contains("data") || !answer["data"].is_object()) return unreadable;
  std::vector<Series> out;
  for (const auto& one : answer["data"].value("result", nlohmann::json::array())) {
    if (!one.is_object() || !one.contains("metric") || !one.contains("values") || !one["metric"].is_object()) return unreadable;
    Labels labels;
    for (const auto& [name, value] : one["metric"].items()) {
      if (value.is_string()) labels.set(name, value.get<std::string>());
    }
    Series series{.labels = std::make_shared<const Labels>(std::move(labels)), .samples = {}};
    for (const auto& pair : one["values"]) {
      if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_string()) return unreadable;
      const auto value = parse_number(pair[1].get_ref<const std::string&>());
      if (value) series.samples.push_back({time_from_ms(std::llround(pair[0].get<double>() * 1000)), *value});
    }
    out.push_back(std::move(series));
  }
  return out;
}

// The devices that overrides are asked of: as the running daemon knows them.
std::optional<std::vector<DeviceState>> devices_of(const std::string& url) {
  std::vector<DeviceState> out;
  for (std::string cursor;;) {
    const auto body = ask_daemon(url, "/api/v1/devices?limit=1000" + (cursor.empty() ? "" : "&cursor=" + url_part(cursor)));
    if (!body) return fail(body.error().text), std::nullopt;
    const auto answer = nlohmann::json::parse(*body, nullptr, false);
    if (!answer.is_object() || !answer.contains("devices") || !answer["devices"].is_array())
      return fail(url + " did not answer in Bongsu's form; does the URL point at a Bongsu daemon?"), std::nullopt;
    for (const auto& one : answer["devices"]) {
      DeviceState device;
      device.name = text_of(one, "name");
      for (const auto& [key, into] : {std::pair{"tags", &device.tags}, std::pair{"info", &device.info}}) {
        if (!one.contains(key) || !one[key].is_object()) continue;
        for (const auto& [name, value] : one[key].items()) {
          if (value.is_string()) into->emplace(name, value.get<std::string>());
        }
      }
      out.push_back(std::move(device));
    }
    cursor = text_of(answer, "next");
    if (cursor.empty()) return out;
  }
}

// The same where no daemon runs: tags from the configuration, and os and kind as they were stored last.
std::vector<DeviceState> devices_of(const config::MainConfig& config, const store::Store& store, Time now) {
  std::map<std::string, DeviceState> known;
  for (const config::DeviceConfig& one : config.devices) {
    DeviceState& device = known[one.name];
    device.tags = one.tags;
  }
  const Matcher info{Matcher::Op::Equal, std::string(kMetricName), "device_info"};
  if (const auto found = store.select(std::span(&info, 1), now - std::chrono::days(7), now, {})) {
    std::map<std::string, Time> newest;
    for (const Series& series : *found) {
      const std::string name(series.labels->get("device"));
      if (series.samples.empty() || newest[name] > series.samples.back().at) continue;
      newest[name] = series.samples.back().at;
      for (const char* key : {"os", "kind"}) known[name].info[key] = std::string(series.labels->get(key));
    }
  }
  for (const config::DeviceConfig& one : config.devices) {
    if (!one.os.empty()) known[one.name].info["os"] = one.os;
  }
  std::vector<DeviceState> out;
  for (auto& [name, device] : known) {
    device.name = name;
    out.push_back(std::move(device));
  }
  return out;
}

// At whole multiples of the interval since 1970, as the daemon judges; in pieces that one query may have.
Result<std::vector<Series>> values_of(const rule::ItemSpec& item, Time from, Time to, const Ask& ask) {
  const std::int64_t step = item.interval.count();
  std::map<Labels, std::vector<Sample>> all;
  for (std::int64_t slot = (to_ms(from) + step - 1) / step; slot * step <= to_ms(to); slot += kMostSteps) {
    const Time begin = time_from_ms(slot * step);
    const Time end = std::min(to, time_from_ms((slot + kMostSteps - 1) * step));
    BONGSU_TRY(const std::vector<Series> piece, ask(item, begin, end));
    for (const Series& series : piece) {
      std::vector<Sample>& into = all[*series.labels];
      into.insert(into.end(), series.samples.begin(), series.samples.end());
    }
  }
  std::vector<Series> out;
  for (auto& [labels, samples] : all)
    out.push_back({.labels = std::make_shared<const Labels>(labels), .samples = std::move(samples)});
  return out;
}

// Of the values there are, the first and the last; nothing where there is none.
std::optional<std::pair<Time, Time>> span_of(const std::vector<Series>& values) {
  std::optional<std::pair<Time, Time>> out;
  for (const Series& series : values) {
    if (series.samples.empty()) continue;
    if (!out) out = {series.samples.front().at, series.samples.back().at};
    out->first = std::min(out->first, series.samples.front().at);
    out->second = std::max(out->second, series.samples.back().at);
  }
  return out;
}

std::string lasted(Millis length) { return show_seconds(std::chrono::floor<std::chrono::seconds>(length).count()); }

void print_replay(const rule::ItemSpec& item, const std::vector<rule::Replayed>& fired, const std::vector<Series>& values,
                  const std::string& since) {
  std::set<std::string, std::less<>> devices;
  for (const rule::Replayed& one : fired) devices.emplace(one.labels.get("device"));
  const auto span = span_of(values);
  if (!span) {
    std::printf("%s: no value in the last %s: nothing to judge\n", item.name.c_str(), since.c_str());
    return;
  }
  std::printf("%s: would have fired %s, on %s of %s watched; values from %s to %s\n", item.name.c_str(),
              counted(fired.size(), "time").c_str(), counted(devices.size(), "device").c_str(),
              counted(values.size(), "label set").c_str(), when(span->first).c_str(), when(span->second).c_str());
  Table table({"LEVEL", "DEVICE", "WHERE", "SINCE", "LASTED", "WORST"});
  for (const rule::Replayed& one : fired) {
    // Nobody knows what was after the last value.
    const std::string length = lasted(one.until.value_or(one.last) - one.since) + (one.until ? "" : ", still open");
    const auto meaning = item.states.find(one.worst);
    table.row({std::string(to_string(one.peak)), std::string(one.labels.get("device")), show_labels(one.labels), when(one.since),
               length + (one.flapped ? ", flapping" : ""),
               meaning == item.states.end() ? show_quantity(one.worst, item.unit) : meaning->second},
              one.peak);
  }
  if (!table.empty()) std::printf("%s", table.text().c_str());
}

int replay_items(const RulesTestOptions& options) {
  const auto span = parse_duration(options.since);
  if (!span || *span <= Millis(0)) {
    std::fprintf(stderr, "bongsu: --since: \"%s\" is no duration such as 30d\n", escape_terminal(options.since).c_str());
    return 2;
  }
  const SystemClock clock;
  Metrics metrics;
  std::unique_ptr<const store::Store> store;
  Ask ask = [&](const rule::ItemSpec& item, Time from, Time to) { return ask_api(options.ask.url, item, from, to); };
  std::optional<std::vector<rule::ItemSpec>> known;
  std::optional<std::vector<DeviceState>> devices;
  if (options.data.empty()) {
    known = read_daemon_and(options.ask.url, options.folders);
    if (known) devices = devices_of(options.ask.url);
  } else {
    auto opened = store::Store::open_to_read(options.data, {}, clock, metrics);
    if (!opened) return fail(opened.error().text);
    store = *std::move(opened);
    config::Problems problems;
    const config::Overlay overlay = config::Overlay::read(std::filesystem::path(options.data) / "overlay", problems);
    auto config =
        options.config.empty() ? std::optional(config::default_config()) : config::read_main(options.config, problems, overlay);
    for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", escape_terminal(line).c_str());
    if (!config || !problems.empty()) return 1;
    devices = devices_of(*config, *store, clock.now());
    known = read_stock_and(options.folders, overlay);
    ask = [&](const rule::ItemSpec& item, Time from, Time to) -> Result<std::vector<Series>> {
      BONGSU_TRY(query::Answer answer, query::Engine(*store).range(*item.expr, from, to, item.interval));
      return std::move(answer.matrix);
    };
  }
  if (!known || !devices) return 1;
  const std::vector<rule::ItemSpec>& items = *known;
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("items").begin_array();
  const Time to = clock.now();
  for (const std::string& name : options.names) {
    const auto item = std::find_if(items.begin(), items.end(), [&](const auto& one) { return one.name == name; });
    if (item == items.end()) {
      std::vector<std::string> names;
      for (const rule::ItemSpec& one : items) names.push_back(one.name);
      const std::string near = meant(name, names);
      return fail("there is no item " + name + (near.empty() ? "; --rules FOLDER names where yours are" : near));
    }
    const auto values = values_of(*item, to - *span, to, ask);
    if (!values) return fail(name + ": " + values.error().text);
    rule::Limits limits;  // as they were last: they hardly change
    for (const rule::Level* level : rule::queried_levels(*item)) {
      rule::ItemSpec asked = *item;
      asked.expr = level->query;
      asked.expr_text = level->query_text;
      const auto given = values_of(asked, to - *span, to, ask);
      if (!given) return fail(fmt::format("{}: limit of {}: {}", name, to_string(level->severity), given.error().text));
      for (const Series& series : *given) {
        if (!series.samples.empty()) limits.take(*level, series.labels->without(kMetricName), series.samples.back().value);
      }
    }
    const auto fired = rule::replay(*item, *values, *devices, std::move(limits));
    if (!options.ask.json) print_replay(*item, fired, *values, options.since);
    writer.begin_object()
        .member("item", name)
        .member("label_sets", static_cast<std::uint64_t>(values->size()))
        .key("fired")
        .begin_array();
    for (const rule::Replayed& one : fired) {
      writer.begin_object().member("level", to_string(one.peak)).key("labels");
      write_labels(writer, one.labels);
      writer.member("since", one.since).key("until");
      if (one.until) writer.value(*one.until);
      else writer.null();
      writer.member("worst", one.worst).member("flapped", one.flapped).end_object();
    }
    writer.end_array().end_object();
  }
  writer.end_array().end_object();
  if (options.ask.json) std::printf("%s\n", out.c_str());
  return 0;
}

}  // namespace

int rules_test(const RulesTestOptions& options) {
  if (!options.since.empty()) return replay_items(options);
  const auto items = read_stock_and(options.folders);
  return items ? run_scripts(options, *items) : 1;
}

}  // namespace bongsu::app
