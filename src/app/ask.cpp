// SPDX-License-Identifier: Apache-2.0
// Commands that ask the running daemon over HTTP.
#include "app/ask.h"

#include <httplib.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/answer.h"
#include "app/commands.h"
#include "app/table.h"
#include "base/json.h"
#include "base/text.h"
#include "model/show.h"

namespace bongsu::app {
namespace {

using Json = nlohmann::json;

// The answer's body, or prints what went wrong.
std::optional<std::string> fetch(const AskOptions& options, const std::string& path, const httplib::Params& query) {
  auto answer = ask_daemon(options.url, httplib::append_query_params(path, query));
  if (answer) return *std::move(answer);
  std::fprintf(stderr, "bongsu: %s\n", escape_terminal(answer.error().text).c_str());
  return std::nullopt;
}

Severity severity_of(const Json& object, const char* key) {
  return parse_severity(text_of(object, key)).value_or(Severity::Unknown);
}

// Of the number under `key`, in the object's unit where it names one.
std::string quantity_of(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() || !at->is_number() ? "" : show_quantity(at->get<double>(), text_of(object, "unit"));
}

// In words, where the item has some for the value.
std::string value_of(const Json& alarm) {
  std::string meaning = text_of(alarm, "meaning");
  return meaning.empty() ? quantity_of(alarm, "value") : meaning;
}

std::string where(const Json& alarm) {
  Labels labels;
  const Json named = alarm.value("labels", Json::object());  // items() borrows
  for (const auto& [name, value] : named.items()) {
    if (value.is_string()) labels.set(name, value.get<std::string>());
  }
  return show_labels(labels);
}

// "active, acknowledged"
std::string state_of(const Json& alarm) {
  std::string out = text_of(alarm, "state");
  for (const char* flag : {"acknowledged", "suppressed", "flapping"}) {
    if (alarm.value(flag, false)) out += std::string(", ") + flag;
  }
  return out;
}

void add_alarm(Table& table, const Json& alarm) {
  const Severity level = severity_of(alarm, "level");
  table.row({text_of(alarm, "level"), text_of(alarm, "device"), text_of(alarm, "title"), where(alarm), value_of(alarm),
             state_of(alarm), when(alarm, "since"), text_of(alarm, "id")},
            level);
}
// "1469 values: 1400 normal, 20 with an alarm, 49 without data"
std::string watched_words(const Json& counts) {
  std::uint64_t all = 0;
  const auto of = [&](Severity level) { return counts.value(std::string(to_string(level)), std::uint64_t{0}); };
  for (int level = -1; level <= to_number(Severity::Fatal); ++level) all += of(static_cast<Severity>(level));
  const std::uint64_t normal = of(Severity::Normal), unknown = of(Severity::Unknown);
  return std::to_string(all) + (all == 1 ? " value: " : " values: ") + std::to_string(normal) + " normal, " +
         std::to_string(all - normal - unknown) + " with an alarm, " + std::to_string(unknown) + " without data";
}

Table alarm_table() { return Table({"LEVEL", "DEVICE", "WHAT", "WHERE", "VALUE", "STATE", "SINCE", "ID"}); }

}  // namespace

namespace {

// Without the slash that it may end with.
Result<std::string> checked_url(std::string url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) {
    return Error{Code::Invalid,
                 "not a URL of the daemon: " + url + "; it speaks plain HTTP on loopback: write http://ADDRESS:PORT"};
  }
  if (url.ends_with('/')) url.pop_back();
  const std::string_view place = std::string_view(url).substr(kScheme.size());
  const std::size_t colon = place.ends_with(']') ? std::string_view::npos : place.rfind(':');
  const auto port = colon == std::string_view::npos ? std::optional<std::uint64_t>(80) : parse_unsigned(place.substr(colon + 1));
  const bool one_place = place.starts_with('[') || colon == std::string_view::npos || place.find(':') == colon;
  if (place.find_first_of("/?#") != std::string_view::npos || !port || *port == 0 || *port > 65535 || !one_place ||
      !httplib::Client(url).is_valid())
    return Error{Code::Invalid, "not a URL of the daemon: " + url + "; write address and port alone: http://127.0.0.1:8642"};
  return url;
}

Error no_answer(const std::string& url, httplib::Error why) {
  return Error{Code::Unavailable, "no answer from " + url + " (" + httplib::to_string(why) +
                                      "); is the daemon running? start it with: bongsu serve"};
}

}  // namespace

