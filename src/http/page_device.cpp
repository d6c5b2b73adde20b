// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

#include "base/text.h"
#include "http/html.h"
#include "http/page.h"
#include "http/params.h"
#include "model/marker.h"
#include "snmp/explain.h"

namespace bongsu::http {
namespace {

constexpr std::size_t kValueRows = 2'000;

std::string facts(const DeviceState& device, Time now) {
  std::string out = "<dl>";
  const auto fact = [&](std::string_view name, const std::string& html) {
    if (!html.empty()) out += fmt::format("<dt>{}</dt><dd>{}</dd>", text_of(name), html);
  };
  fact("Address", text_of(device.address));
  if (device.icmp_up) fact("Ping", up_badge(device.icmp_up));
  if (device.snmp_up) fact("SNMP", up_badge(device.snmp_up));
  if (!device.error.empty()) fact("Last error", text_of(device.error));
  for (const auto& [name, value] : device.info) fact(name, text_of(value));
  if (device.uptime_seconds) fact("Up for", quantity(*device.uptime_seconds, "seconds"));
  std::string tags;
  for (const auto& [name, value] : device.tags)
    tags += fmt::format("{}{}: {}", tags.empty() ? "" : ", ", text_of(name), text_of(value));
  fact("Tags", tags);
  std::string parents;
  for (const std::string& parent : device.parents) parents += (parents.empty() ? "" : ", ") + device_link(parent);
  if (!parents.empty())
    fact("Behind", parents + fmt::format(" <span class=\"soft\">{}</span>", parents_word(device.parents_from)));
  std::string profiles;
  for (const std::string& profile : device.profiles) profiles += (profiles.empty() ? "" : ", ") + text_of(profile);
  fact("Profiles", profiles);
  std::string slow;
  for (const SlowTable& one : device.slow) {
    slow += fmt::format("{}{}, took {}", slow.empty() ? "" : "; ", text_of(one.name), format_duration(one.took));
    if (one.read) slow += ", read " + age(now, *one.read) + " ago";
  }
  fact("Slow tables", slow);
  fact("Last poll",
       device.last_poll ? age(now, *device.last_poll) + " ago, every " + format_duration(device.interval) : std::string("never"));
  return out + "</dl>\n";
}

// What was learned of its SNMP: nothing to see where it does all as it should.
std::string dialect_part(const Sources& from, const DeviceState& device, Time now) {
  const auto dialect = from.dialect ? from.dialect(device.name) : std::nullopt;
  if (!dialect) return {};
  std::string out = fmt::format("<p class=\"soft\">SNMP: {}</p>\n", text_of(summary(*dialect)));
  if (dialect->observations.empty()) return out;
  std::vector<snmp::Observation> seen = dialect->observations;
  std::stable_sort(seen.begin(), seen.end(), [](const snmp::Observation& a, const snmp::Observation& b) {
    return urgency(explain(a.trait).severity) > urgency(explain(b.trait).severity);
  });
  out +=
      "<h2>Its SNMP agent</h2><div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">Level</th><th "
      "scope=\"col\">It</th><th scope=\"col\">Seen</th><th scope=\"col\">Last</th></tr></thead><tbody>\n";
  for (const snmp::Observation& one : seen) {
    const snmp::Explanation& words = explain(one.trait);
    out += fmt::format(
        "<tr><td>{}</td><th scope=\"row\">{} <span class=\"why\">{}</span></th><td class=\"x full\">{}</td><td class=\"t\">{} "
        "ago</td></tr>\n",
        level_badge(words.severity), text_of(words.what), text_of(words.remedy),
        text_of(from.mibs ? from.mibs()->with_names(one.evidence) : one.evidence), age(now, one.last));
  }
  return out + "</tbody></table></div>\n";
}

// The worst first, ports in their order; what is normal stands folded behind.
std::string items_part(std::vector<ItemState> items, Time now) {
  if (items.empty()) return "<p class=\"empty\">No item watches this device yet.</p>\n";
  const auto key = [](const ItemState& item) {
    return std::tuple(-urgency(item.level), std::string_view(item.item), parse_unsigned(item.labels.get("ifIndex")).value_or(0));
  };
  std::stable_sort(items.begin(), items.end(), [&](const ItemState& a, const ItemState& b) { return key(a) < key(b); });
  const auto normal = std::find_if(items.begin(), items.end(), [](const ItemState& item) {
    return item.level == Severity::Normal && item.state != AlarmState::Pending;
  });
  const auto worse = static_cast<std::size_t>(normal - items.begin());
  const std::span<const ItemState> all(items);
  std::string out = worse > 0 ? item_table(all.first(worse), now, false) : "<p class=\"empty\">All is normal.</p>\n";
  if (worse < all.size())
    out += fmt::format("<details><summary>{} at rest</summary>{}</details>\n", all.size() - worse,
                       item_table(all.subspan(worse), now, false));
  return out;
}

// Growth per second between the last two readings; nothing after a gap, a wrap or a restart.
std::optional<double> rate_of(const Latest* row) {
  if (!row || !row->before || is_marker(row->last.value)) return std::nullopt;
  const double seconds = std::chrono::duration<double>(row->last.at - row->before->at).count();
  const double growth = row->last.value - row->before->value;
  if (!(seconds > 0) || !(growth >= 0)) return std::nullopt;
  return growth / seconds;
}

struct Interface {
  std::string name;
  std::string alias;
  std::uint64_t index = 0;
  std::map<std::string_view, const Latest*> by_metric;
  const Latest* get(std::string_view metric) const {
    const auto at = by_metric.find(metric);
    return at == by_metric.end() ? nullptr : at->second;
  }
};

std::vector<Interface> interfaces_of(const std::vector<Latest>& rows) {
  std::map<std::pair<std::string_view, std::string_view>, Interface> found;
  for (const Latest& row : rows) {
    const std::string_view metric = row.labels.metric();
    if (!metric.starts_with("interface_")) continue;
    Interface& one = found[{row.labels.get("ifIndex"), row.labels.get("interface")}];
    if (one.by_metric.empty()) {
      one.name = row.labels.get("interface");
      one.alias = row.labels.get("alias");
      one.index = parse_unsigned(row.labels.get("ifIndex")).value_or(0);
    }
    one.by_metric[metric] = &row;
  }
  std::vector<Interface> list;
  for (auto& [key, one] : found) list.push_back(std::move(one));
  std::stable_sort(list.begin(), list.end(), [](const Interface& a, const Interface& b) { return a.index < b.index; });
  return list;
}

std::string interface_table(const std::vector<Latest>& rows) {
  const auto list = interfaces_of(rows);
  if (list.empty()) return {};
  std::string out =
      "<h2>Interfaces</h2><div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">State</th><th "
      "scope=\"col\">Interface</th>"
      "<th scope=\"col\" class=\"n wide\">Speed</th><th scope=\"col\" class=\"n\">In</th><th scope=\"col\" class=\"n\">Out</th>"
      "<th scope=\"col\" class=\"n wide\">Errors in / out</th></tr></thead><tbody>\n";
  const auto flag = [](const Latest* row) -> std::optional<bool> {
    if (!row || is_marker(row->last.value)) return std::nullopt;
    return row->last.value > 0.5;
  };
  for (const Interface& one : list) {
    const auto traffic = [&](std::string_view metric) {
      const auto rate = rate_of(one.get(metric));
      if (rate) return quantity(*rate * 8, "bits_per_second");
      const Latest* row = one.get(metric);
      const auto cause = row ? gap_cause(row->last.value) : std::nullopt;
      return cause ? "<span class=\"soft\">" + text_of(to_string(*cause)) + "</span>" : std::string("–");
    };
    const auto total = [&](std::string_view metric) {
      const Latest* row = one.get(metric);
      return row && !is_marker(row->last.value) ? quantity(row->last.value, "") : std::string("–");
    };
    const auto admin = flag(one.get("interface_admin_up"));
    const Latest* speed = one.get("interface_speed_bits");
    out += fmt::format(
        "<tr><td>{}</td><th scope=\"row\">{}{}</th><td class=\"n wide\">{}</td><td class=\"n\" data-l=\"in\">{}</td><td "
        "class=\"n\" data-l=\"out\">{}</td><td "
        "class=\"n wide\">{} / {}</td></tr>\n",
        admin && !*admin ? "<span class=\"soft\">switched off</span>" : up_badge(flag(one.get("interface_oper_up"))),
        text_of(one.name), one.alias.empty() ? "" : " <span class=\"soft\">" + text_of(one.alias) + "</span>",
        speed && !is_marker(speed->last.value) && speed->last.value > 0 ? quantity(speed->last.value, "bits_per_second") : "–",
        traffic("interface_receive_bytes_total"), traffic("interface_transmit_bytes_total"),
        total("interface_receive_errors_total"), total("interface_transmit_errors_total"));
  }
  return out + "</tbody></table></div>\n";
}

std::string_view unit_of(std::string_view metric) {
  if (metric.ends_with("_percent")) return "percent";
  if (metric.ends_with("_bytes") || metric.ends_with("_bytes_total")) return "bytes";
  if (metric.ends_with("_bits")) return "bits_per_second";
  if (metric.ends_with("_seconds")) return "seconds";
  return {};
}

std::string value_table(const std::vector<Latest>& rows, Time now) {
  std::string out;
  std::size_t shown = 0;
  std::size_t others = 0;
  for (const Latest& row : rows) {
    if (row.labels.metric().starts_with("interface_")) continue;
    if (++others > kValueRows) continue;
    ++shown;
    const auto cause = gap_cause(row.last.value);
    out += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"x\">{}</td><td class=\"n\">{}</td><td class=\"t\">{} ago</td></tr>\n",
        text_of(row.labels.metric()), label_words(row.labels),
        cause ? std::string(to_string(*cause)) : quantity(row.last.value, unit_of(row.labels.metric())), age(now, row.last.at));
  }
  if (shown == 0) return "<h2>Latest values</h2><p class=\"empty\">No value in the last 15 minutes.</p>\n";
  std::string more;
  if (others > shown) more = fmt::format("<p class=\"more\">{} more by the API</p>\n", others - shown);
  return "<h2>Latest values</h2><div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">Metric</th><th "
         "scope=\"col\">Of</th>"
         "<th scope=\"col\" class=\"n\">Value</th><th scope=\"col\">When</th></tr></thead><tbody>\n" +
         out + "</tbody></table></div>\n" + more;
}

}  // namespace

