// SPDX-License-Identifier: Apache-2.0
#include "poll/collect.h"

#include <cstdio>

#include "app/commands.h"
#include "app/mib_report.h"
#include "app/session.h"
#include "app/setup.h"
#include "app/table.h"
#include "base/json.h"
#include "base/text.h"
#include "model/show.h"

namespace bongsu::app {
namespace {

asio::awaitable<void> collect_once(Session& session, const CollectOptions& options,
                                   std::shared_ptr<const poll::ProfileSet> profiles,
                                   std::optional<Result<poll::Collection>>& into) {
  auto target = co_await make_target(session, options.snmp);
  poll::CollectOptions how;
  how.time = Millis(static_cast<std::int64_t>(options.time_seconds * 1000));
  if (options.once) how.second_reading = Millis(0);
  how.waiting = [span = how.second_reading](const std::string& what) {
    std::fprintf(stderr, "bongsu: waiting %s for a second reading of %s\n", format_duration(span).c_str(),
                 escape_terminal(what).c_str());
  };
  if (!target) into.emplace(target.error());
  else into.emplace(co_await poll::collect(session.reactor, session.client, *target, std::move(profiles), how));
  session.reactor.io().stop();
}

void print_json(const std::string& host, const poll::Collection& found, bool explain) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("device", host).member("at", found.at);
  for (const char* key :
       {"os", "kind", "vendor", "model", "version", "serial", "sysObjectID", "sysName", "sysDescr", "location"}) {
    if (const auto at = found.info.find(key); at != found.info.end()) json.member(key, at->second);
  }
  if (found.uptime_seconds) json.member("uptime_seconds", *found.uptime_seconds);
  json.key("metrics").begin_array();
  for (const poll::CollectedMetric& metric : found.metrics) {
    json.begin_object().member("name", metric.name).key("labels").begin_object();
    for (const auto& [name, value] : metric.labels) {
      if (name != kMetricName) json.member(name, value);
    }
    json.end_object()
        .member("value", metric.value)
        .member("unit", metric.unit)
        .member("oid", metric.oid.to_string())
        .end_object();
  }
  json.end_array().member("complete", found.complete).key("errors").begin_array();
  for (const poll::TableError& fault : found.errors) {
    json.begin_object()
        .member("profile", fault.profile)
        .member("table", fault.table)
        .member("error", fault.error.text)
        .end_object();
  }
  json.end_array().key("notices").begin_array();
  for (const std::string& notice : found.notices) json.value(notice);
  json.end_array();
  if (explain) {
    json.key("profiles").begin_array();
    for (const poll::Explanation& each : found.profiles) {
      json.begin_object().member("profile", each.profile).member("matched", each.matched).member("why", each.why).end_object();
    }
    json.end_array();
  }
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_text(const std::string& host, const poll::Collection& found, bool explain, bool every_profile) {
  std::printf("%s, read in %s\n", escape_terminal(host).c_str(), format_duration(found.took).c_str());
  for (const auto& [name, value] : found.info) std::printf("  %-12s %s\n", name.c_str(), escape_terminal(value).c_str());
  if (found.uptime_seconds)
    std::printf("  %-12s %s\n", "uptime", show_seconds(static_cast<std::int64_t>(*found.uptime_seconds)).c_str());
  if (explain) {
    std::printf("\n");
    Table table({"PROFILE", "", "WHY"});
    std::size_t others = 0;
    for (const poll::Explanation& each : found.profiles) {
      if (each.matched) table.row({each.profile, "matched", each.why});
    }
    for (const poll::Explanation& each : found.profiles) {
      if (each.matched) continue;
      if (each.near) table.row({each.profile, "nearly", each.why});
      else if (!every_profile) ++others;
    }
    for (const poll::Explanation& each : found.profiles) {
      if (!each.matched && !each.near && every_profile) table.row({each.profile, "-", each.why});
    }
    std::printf("%s", table.text().c_str());
    if (others > 0) std::printf("%s for other devices; --explain --all lists them\n", counted(others, "profile").c_str());
  }
  std::printf("\n");
  Table table({"METRIC", "WHERE", "VALUE"});
  for (const poll::CollectedMetric& metric : found.metrics)
    table.row({metric.name, show_labels(metric.labels), show_quantity(metric.value, metric.unit)});
  std::printf("%s", table.text().c_str());
  for (const poll::TableError& fault : found.errors) {
    std::printf("missing: %s %s: %s\n", fault.profile.c_str(), fault.table.c_str(), escape_terminal(fault.error.text).c_str());
  }
  for (const std::string& notice : found.notices) std::printf("notice: %s\n", escape_terminal(notice).c_str());
}

}  // namespace

int collect(const CollectOptions& options) {
  if (auto usage = check_usage(options.snmp); !usage) return fail(usage.error().text), 2;
  auto session = open_session(options.snmp);
  if (!session) return fail(session.error().text);
  config::Problems problems;
  std::vector<std::filesystem::path> rules{(*session)->share.rules};
  rules.insert(rules.end(), options.rules.begin(), options.rules.end());
  const auto profiles = load_profiles(rules, (*session)->tree, problems);
  if (!profiles) {
    for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", line.c_str());
    return 1;
  }
  std::optional<Result<poll::Collection>> found;
  (*session)->reactor.spawn(collect_once(**session, options, profiles, found));
  (*session)->reactor.run();
  const mib::Tree& tree = *(*session)->tree;
  if (!*found) return fail(tree.with_names(found->error().text));
  for (poll::TableError& fault : (*found)->errors) fault.error.text = tree.with_names(fault.error.text);
  for (std::string& notice : (*found)->notices) notice = tree.with_names(notice);
  if (options.snmp.json) print_json(options.snmp.host, **found, options.explain || options.all);
  else print_text(options.snmp.host, **found, options.explain || options.all, options.all);
  if (!(*found)->complete)
    return fail(options.snmp.host + ": not complete, as the lines above say; see: bongsu doctor " + options.snmp.host);
  return (*found)->metrics.empty() ? 1 : 0;
}

}  // namespace bongsu::app
