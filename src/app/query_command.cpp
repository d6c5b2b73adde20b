// SPDX-License-Identifier: Apache-2.0
// bongsu query: PromQL asked of the running daemon, for a person's eye or another program.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/answer.h"
#include "app/ask.h"
#include "app/commands.h"
#include "app/session.h"
#include "app/sparkline.h"
#include "app/table.h"
#include "base/json.h"
#include "base/text.h"
#include "model/labels.h"
#include "model/show.h"
#include "query/parse.h"

namespace bongsu::app {
namespace {

using Json = nlohmann::json;

struct QuerySpan {  // seconds since 1970
  double from = 0;
  double to = 0;
  std::size_t points = 0;
};

struct Shown {
  std::map<std::string, std::string> labels;
  std::vector<std::pair<double, double>> samples;  // seconds since 1970, value
  std::vector<std::string> texts;                  // of the values, as they came
};

std::optional<double> number_of(const Json& text) {
  if (!text.is_string()) return std::nullopt;
  return parse_number(text.get_ref<const std::string&>());
}

bool add_sample(Shown& into, const Json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number()) return false;
  const auto value = number_of(pair[1]);
  if (!value) return false;
  into.samples.emplace_back(pair[0].get<double>(), *value);
  into.texts.push_back(pair[1].get<std::string>());
  return true;
}

// Nothing where the answer is not of Prometheus' form.
std::optional<std::vector<Shown>> read_series(const Json& result) {
  if (!result.is_array()) return std::nullopt;
  std::vector<Shown> out;
  for (const Json& one : result) {
    Shown shown;
    const Json metric = one.value("metric", Json());
    if (!metric.is_object()) return std::nullopt;
    for (const auto& [name, value] : metric.items()) {
      if (value.is_string()) shown.labels.emplace(name, value.get<std::string>());
    }
    if (one.contains("value") && !add_sample(shown, one["value"])) return std::nullopt;
    for (const Json& pair : one.value("values", Json::array())) {
      if (!add_sample(shown, pair)) return std::nullopt;
    }
    out.push_back(std::move(shown));
  }
  return out;
}

// The metric's name first, then the device, then by name.
std::vector<std::string> label_columns(const std::vector<Shown>& rows) {
  std::set<std::string> names;
  for (const Shown& row : rows) {
    for (const auto& [name, value] : row.labels) names.insert(name);
  }
  std::vector<std::string> out;
  for (const char* first : {"__name__", "device"}) {
    if (names.erase(first) > 0) out.emplace_back(first);
  }
  out.insert(out.end(), names.begin(), names.end());
  return out;
}

std::string label_of(const Shown& row, const std::string& name) {
  const auto at = row.labels.find(name);
  return at == row.labels.end() ? "" : at->second;
}

// NaN and infinities as PromQL writes them. Exact values are in --csv and --json.
std::string short_number(double value) { return std::isfinite(value) ? show_number(value) : format_number(value); }

std::size_t line_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 120;
}

void print_table(const std::vector<Shown>& rows, const QuerySpan* span) {
  const auto names = label_columns(rows);
  std::vector<std::string> head;
  for (const std::string& name : names) head.push_back(name == kMetricName ? "METRIC" : name);
  if (span == nullptr) {
    head.emplace_back("VALUE");
  } else {
    for (const char* column : {"MIN", "MAX", "LAST", "TREND"}) head.emplace_back(column);
  }
  // What the other columns leave of the line.
  std::size_t taken = 0;
  for (const std::string& name : names) {
    std::size_t widest = name.size();
    for (const Shown& row : rows) widest = std::max(widest, shown_width(label_of(row, name)));
    taken += widest + 2;
  }
  const std::size_t line = line_width();
  const std::size_t room = std::clamp<std::size_t>(line > taken + 36 ? line - taken - 36 : 0, 12, 60);
  const std::size_t width = span == nullptr ? room : std::clamp<std::size_t>(span->points, 1, room);
  Table table(std::move(head));
  for (const Shown& row : rows) {
    std::vector<std::string> cells;
    for (const std::string& name : names) cells.push_back(label_of(row, name));
    if (span == nullptr) {
      cells.push_back(row.samples.empty() ? "" : short_number(row.samples.back().second));
    } else {
      double low = HUGE_VAL, high = -HUGE_VAL;
      for (const auto& [at, value] : row.samples) {
        if (!std::isnan(value)) low = std::min(low, value), high = std::max(high, value);
      }
      cells.push_back(low > high ? "" : short_number(low));
      cells.push_back(low > high ? "" : short_number(high));
      cells.push_back(row.samples.empty() ? "" : short_number(row.samples.back().second));
      cells.push_back(sparkline(row.samples, span->from, span->to, width));
    }
    table.row(std::move(cells));
  }
  std::printf("%s", table.text().c_str());
}

void print_csv(const std::vector<Shown>& rows) {
  const auto names = label_columns(rows);
  const auto line = [](const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& cell : cells) out += (out.empty() ? "" : ",") + csv_cell(cell);
    std::printf("%s\r\n", out.c_str());
  };
  std::vector<std::string> head = names;
  head.emplace_back("time");
  head.emplace_back("value");
  line(head);
  for (const Shown& row : rows) {
    for (std::size_t i = 0; i < row.samples.size(); ++i) {
      std::vector<std::string> cells;
      for (const std::string& name : names) cells.push_back(label_of(row, name));
      cells.push_back(format_time(time_from_ms(std::llround(row.samples[i].first * 1000))));
      cells.push_back(row.texts[i]);
      line(cells);
    }
  }
}