namespace {

Result<std::string> body_of(const std::string& url, const httplib::Result& answer) {
  if (!answer) return no_answer(url, answer.error());
  if (answer->status == 200) return answer->body;
  if (const Json told = Json::parse(answer->body, nullptr, false); told.is_object() && told.contains("error")) {
    const Json& error = told["error"];
    std::string text = error.value("message", "");
    // A hint that speaks of paths and bodies is for programs.
    if (const std::string hint = error.value("hint", "");
        !hint.empty() && hint.find("/api/") == std::string::npos && hint.find('{') == std::string::npos)
      text += "; " + hint;
    return Error{answer->status == 404 ? Code::NotFound : Code::Refused, std::move(text)};
  }
  return Error{Code::Refused, url + " answered " + std::to_string(answer->status) + ": " + answer->body};
}

}  // namespace

Result<std::string> ask_form(const std::string& given, const std::string& path, const Fields& fields) {
  BONGSU_TRY(const std::string url, checked_url(given));
  httplib::Client client(url);
  client.set_connection_timeout(5);
  client.set_read_timeout(150);  // a query may take two minutes
  const httplib::Params params(fields.begin(), fields.end());
  const auto answer = client.Post(path, params);
  if (!answer) return no_answer(url, answer.error());
  if (answer->status == 200) return answer->body;
  const Json told = Json::parse(answer->body, nullptr, false);
  if (told.is_object() && told.contains("errorType"))
    return Error{told["errorType"] == "bad_data" ? Code::Invalid : Code::Refused, text_of(told, "error")};
  return Error{Code::Refused, url + " answered " + std::to_string(answer->status) + ": " + answer->body};
}

Result<std::string> ask_daemon(const std::string& given, const std::string& path, const std::optional<std::string>& body) {
  BONGSU_TRY(const std::string url, checked_url(given));
  httplib::Client client(url);
  client.set_connection_timeout(5);
  client.set_read_timeout(30);
  const auto answer = body ? client.Post(path, *body, "application/json") : client.Get(path);
  return body_of(url, answer);
}

Result<std::string> send_octets(const std::string& given, const std::string& path, const Fields& query,
                                const std::string& octets) {
  BONGSU_TRY(const std::string url, checked_url(given));
  httplib::Client client(url);
  client.set_connection_timeout(5);
  client.set_read_timeout(200);  // thousands of modules may have to be compiled
  const httplib::Params params(query.begin(), query.end());
  return body_of(url, client.Post(httplib::append_query_params(path, params), octets, "application/octet-stream"));
}

Result<std::string> put_at_daemon(const std::string& given, const std::string& path, const Fields& query,
                                  const std::string& body) {
  BONGSU_TRY(const std::string url, checked_url(given));
  httplib::Client client(url);
  client.set_connection_timeout(5);
  client.set_read_timeout(30);
  const httplib::Params params(query.begin(), query.end());
  return body_of(url, client.Put(httplib::append_query_params(path, params), body, "application/json"));
}

Result<std::string> delete_at_daemon(const std::string& given, const std::string& path, const Fields& query) {
  BONGSU_TRY(const std::string url, checked_url(given));
  httplib::Client client(url);
  client.set_connection_timeout(5);
  client.set_read_timeout(200);  // as above
  const httplib::Params params(query.begin(), query.end());
  return body_of(url, client.Delete(query.empty() ? path : httplib::append_query_params(path, params)));
}

