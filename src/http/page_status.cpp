// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/html.h"
#include "http/page.h"
#include "model/show.h"

namespace bongsu::http {
namespace {

constexpr std::size_t kWorstRows = 10;
constexpr std::size_t kDeviceRows = 50;
constexpr std::size_t kItemRows = 10;  // of each item that is shown

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string counted(std::size_t count, std::string_view noun) {
  return grouped(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

// The sentence that a sleepy reader needs; `worst` gives it its icon.
struct Verdict {
  std::string text;
  std::string_view icon;
};
Verdict verdict_of(const Counts& alarms, const Counts& items, const DeviceCounts& devices) {
  Verdict verdict;
  const auto add = [&](std::size_t count, std::string_view word, std::string_view shape) {
    if (count == 0) return;
    if (verdict.icon.empty()) verdict.icon = shape;
    verdict.text += fmt::format("{}{} {}", verdict.text.empty() ? "" : ", ", count, word);
  };
  add(alarms[Severity::Fatal], "fatal", "fatal");
  add(alarms[Severity::Urgent], "urgent", "urgent");
  add(devices.down, devices.down == 1 ? "device down" : "devices down", "down");
  add(alarms[Severity::Danger], "danger", "danger");
  add(alarms[Severity::Caution], "caution", "caution");
  if (!verdict.text.empty()) return verdict;
  if (const std::size_t harmless = alarms[Severity::Harmless]; harmless > 0)
    return {fmt::format("{} harmless", grouped(harmless)), "harmless"};
  const std::size_t all = devices.up + devices.unknown;
  if (all == 0) return {"Nothing is watched yet", "unknown"};
  if (devices.up == 0) return {"Waiting for first answers", "unknown"};
  if (items[Severity::Unknown] > 0 || devices.unknown > 0) {
    return {devices.unknown > 0 ? fmt::format("No alarm; {} of {} devices not heard yet", devices.unknown, all)
                                : "No alarm; " + counted(items[Severity::Unknown], "value") + " missing",
            "unknown"};
  }
  return {"All is well", "normal"};
}

std::string tile(std::string_view word, std::string_view korean, std::size_t count, std::string_view href) {
  return fmt::format(
      "<li class=\"c-{0}{1}\"><a href=\"{2}\"><b>{3}{4}</b> <span class=\"w\">{0} <span lang=\"ko\">{5}</span></span></a></li>",
      word, count == 0 ? " zero" : "", href, icon(word), grouped(count), korean);
}

}  // namespace

std::string alarm_table(const std::vector<Alarm>& alarms, Time now) {
  std::string out =
      "<div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">Level</th><th scope=\"col\">Device</th><th "
      "scope=\"col\">What</th>"
      "<th scope=\"col\" class=\"n\">Value</th><th scope=\"col\" class=\"n wide\">Limit</th><th "
      "scope=\"col\">For</th><th scope=\"col\">Alarm</th></tr></thead><tbody>\n";
  for (const Alarm& alarm : alarms) {
    std::string flags;
    if (alarm.acknowledged) flags += " <span class=\"flag\">acknowledged</span>";
    if (alarm.suppressed) flags += " <span class=\"flag\">suppressed</span>";
    if (alarm.flapping) flags += " <span class=\"flag\">flapping</span>";
    const std::string where = label_words(alarm.labels);
    // An address alone says nothing new.
    const std::string told = alarm.asked.find(": ") == std::string::npos ? std::string() : alarm.asked;
    out += fmt::format("<tr{}><td>{}</td><th scope=\"row\">{}</th><td class=\"x\">{}{}{}<span class=\"why wide\">{}</span></td>",
                       alarm.acknowledged || alarm.suppressed ? " class=\"quiet\"" : "", level_badge(alarm.level),
                       device_link(alarm.device), text_of(alarm.title.empty() ? alarm.item : alarm.title),
                       where.empty() ? "" : " <span class=\"soft\">" + where + "</span>", flags,
                       told.empty() ? text_of(alarm.why) : "Asked " + text_of(told) + "<br>" + text_of(alarm.why));
    out += fmt::format(
        "<td class=\"n\">{0}</td><td class=\"n wide\">{1}</td><td class=\"t\" data-l=\"for\">{2}</td><td class=\"t\" "
        "data-l=\"alarm\"><a href=\"/alarms/{3}\">{3}</a></td></tr>\n",
        text_of(show_value(alarm)), alarm.meaning.empty() ? quantity(alarm.limit, alarm.unit) : "–", age(now, alarm.since),
        alarm.id);
  }
  return out + "</tbody></table></div>\n";
}

std::string item_table(std::span<const ItemState> items, Time now, bool with_device) {
  std::string out = "<div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">Level</th>";
  out += with_device ? "<th scope=\"col\">Device</th>" : "<th scope=\"col\">Item</th>";
  out += "<th scope=\"col\">Of</th><th scope=\"col\" class=\"n\">Value</th><th scope=\"col\">For</th></tr></thead><tbody>\n";
  for (const ItemState& item : items) {
    out += fmt::format(
        "<tr><td>{}</td><th scope=\"row\">{}{}</th><td class=\"x\">{}</td><td class=\"n\">{}</td><td class=\"t\" "
        "data-l=\"for\">{}</td></tr>\n",
        level_badge(item.level), with_device ? device_link(item.device) : text_of(item.title.empty() ? item.item : item.title),
        item.state == AlarmState::Pending ? " <span class=\"flag\">pending</span>" : "", label_words(item.labels),
        item.value ? item.meaning.empty() ? quantity(*item.value, item.unit) : text_of(item.meaning)
                   : text_of(item.cause.empty() ? "no data" : item.cause),
        age(now, item.changed));
  }
  return out + "</tbody></table></div>\n";
}

DeviceRows device_rows(std::vector<DeviceState> devices, const std::vector<DeviceLevels>& levels) {
  DeviceRows rows;
  rows.reserve(devices.size());
  for (DeviceState& device : devices) {
    DeviceRow row{.device = std::move(device)};
    const auto at = std::lower_bound(levels.begin(), levels.end(), row.device.name,
                                     [](const DeviceLevels& one, const std::string& name) { return one.device < name; });
    if (at != levels.end() && at->device == row.device.name) {
      for (const Severity level : kWorstFirst) {
        const std::size_t open = at->alarms[level];
        row.open += open;
        const std::size_t count = level == Severity::Unknown ? at->items[level] : open;
        if (count > 0 && urgency(level) > urgency(row.worst)) row.worst = level;
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void sort_worst_first(DeviceRows& rows) {
  const auto rank = [](const DeviceRow& row) {
    const int down = row.device.up && !*row.device.up ? 100 : 0;
    return std::max(down, row.device.up ? 0 : 1) + urgency(row.worst) * 2;
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const DeviceRow& a, const DeviceRow& b) { return rank(a) > rank(b); });
}

std::string device_table(std::span<const DeviceRow> rows, Time now) {
  std::string out =
      "<div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">State</th><th scope=\"col\">Device</th><th "
      "scope=\"col\" "
      "class=\"wide\">Address</th>"
      "<th scope=\"col\">Worst alarm</th><th scope=\"col\" class=\"wide\">System</th><th scope=\"col\" class=\"wide\">Last "
      "poll</th></tr></thead><tbody>\n";
  for (const DeviceRow& row : rows) {
    const DeviceState& device = row.device;
    std::string system;
    for (const char* key : {"vendor", "model", "os", "version"}) {
      const auto at = device.info.find(key);
      if (at != device.info.end() && !at->second.empty()) system += (system.empty() ? "" : " ") + text_of(at->second);
    }
    if (!device.error.empty()) system += fmt::format("<span class=\"why\">{}</span>", text_of(device.error));
    out += fmt::format(
        "<tr><td>{}</td><th scope=\"row\">{}</th><td class=\"wide x\">{}</td><td>{}{}</td><td class=\"wide x\">{}</td><td "
        "class=\"wide t\">{}</td></tr>\n",
        up_badge(device.up), device_link(device.name), text_of(device.address), level_badge(row.worst),
        row.open > 1 ? fmt::format(" <span class=\"soft\">of {}</span>", row.open) : "", system,
        device.last_poll ? age(now, *device.last_poll) + " ago" : "never");
  }
  return out + "</tbody></table></div>\n";
}

namespace {

// Items that somebody wants to see there, each with its worst values.
std::string chosen_items(const Sources& from, Time now) {
  std::string out;
  const auto items = from.items ? from.items() : nullptr;
  if (!items) return out;
  for (const rule::ItemSpec& item : *items) {
    if (!item.page || !item.enabled) continue;
    std::vector<ItemState> states = from.alarms.of_item(item.name);
    const auto beyond = [&](const ItemState& a, const ItemState& b) {
      if (urgency(a.level) != urgency(b.level)) return urgency(a.level) > urgency(b.level);
      if (!a.value || !b.value) return a.value.has_value() && !b.value;
      return item.below ? *a.value < *b.value : *a.value > *b.value;
    };
    const std::size_t shown = std::min(states.size(), kItemRows);
    std::partial_sort(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(shown), states.end(), beyond);
    out += fmt::format("<h2>{} <small>worst {} of {}</small></h2>\n", text_of(item.title.en.empty() ? item.name : item.title.en),
                       shown, states.size());
    out += item_table(std::span(states).first(shown), now, true);
  }
  return out;
}

}  // namespace

namespace {

// What is looked at all in all, which is more than what is amiss.
std::string watched_words(const Sources& from, const Counts& items) {
  const std::size_t all = total_of(items);
  const auto specs = from.items ? from.items() : nullptr;
  if (all == 0) return {};
  std::string out = "<p class=\"soft\">Watched: " + counted(all, "value");
  if (specs) {
    const auto used = std::count_if(specs->begin(), specs->end(), [](const rule::ItemSpec& one) { return one.enabled; });
    out += " by " + counted(static_cast<std::size_t>(used), "item");
  }
  out += ", each of a device, port, disk or the like: " + grouped(items[Severity::Normal]) + " normal";
  const std::size_t unknown = items[Severity::Unknown];
  if (const std::size_t raised = all - items[Severity::Normal] - unknown; raised > 0)
    out += ", " + grouped(raised) + " with an alarm";
  if (unknown > 0) out += ", " + grouped(unknown) + " without data (an alarm of theirs stays open)";
  return out + ".</p>\n";
}

}  // namespace

Reply status_page(const Call& call) {
  const Sources& from = call.sources;
  const Time now = from.clock.now();
  const auto levels = from.alarms.levels();
  const Counts open = count_open(levels);
  const Counts items = count_all(levels);
  auto devices = from.devices.devices();
  const DeviceCounts up = count_devices(devices);
  const Verdict verdict = verdict_of(open, items, up);

  std::string out;
  if (from.notices) out += notice_list(from.notices());
  out += fmt::format("<h1><span class=\"c-{}\">{}</span> {}</h1>\n", verdict.icon, icon(verdict.icon), verdict.text);
  out += "<h2>Open alarms <small>" + grouped(total_of(open)) + ", worst first</small></h2><ul class=\"tiles\">";
  for (const Severity level : kWorstFirst) {
    if (level > Severity::Normal)
      out += tile(to_string(level), to_korean(level), open[level], fmt::format("/alarms?level={}", to_string(level)));
  }
  out += "</ul>\n";
  const auto worst = worst_alarms(from.alarms, kWorstRows + 1);
  if (worst.empty()) {
    out += "<p class=\"empty\">No open alarm.</p>\n";
  } else {
    out += alarm_table({worst.begin(), worst.begin() + static_cast<std::ptrdiff_t>(std::min(worst.size(), kWorstRows))}, now);
    if (worst.size() > kWorstRows)
      out += fmt::format("<p class=\"more\">{} more: <a href=\"/alarms\">all open alarms</a></p>\n", total_of(open) - kWorstRows);
  }
  out += watched_words(from, items);

  out += chosen_items(from, now);

  const std::size_t all = devices.size();
  out += fmt::format("<h2>Devices <small>{}, worst first</small></h2><ul class=\"tiles\">", grouped(all));
  out += tile("down", up_korean(false), up.down, "/devices?state=down");
  out += tile("unknown", up_korean(std::nullopt), up.unknown, "/devices?state=unknown");
  out += tile("up", up_korean(true), up.up, "/devices?state=up") + "</ul>\n";
  if (all == 0) {
    out +=
        "<p class=\"empty\">No device is watched. Name one under <code>devices:</code> in bongsu.yaml, or look at <code>bongsu "
        "demo</code>.</p>\n";
  } else {
    DeviceRows rows = device_rows(std::move(devices), levels);
    sort_worst_first(rows);
    out += device_table(std::span(rows).first(std::min(all, kDeviceRows)), now);
    if (all > kDeviceRows)
      out += fmt::format("<p class=\"more\">{} more: <a href=\"/devices\">all devices by name</a></p>\n", all - kDeviceRows);
  }
  return page(
      {.title = verdict.text, .current = "/", .now = now, .refresh = call.params.count("refresh"), .version = from.version}, out);
}

}  // namespace bongsu::http