// Of an empty answer: which metrics in it nobody ever wrote, and what was meant.
void tell_unknown_metrics(const std::string& url, const query::Expr& expr) {
  std::set<std::string> wanted;
  for (const query::Selector* selector : query::selectors_of(expr)) {
    for (const Matcher& one : selector->matchers) {
      if (one.op == Matcher::Op::Equal && one.name == kMetricName) wanted.insert(one.value);
    }
  }
  if (wanted.empty()) return;
  const auto body = ask_daemon(url, "/prometheus/api/v1/label/__name__/values");
  const Json answer = body ? Json::parse(*body, nullptr, false) : Json();
  if (!answer.is_object() || !answer.value("data", Json()).is_array()) return;
  std::vector<std::string> known;
  for (const Json& name : answer["data"]) {
    if (name.is_string()) known.push_back(name.get<std::string>());
  }
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::fprintf(stderr, "bongsu: no metric is named \"%s\"%s\n", escape_terminal(name).c_str(),
                 escape_terminal(meant(name, known)).c_str());
  }
}

int bad_option(const char* option, const std::string& why) {
  std::fprintf(stderr, "bongsu: %s: %s\n", option, escape_terminal(why).c_str());
  return 2;
}

// Sixty points, each a whole number of seconds after the one before.
Millis usual_step(Millis range) { return std::max(Millis(1'000), Millis((range.count() / 60 + 999) / 1'000 * 1'000)); }

}  // namespace

int query(const QueryOptions& options) {
  const auto expr = query::parse(options.expr);
  if (!expr) {
    std::fprintf(stderr, "bongsu: %s\n", escape_terminal(expr.error().text).c_str());
    const std::string place = query::show_place(options.expr, expr.error());
    for (const std::string_view line : split(place, '\n')) {
      if (!line.empty()) std::fprintf(stderr, "%s\n", escape_terminal(line).c_str());
    }
    return 2;
  }
  Time at = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  if (!options.time.empty()) {
    const auto wanted = parse_time(options.time);
    if (!wanted) return bad_option("--time", wanted.error().text);
    at = *wanted;
  }
  Fields fields{{"query", options.expr}};
  std::optional<QuerySpan> span;
  if (options.range.empty()) {
    if (!options.step.empty()) return bad_option("--step", "it is of --range: give that, too");
    fields.emplace_back("time", format_time(at));
  } else {
    const auto back = parse_duration(options.range);
    if (!back || *back <= Millis(0)) return bad_option("--range", "\"" + options.range + "\" is no duration such as 1h or 7d");
    const auto step = options.step.empty() ? Result<Millis>(usual_step(*back)) : parse_duration(options.step);
    if (!step || *step <= Millis(0)) return bad_option("--step", "\"" + options.step + "\" is no duration such as 30s or 5m");
    span = {static_cast<double>(to_ms(at - *back)) / 1000, static_cast<double>(to_ms(at)) / 1000,
            static_cast<std::size_t>(*back / *step + 1)};
    fields.emplace_back("start", format_time(at - *back));
    fields.emplace_back("end", format_time(at));
    fields.emplace_back("step", format_duration(*step));
  }
  const auto body = ask_form(options.ask.url, span ? "/prometheus/api/v1/query_range" : "/prometheus/api/v1/query", fields);
  if (!body) return fail(body.error().text);
  if (options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const Json answer = Json::parse(*body, nullptr, false);
  const auto unreadable = [&] {
    return fail(options.ask.url + " did not answer in Prometheus' form; does the URL point at a Bongsu daemon?");
  };
  if (!answer.is_object() || !answer.value("data", Json()).is_object()) return unreadable();
  for (const char* kind : {"warnings", "infos"}) {
    for (const Json& note : answer.value(kind, Json::array())) {
      if (note.is_string()) std::fprintf(stderr, "bongsu: %s\n", escape_terminal(note.get<std::string>()).c_str());
    }
  }
  const Json& data = answer["data"];
  const std::string type = data.value("resultType", "");
  const Json result = data.value("result", Json());
  if (type == "scalar" || type == "string") {
    if (!result.is_array() || result.size() != 2 || !result[1].is_string()) return unreadable();
    const std::string text = result[1].get<std::string>();
    if (options.csv) std::printf("time,value\r\n%s,%s\r\n", format_time(at).c_str(), csv_cell(text).c_str());
    else std::printf("%s\n", escape_terminal(text).c_str());
    return 0;
  }
  const auto rows = read_series(result);
  if (!rows) return unreadable();
  if (rows->empty()) tell_unknown_metrics(options.ask.url, **expr);
  if (options.csv) return print_csv(*rows), 0;
  if (rows->empty()) return std::printf("no series\n"), 0;
  if (type == "matrix" && !span) {  // a range selector at one time: every sample
    std::vector<Shown> each;
    for (const Shown& row : *rows) {
      for (std::size_t i = 0; i < row.samples.size(); ++i) {
        Shown one{row.labels, {row.samples[i]}, {row.texts[i]}};
        one.labels["time"] = format_time(time_from_ms(std::llround(row.samples[i].first * 1000)));
        each.push_back(std::move(one));
      }
    }
    return print_table(each, nullptr), 0;
  }
  print_table(*rows, span ? &*span : nullptr);
  return 0;
}

}  // namespace bongsu::app
