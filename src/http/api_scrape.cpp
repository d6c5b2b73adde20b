// SPDX-License-Identifier: Apache-2.0
// A device's values for an existing Prometheus, as snmp_exporter answers them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/exposition.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

Reply scrape(const Call& call) {
  const std::string_view target = call.form.get("target");
  if (target.empty())
    return plain_text(400, "'target' parameter must be specified once: the name or address of a configured device");
  if (call.form.all("target").size() > 1 || call.form.all("module").size() > 1)
    return plain_text(400, "'target' and 'module' are taken once each");
  auto found = call.sources.scrape(target, call.form.get("module"), call.gone);
  if (!found)
    return plain_text(found.error().code == Code::Invalid || found.error().code == Code::NotFound ? 400 : 500,
                      found.error().text);
  auto& rows = found->rows;
  std::stable_sort(rows.begin(), rows.end(), [](const ScrapedValue& a, const ScrapedValue& b) { return a.metric < b.metric; });
  std::string body;
  const std::string* last = nullptr;
  for (const ScrapedValue& row : rows) {
    if (last == nullptr || *last != row.metric) {
      append_help(body, row.metric, row.help);
      append_type(body, row.metric, row.metric.ends_with("_total") ? "counter" : "gauge");
    }
    last = &row.metric;
    append_exposed(body, row.metric, row.labels, row.value, std::nullopt);
  }
  const auto told = [&](std::string_view metric, std::string_view help, double value) {
    append_help(body, metric, help);
    append_type(body, metric, "gauge");
    append_exposed(body, metric, {}, value, std::nullopt);
  };
  told("snmp_scrape_duration_seconds", "How long the device took to answer all of it.", found->seconds);
  told("snmp_scrape_failed_tables", "Tables that gave nothing.", static_cast<double>(found->failed));
  return {.type = kExposition, .body = std::move(body)};
}

}  // namespace

std::vector<Route> scrape_routes(const Sources& sources) {
  using Kind = ParamSpec::Kind;
  if (!sources.scrape) return {};
  return {
      {"GET",
       "/snmp",
       "Asks a configured device now, with its own credentials, and answers as snmp_exporter does",
       {{.name = "target", .kind = Kind::Text, .about = "name or address of a configured device", .example = "db1"},
        {.name = "module", .kind = Kind::Text, .about = "a profile; absent: all that match the device", .example = "ucd-snmp"}},
       scrape,
       Route::Shape::Prometheus,
       {},
       {500}}};
}

}  // namespace bongsu::http