std::optional<KnownDialect> ask_dialect(const std::string& url, const std::string& device) {
  httplib::Client client(url);
  if (!client.is_valid()) return std::nullopt;
  client.set_connection_timeout(1);
  client.set_read_timeout(2);
  const auto answer = client.Get("/api/v1/devices/" + device + "/dialect");  // names of devices need no escapes
  if (!answer || answer->status != 200) return std::nullopt;
  const Json body = Json::parse(answer->body, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  KnownDialect out{.json = answer->body, .summary = text_of(body, "summary"), .observations = {}};
  for (const Json& one : body.value("observations", Json::array())) {
    if (!one.is_object()) continue;
    const auto trait = snmp::parse_trait(text_of(one, "trait"));
    const auto first = parse_time(text_of(one, "first")), last = parse_time(text_of(one, "last"));
    const auto count = one.find("count");
    if (!trait || !first || !last || count == one.end() || !count->is_number_unsigned()) continue;
    out.observations.push_back({*trait, count->get<std::uint64_t>(), *first, *last, text_of(one, "evidence")});
  }
  return out;
}

int status(const AskOptions& options) {
  const auto body = fetch(options, "/api/v1/status", {});
  if (!body) return 1;
  if (options.json) return std::printf("%s\n", body->c_str()), 0;
  const Json answer = Json::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("counts") || !answer.contains("devices")) return unreadable(options);
  const Json& devices = answer["devices"];
  std::printf("Bongsu %s, up %s\n", escape_terminal(text_of(answer, "version")).c_str(),
              format_duration(Millis(static_cast<std::int64_t>(answer.value("uptime_seconds", 0.0)) * 1000)).c_str());
  std::printf("devices  %s: %s up, %s down, %s unknown\n", quantity_of(devices, "total").c_str(),
              quantity_of(devices, "up").c_str(), quantity_of(devices, "down").c_str(), quantity_of(devices, "unknown").c_str());
  const Json open = answer.value("alarms", Json::object());
  std::printf("alarms   %s open:", quantity_of(open, "total").c_str());
  for (const Severity severity : {Severity::Fatal, Severity::Urgent, Severity::Danger, Severity::Caution, Severity::Harmless}) {
    const std::string name(to_string(severity));
    const std::string count = quantity_of(open, name.c_str());
    std::printf("%s %s", severity == Severity::Fatal ? "" : ",",
                count == "0" ? (count + " " + name).c_str() : coloured(count + " " + name, severity).c_str());
  }
  std::printf("\nwatched  %s\n", watched_words(answer["counts"]).c_str());
  for (const Json& notice : answer.value("notices", Json::array())) {
    if (notice.is_string()) std::printf("notice   %s\n", escape_terminal(notice.get<std::string>()).c_str());
  }
  Table table = alarm_table();
  for (const Json& alarm : answer.value("worst", Json::array())) add_alarm(table, alarm);
  if (table.empty()) std::printf("no alarms\n");
  else std::printf("\n%s", table.text().c_str());
  if (const auto worst = answer.find("worst"); worst != answer.end() && open.value("total", std::size_t{0}) > worst->size())
    std::printf("the %zu worst; bongsu alarms lists all\n", worst->size());
  return 0;
}

int alarms(const AlarmsOptions& options) {
  httplib::Params query{{"state", options.all ? "all" : "active"}};
  if (!options.level.empty()) query.emplace("level", options.level);
  if (!options.device.empty()) query.emplace("device", options.device);
  if (options.ask.json) {
    const auto body = fetch(options.ask, "/api/v1/alarms", query);
    if (!body) return 1;
    return std::printf("%s\n", body->c_str()), 0;
  }
  // The API gives the newest first, a page at a time; the worst may stand on the last one.
  std::vector<Json> rows;
  query.emplace("limit", "1000");
  std::string next;
  do {
    httplib::Params page = query;
    if (!next.empty()) page.emplace("cursor", next);
    const auto body = fetch(options.ask, "/api/v1/alarms", page);
    if (!body) return 1;
    const Json answer = Json::parse(*body, nullptr, false);
    if (!answer.is_object() || !answer.contains("alarms")) return unreadable(options.ask);
    for (const Json& alarm : answer["alarms"]) rows.push_back(alarm);
    next = text_of(answer, "next");
  } while (!next.empty());
  if (rows.empty() && !options.device.empty() && !device_is_known(options.ask, options.device)) return 1;
  if (!options.all) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Json& a, const Json& b) { return severity_of(a, "level") > severity_of(b, "level"); });
  }
  Table table = alarm_table();
  for (const Json& alarm : rows) add_alarm(table, alarm);
  if (table.empty()) std::printf("no alarms\n");
  else std::printf("%s", table.text().c_str());
  return 0;
}