Reply device_page(const Call& call) {
  const Sources& from = call.sources;
  const auto device = from.devices.device(call.name);
  if (!device)
    return problem_page(call, 404, "No such device",
                        "No device is named " + call.name.substr(0, 200) + ". It may have left the configuration.");
  const Time now = from.clock.now();
  std::string out = fmt::format("<h1>{} {}</h1>\n", text_of(device->name), up_badge(device->up));
  out += facts(*device, now);
  out += dialect_part(from, *device, now);
  if (const auto open = from.alarms.alarms({.device = call.name}); !open.empty())
    out += "<h2>Open alarms <small>newest first</small></h2>\n" + alarm_table(open, now);
  out += "<h2>Watched items <small>worst first</small></h2>\n" + items_part(from.alarms.items(call.name), now);
  const auto rows = latest_of(from, call.name);
  out += rows ? interface_table(*rows) + value_table(*rows, now) : problem_note(rows.error());
  const std::string coded = encode_component(call.name);
  out += fmt::format(
      "<p class=\"more\"><a href=\"/logs?device={0}\">Logs of this device</a> · <a href=\"/api/v1/devices/{0}/metrics\">values "
      "as JSON</a></p>\n",
      coded);
  return page({.title = device->name,
               .current = "/devices",
               .now = now,
               .refresh = call.params.count("refresh"),
               .version = from.version},
              out);
}

}  // namespace bongsu::http
