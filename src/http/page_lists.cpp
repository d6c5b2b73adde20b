// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/events.h"
#include "http/html.h"
#include "http/page.h"
#include "model/show.h"

namespace bongsu::http {
namespace {

std::string option(std::string_view value, std::string_view word, std::string_view chosen) {
  return fmt::format("<option value=\"{}\"{}>{}</option>", value, value == chosen ? " selected" : "", word);
}

std::string input(std::string_view name, std::string_view title, std::string_view value, std::string_view hint = {}) {
  return fmt::format("<label>{}<input name=\"{}\" value=\"{}\" placeholder=\"{}\"></label>", title, name, text_of(value), hint);
}

// Why nothing is shown: the device that was asked for may not exist.
std::string stranger(const Call& call, std::string_view device, std::string_view otherwise) {
  if (device.empty() || call.sources.devices.device(device)) return fmt::format("<p class=\"empty\">{}</p>\n", otherwise);
  std::vector<std::string> names;
  for (const DeviceState& one : call.sources.devices.devices()) names.push_back(one.name);
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(device, known);
  return fmt::format("<p class=\"empty\">{} No device is named {}.{}</p>\n", otherwise, text_of(device),
                     near ? " Did you mean " + device_link(*near) + "?" : "");
}

// To the minute, which is what browsers take and give.
std::string time_input(std::string_view name, std::string_view title, const std::optional<Time>& at) {
  return fmt::format("<label>{}<input type=\"datetime-local\" name=\"{}\" value=\"{}\"></label>", title, name,
                     at ? format_time(*at).substr(0, 16) : std::string());
}

// The same page further down.
std::string next_link(const Call& call, std::string_view path, const std::string& cursor, std::string_view words) {
  if (cursor.empty()) return {};
  std::string query;
  for (const auto& [name, value] : call.params.all()) {
    if (name != "cursor") query += fmt::format("{}={}&amp;", encode_component(name), encode_component(value));
  }
  return fmt::format("<p class=\"more\"><a rel=\"next\" href=\"{}?{}cursor={}\">{}</a></p>\n", path, query, cursor, words);
}

std::string log_row(const Event& event, Time now) {
  std::string sender = event.device.empty() ? text_of(event.host.empty() ? event.sender : event.host) +
                                                  " <span class=\"flag\">unknown sender</span>"
                                            : device_link(event.device);
  const std::string told = event.syslog_severity >= 0
                               ? fmt::format(" <span class=\"soft\">{}</span>", syslog_severity_name(event.syslog_severity))
                               : std::string();
  const std::string exact = format_time(event.received);
  const bool today = std::chrono::floor<std::chrono::days>(now) == std::chrono::floor<std::chrono::days>(event.received);
  return fmt::format(
      "<tr><td class=\"t\"><time datetime=\"{}\">{}</time></td><td>{}{}</td><td class=\"x\">{}</td><td class=\"wide "
      "x\">{}</td><td class=\"x full\">{}</td></tr>\n",
      exact, today ? exact.substr(11, 8) : exact.substr(0, 10) + ' ' + exact.substr(11, 8), level_badge(event.severity), told,
      sender, text_of(event.app), text_of(event.text.empty() ? event.raw : event.text));
}

}  // namespace

Reply problem_page(const Call& call, int status, std::string_view title, std::string_view text) {
  Reply reply =
      page({.title = std::string(title), .current = {}, .now = call.sources.clock.now(), .version = call.sources.version},
           fmt::format("<h1>{}</h1><p class=\"empty\">{}</p><p class=\"more\"><a href=\"/\">Status page</a></p>\n",
                       text_of(title), text_of(text)));
  reply.status = status;
  return reply;
}

Reply alarms_page(const Call& call) {
  const Time now = call.sources.clock.now();
  const std::size_t limit = call.params.count("limit");
  const bool all = call.params.text("state") == "all";
  AlarmQuery query{.active_only = !all,
                   .min_level = call.params.level("level"),
                   .device = std::string(call.params.text("device")),
                   .limit = limit + 1,
                   .before_id = call.params.cursor_number("cursor").value_or(0)};
  auto alarms = call.sources.alarms.alarms(query);
  std::string next;
  if (alarms.size() > limit) {
    alarms.resize(limit);
    next = encode_cursor('a', std::to_string(alarms.back().id));
  }
  std::string out =
      "<h1>Alarms <small>newest first</small></h1>\n<form method=\"get\" action=\"/alarms\"><label>State<select name=\"state\">";
  out += option("active", "open", all ? "all" : "active") + option("all", "open and ended", all ? "all" : "active");
  out += "</select></label><label>Level, or worse<select name=\"level\">";
  const std::string_view chosen = query.min_level ? to_string(*query.min_level) : "";
  out += option("", "any", chosen);
  for (const Severity level : kWorstFirst) {
    if (level > Severity::Normal)
      out += option(to_string(level), fmt::format("{} {}", to_string(level), to_korean(level)), chosen);
  }
  out += "</select></label>" + input("device", "Device", query.device) + "<button>Show</button></form>\n";
  out += alarms.empty() ? stranger(call, query.device, "No alarm fits.") : alarm_table(alarms, now);
  out += next_link(call, "/alarms", next, "Older alarms");
  return page({.title = "Alarms", .current = "/alarms", .now = now, .version = call.sources.version}, out);
}

// Pages change nothing: who may see them need not be who may act. The command does.
Reply alarm_page(const Call& call) {
  const auto id = parse_unsigned(call.name);
  const auto found = id ? call.sources.alarms.alarm(*id) : std::nullopt;
  if (!found)
    return problem_page(call, 404, "No such alarm",
                        "There is no alarm " + call.name.substr(0, 200) + ". Of those that ended the newest are kept.");
  const Alarm& alarm = *found;
  const Time now = call.sources.clock.now();
  const bool open = alarm.state == AlarmState::Active;
  const std::string title = alarm.title.empty() ? alarm.item : alarm.title;
  const Severity level = open ? alarm.level : Severity::Normal;
  std::string out = fmt::format("<h1><span class=\"c-{}\">{}</span> {}{}</h1>\n<dl>", to_string(level), icon(to_string(level)),
                                alarm.device.empty() ? "" : text_of(alarm.device) + ": ", text_of(title));
  const auto fact = [&](std::string_view name, const std::string& html) {
    if (!html.empty()) out += fmt::format("<dt>{}</dt><dd>{}</dd>", name, html);
  };
  fact("Alarm", std::to_string(alarm.id));
  fact("State", open ? "open" : "ended");
  if (open) fact("Level", level_badge(level));
  std::string flags;
  if (alarm.acknowledged) flags += "acknowledged";
  if (alarm.suppressed) flags += (flags.empty() ? "" : ", ") + std::string("suppressed: ") + alarm.suppressed_by;
  if (alarm.flapping) flags += (flags.empty() ? "" : ", ") + std::string("flapping");
  fact("Marks", text_of(flags));
  fact("Device", device_link(alarm.device));
  fact("Item", text_of(alarm.item));
  fact("Of", label_words(alarm.labels));
  fact("Value", text_of(show_value(alarm)));
  if (alarm.meaning.empty()) fact("Limit", quantity(alarm.limit, alarm.unit));
  fact("Asked", text_of(alarm.asked));
  fact("Since", age(now, alarm.since) + " ago");
  if (alarm.ended) fact("Ended", age(now, *alarm.ended) + " ago");
  fact("Worst level", level_badge(alarm.peak));
  fact("Why", text_of(alarm.why));
  out += "</dl>\n";
  if (open && !alarm.acknowledged)
    out += fmt::format(
        "<p class=\"more\">To take it in hand: <code>bongsu alarms ack {} --note \"what you know\"</code>, with "
        "<code>--for 2h</code> or <code>--until-worse</code></p>\n",
        alarm.id);
  if (open && alarm.acknowledged)
    out += fmt::format("<p class=\"more\">To give it back: <code>bongsu alarms unack {}</code></p>\n", alarm.id);
  out += fmt::format("<p class=\"more\">Who was told, and why not: <code>bongsu notify explain {}</code></p>\n", alarm.id);
  return page({.title = title, .current = "/alarms", .now = now, .version = call.sources.version}, out);
}

Reply devices_page(const Call& call) {
  const Time now = call.sources.clock.now();
  const std::string_view state = call.params.text("state");
  const std::size_t limit = call.params.count("limit");
  const auto after = call.params.cursor("cursor");
  auto devices = call.sources.devices.devices();
  const DeviceCounts counts = count_devices(devices);
  std::erase_if(devices, [&](const DeviceState& one) {
    return (!state.empty() && up_word(one.up) != state) || (after && one.name <= *after);
  });
  std::string next;
  if (devices.size() > limit) {
    devices.resize(limit);
    next = encode_cursor('d', devices.back().name);
  }
  std::string out =
      "<h1>Devices <small>by name</small></h1>\n<form method=\"get\" action=\"/devices\"><label>State<select name=\"state\">";
  out += option("", fmt::format("any ({})", counts.up + counts.down + counts.unknown), state) +
         option("down", fmt::format("down ({})", counts.down), state);
  out += option("unknown", fmt::format("unknown ({})", counts.unknown), state) +
         option("up", fmt::format("up ({})", counts.up), state);
  out += "</select></label><button>Show</button></form>\n";
  const DeviceRows rows = device_rows(std::move(devices), call.sources.alarms.levels());
  out += rows.empty() ? "<p class=\"empty\">No device fits.</p>\n" : device_table(rows, now);
  out += next_link(call, "/devices", next, "More devices");
  return page({.title = "Devices", .current = "/devices", .now = now, .version = call.sources.version}, out);
}

Reply logs_page(const Call& call) {
  const Time now = call.sources.clock.now();
  auto query = event_query(call.params);
  if (!query) return problem_page(call, 400, "This cannot be searched for", query.error().text);
  if (query->kinds.empty()) query->kinds = {EventKind::Syslog};
  const std::string_view chosen = call.params.text("severity");
  std::string out = "<h1>Logs <small>newest first</small></h1>\n<form method=\"get\" action=\"/logs\">" +
                    input("q", "Words", call.params.text("q"), "link down") + input("device", "Device", query->device) +
                    "<label>Severity, or worse<select name=\"severity\">" + option("", "any", chosen);
  for (const Severity level : kWorstFirst) {
    if (level > Severity::Normal)
      out += option(to_string(level), fmt::format("{} {}", to_string(level), to_korean(level)), chosen);
  }
  for (int severity = 0; severity < 8; ++severity)
    out += option(syslog_severity_name(severity), fmt::format("syslog {}", syslog_severity_name(severity)), chosen);
  out += "</select></label><label>Kind<select name=\"kind\">";
  for (const std::string_view kind : {"syslog", "trap", "alarm", "state", "audit", "discovery"})
    out += option(kind, kind, to_string(query->kinds.front()));
  out += "</select></label>" + time_input("from", "From (UTC)", query->from) + time_input("to", "To (UTC)", query->to) +
         "<button>Search</button></form>\n";
  const auto found = call.sources.events.search(*query);
  if (!found) {
    out += problem_note(found.error());
  } else if (found->events.empty()) {
    out += stranger(call, query->device, "Nothing fits.");
  } else {
    out +=
        "<div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">Received, UTC</th><th "
        "scope=\"col\">Severity</th><th "
        "scope=\"col\">From</th>"
        "<th scope=\"col\" class=\"wide\">Application</th><th scope=\"col\">Text</th></tr></thead><tbody>\n";
    for (const Event& event : found->events) out += log_row(event, now);
    out += "</tbody></table></div>\n" + next_link(call, "/logs", event_cursor(*found), "Older entries");
  }
  return page({.title = "Logs", .current = "/logs", .now = now, .version = call.sources.version}, out);
}

std::vector<Route> page_routes() {
  using Kind = ParamSpec::Kind;
  using Shape = Route::Shape;
  const ParamSpec refresh{.name = "refresh",
                          .kind = Kind::Count,
                          .about = "seconds until the page loads itself again, 0 for never",
                          .low = 0,
                          .high = 3'600,
                          .usual = 30};
  const auto limit = [](std::size_t usual) {
    return ParamSpec{.name = "limit", .kind = Kind::Count, .about = "most rows", .high = 1'000, .usual = usual};
  };
  const auto cursor = [](char mark) {
    return ParamSpec{.name = "cursor", .kind = Kind::Cursor, .about = "where the page before ended", .mark = mark};
  };
  return {
      {"GET", "/", "Status page", {refresh}, status_page, Shape::Page},
      {"GET",
       "/alarms",
       "Alarms as a page",
       {{.name = "state", .kind = Kind::Word, .about = "open ones (usual), or ended ones too", .words = {"active", "all"}},
        {.name = "level", .kind = Kind::Level, .about = "this level or a worse one"},
        {.name = "device", .about = "of this device"},
        limit(200),
        cursor('a')},
       alarms_page,
       Shape::Page},
      {"GET",
       "/devices",
       "Devices as a page",
       {{.name = "state", .kind = Kind::Word, .about = "only these", .words = {"up", "down", "unknown"}},
        limit(500),
        cursor('d')},
       devices_page,
       Shape::Page},
      {"GET", "/alarms/{id}", "An alarm as a page", {}, alarm_page, Shape::Page, {}, {404}},
      {"GET", "/devices/{name}", "A device as a page", {refresh}, device_page, Shape::Page, {}, {404}},
      {"GET", "/logs", "Logs as a page", event_params(true), logs_page, Shape::Page},
      {"GET",
       "/style.css",
       "Style of the pages",
       {},
       [](const Call&) { return Reply{.type = "text/css; charset=utf-8", .body = std::string(style_sheet())}; },
       Shape::Style},
  };
}

}  // namespace bongsu::http