int acknowledge(const AcknowledgeOptions& options) {
  Json wish = Json::object();
  if (!options.note.empty()) wish["note"] = options.note;
  if (options.until_worse) wish["until_worse"] = true;
  if (!options.span.empty()) {
    const auto span = parse_duration(options.span);
    if (!span || *span <= Millis(0)) {
      std::fprintf(stderr, "bongsu: --for: \"%s\" is no duration such as 30m or 2h\n", escape_terminal(options.span).c_str());
      return 2;
    }
    wish["until"] = format_time(std::chrono::floor<Millis>(std::chrono::system_clock::now()) + *span);
  }
  int code = 0;
  for (const std::uint64_t id : options.alarms) {
    const auto answer = ask_daemon(options.ask.url, "/api/v1/alarms/" + std::to_string(id) + (options.back ? "/unack" : "/ack"),
                                   wish.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!answer) {
      std::fprintf(stderr, "bongsu: %s\n", escape_terminal(answer.error().text).c_str());
      code = 1;
      continue;
    }
    if (options.ask.json) {
      std::printf("%s\n", answer->c_str());
      continue;
    }
    const Json told = Json::parse(*answer, nullptr, false);
    if (!told.is_object() || !told.contains("alarm")) return unreadable(options.ask);
    const Json& alarm = told["alarm"];
    const std::string device = text_of(alarm, "device");
    std::printf("alarm %llu, %s%s: %s\n", static_cast<unsigned long long>(id),
                escape_terminal(device.empty() ? "" : device + ": ").c_str(), escape_terminal(text_of(alarm, "title")).c_str(),
                options.back ? "open again for everybody" : "acknowledged; its end is still told");
  }
  return code;
}

int logs(const LogsOptions& options) {
  const auto back = parse_duration(options.since);
  if (!back) {
    std::fprintf(stderr, "bongsu: --since: %s\n", back.error().text.c_str());
    return 2;
  }
  const Time from = std::chrono::floor<Millis>(std::chrono::system_clock::now()) - *back;
  httplib::Params query{{"from", format_time(from)}, {"limit", std::to_string(options.limit)}};
  std::string words;
  for (const std::string& word : options.words) words += (words.empty() ? "" : " ") + word;
  if (!words.empty()) query.emplace("q", words);
  if (!options.device.empty()) query.emplace("device", options.device);
  if (!options.severity.empty()) query.emplace("severity", options.severity);
  const auto body = fetch(options.ask, "/api/v1/logs", query);
  if (!body) return 1;
  if (options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const Json answer = Json::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("logs")) return unreadable(options.ask);
  Table table({"TIME", "DEVICE", "SEVERITY", "APP", "TEXT"});
  std::vector<Json> rows = answer["logs"];
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {  // oldest first, so that the newest stands above the prompt
    std::string device = text_of(*row, "device");
    if (device.empty()) device = text_of(*row, "sender") + " (no device)";
    table.row({when(*row, "received"), device, text_of(*row, "syslog_severity"), text_of(*row, "app"), text_of(*row, "text")});
  }
  if (table.empty() && !options.device.empty() && !device_is_known(options.ask, options.device)) return 1;
  if (table.empty()) std::printf("no lines\n");
  else std::printf("%s", table.text().c_str());
  return 0;
}

int notify_channels(const AskOptions& options) {
  const auto body = fetch(options, "/api/v1/channels", {});
  if (!body) return 1;
  if (options.json) return std::printf("%s\n", body->c_str()), 0;
  const Json answer = Json::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("channels")) return unreadable(options);
  Table table({"CHANNEL", "TYPE", "WAITING", "LAST SENT", "LAST FAILED", "PROBLEM"});
  for (const Json& channel : answer["channels"]) {
    table.row({text_of(channel, "name"), text_of(channel, "type"), text_of(channel, "waiting"), when(channel, "last_sent"),
               when(channel, "last_failed"), text_of(channel, "problem")});
  }
  if (table.empty()) std::printf("no channels: nobody is told of alarms; see channels, people and routes in the README\n");
  else std::printf("%s", table.text().c_str());
  return 0;
}

int notify_test(const NotifyTestOptions& options) {
  const Json asked{{"channel", options.channel}, {"person", options.person}};
  const auto answer =
      ask_daemon(options.ask.url, "/api/v1/channels/test", asked.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!answer) {
    std::fprintf(stderr, "bongsu: %s\n", escape_terminal(answer.error().text).c_str());
    return 1;
  }
  if (options.ask.json) return std::printf("%s\n", answer->c_str()), 0;
  std::printf("sent; the service took it. Whether it arrived, look there\n");
  return 0;
}

int notify_explain(const NotifyExplainOptions& options) {
  const auto body = fetch(options.ask, "/api/v1/alarms/" + std::to_string(options.alarm) + "/notices", {});
  if (!body) return 1;
  if (options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const Json answer = Json::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("lines")) return unreadable(options.ask);
  for (const Json& line : answer["lines"]) {
    if (line.is_string()) std::printf("%s\n", escape_terminal(line.get<std::string>()).c_str());
  }
  return 0;
}

}  // namespace bongsu::app
