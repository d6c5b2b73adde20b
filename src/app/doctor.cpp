// SPDX-License-Identifier: Apache-2.0
// doctor: examine one device, and say in words how it fares.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/answer.h"
#include "app/ask.h"
#include "app/commands.h"
#include "app/diagnose.h"
#include "app/session.h"
#include "app/setup.h"
#include "app/table.h"
#include "base/json.h"
#include "base/text.h"
#include "model/show.h"
#include "net/address.h"
#include "snmp/explain.h"

namespace bongsu::app {
namespace {

// Whom to examine, and what the daemon may know of him.
struct Case {
  Patient patient;
  std::string device;  // its name in the configuration; empty when it is not there
  std::string url;     // of the daemon
};

const char* outcome_word(Check::Outcome outcome) {
  switch (outcome) {
    case Check::Outcome::Good:
      return "good";
    case Check::Outcome::Bad:
      return "bad";
    case Check::Outcome::Skipped:
      break;
  }
  return "skipped";
}

Severity outcome_colour(Check::Outcome outcome) {
  return outcome == Check::Outcome::Good  ? Severity::Normal
         : outcome == Check::Outcome::Bad ? Severity::Danger
                                          : Severity::Unknown;
}

const config::DeviceConfig* find_device(const config::MainConfig& config, std::string_view host) {
  const auto named = [&](const config::DeviceConfig& device) { return device.name == host; };
  const auto at = std::find_if(config.devices.begin(), config.devices.end(), named);
  return at == config.devices.end() ? nullptr : &*at;
}

Result<Case> find_case(const DoctorOptions& options, const config::MainConfig* config) {
  Case out;
  Patient& patient = out.patient;
  patient.host = options.snmp.host;
  patient.timeout = Millis(static_cast<std::int64_t>(options.snmp.timeout_seconds * 1000));
  patient.retries = options.snmp.retries;
  patient.time = Millis(static_cast<std::int64_t>(options.time_seconds * 1000));
  const config::DeviceConfig* device = config ? find_device(*config, options.snmp.host) : nullptr;
  std::vector<std::string> names;
  if (device != nullptr) {
    out.device = device->name;
    patient.address = device->host;
    patient.port = device->port;
    patient.transport = device->transport;
    patient.reply_from = device->reply_from;
    if (!options.timeout_given) patient.timeout = device->polling.timeout;
    if (!options.retries_given) patient.retries = device->polling.retries;
    names = device->credentials;
  } else {
    BONGSU_TRY(auto where, split_host(options.snmp.host));
    patient.address = std::move(where.host);
    patient.port = where.port;
    patient.transport = where.transport;
    if (config) names = config->default_credentials;
  }
  if (options.credentials_given || names.empty()) {
    BONGSU_TRY(auto given, make_credentials(options.snmp));
    patient.credentials.push_back(std::make_shared<const snmp::Credentials>(std::move(given)));
  } else {
    snmp::PassPhraseKeys keys;
    const CredentialMap all = shared_credentials(*config, {}, keys);
    for (const std::string& name : names) patient.credentials.push_back(all.find(name)->second);
  }
  out.url = !options.url.empty() ? options.url : config ? "http://" + config->http.to_string() : "http://127.0.0.1:8642";
  for (const config::DeviceConfig& other : config ? config->devices : std::vector<config::DeviceConfig>()) {
    constexpr std::size_t kMostNeighbours = 1'000;
    const auto address = net::Address::parse(other.host);
    if (other.name != out.device && other.snmp && address && patient.neighbours.size() < kMostNeighbours)
      patient.neighbours.push_back({other.name, {*address, other.port}});
  }
  return out;
}

void print_json(const Examination& seen, const Diagnosis& diagnosis, const std::optional<KnownDialect>& daemon) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("host", seen.host).key("address");
  if (seen.endpoint) json.value(seen.endpoint->to_string());
  else json.null();
  json.member("verdict", diagnosis.verdict).key("findings").begin_array();
  for (const Finding& one : diagnosis.findings) {
    json.begin_object().member("trait", one.trait).member("severity", to_string(one.severity)).member("text", one.text);
    json.member("consequence", one.consequence).member("evidence", one.evidence).member("remedy", one.remedy);
    json.member("count", one.count).end_object();
  }
  json.end_array().key("dialect");
  write(json, seen.dialect);
  json.key("daemon");
  if (daemon) json.raw(daemon->json);
  else json.null();
  json.key("tables").begin_array();
  for (const ReadTable& table : seen.tables) {
    json.begin_object()
        .member("name", table.name)
        .member("profile", table.profile)
        .member("rows", table.rows)
        .member("values", table.values);
    json.member("seconds", table.seconds).member("complete", table.complete).member("note", table.note).end_object();
  }
  json.end_array().key("checks").begin_array();
  for (const Check& check : seen.checks) {
    json.begin_object().member("name", check.name).member("outcome", outcome_word(check.outcome));
    json.member("text", check.text).end_object();
  }
  json.end_array().end_object();
  std::printf("%s\n", out.c_str());
}

void print_finding(const Finding& one, const mib::Tree& tree) {
  const auto line = [](const char* word, const std::string& text) {
    if (!text.empty()) std::printf("  %-8s %s\n", word, escape_terminal(text).c_str());
  };
  std::printf("\n%s  %s%s\n", coloured(to_string(one.severity), one.severity).c_str(), escape_terminal(one.text).c_str(),
              one.count > 1 ? fmt::format(" ({} times)", one.count).c_str() : "");
  line("seen", tree.with_names(one.evidence));
  line("so", one.consequence);
  line("do", one.remedy);
  line("name", one.trait);
}

void print_text(const Examination& seen, const Diagnosis& diagnosis, const std::optional<KnownDialect>& daemon,
                const mib::Tree& tree) {
  std::printf("%s\n", escape_terminal(diagnosis.verdict).c_str());
  for (const Finding& one : diagnosis.findings) print_finding(one, tree);
  std::printf("\n");
  Table checks({"CHECK", "", "WHAT CAME"});
  for (const Check& check : seen.checks)
    checks.row({check.name, outcome_word(check.outcome), check.text}, outcome_colour(check.outcome));
  std::printf("%s", checks.text().c_str());
  if (!seen.tables.empty()) {
    Table tables({"TABLE", "PROFILE", "ROWS", "TIME", "COMPLETE", "NOTE"});
    for (const ReadTable& table : seen.tables) {
      tables.row({table.name, table.profile, std::to_string(table.rows), show_quantity(table.seconds, "seconds"),
                  table.complete ? "yes" : "no", table.note},
                 table.complete ? Severity::Normal : Severity::Danger);
    }
    std::printf("\n%s", tables.text().c_str());
  }
  if (!seen.winner) return;
  std::printf("\n%-12s %s\n", "sysDescr", escape_terminal(seen.sys_descr).c_str());
  std::printf("%-12s %s\n", "learned", snmp::summary(seen.dialect).c_str());
  if (const auto timeout = snmp::round_trip_timeout(seen.dialect))
    std::printf("%-12s %s by its round trips\n", "time-out",
                show_quantity(static_cast<double>(timeout->count()) / 1e6, "seconds").c_str());
  if (daemon) std::printf("%-12s %s\n", "daemon", escape_terminal(daemon->summary).c_str());
}

asio::awaitable<void> examine_and_stop(ExamineParts parts, Patient patient, Examination& into) {
  net::Reactor& reactor = parts.reactor;
  co_await examine(std::move(parts), std::move(patient), into);
  reactor.io().stop();
}

// What the daemon saw of the device over a longer time stands beside what was seen now.
void add_observations(const std::vector<snmp::Observation>& more, snmp::Dialect& into) {
  for (const snmp::Observation& one : more) {
    if (into.find(one.trait) != nullptr) continue;
    into.observations.push_back(one);
    into.observations.back().evidence = "the daemon saw, last at " + format_time(one.last) + ": " + one.evidence;
  }
}

}  // namespace

int doctor(const DoctorOptions& options) {
  std::optional<config::MainConfig> config;
  const auto file = options.config ? std::optional<std::filesystem::path>(*options.config) : usual_config();
  if (file) {
    config::Problems problems;
    config = config::read_main(*file, problems);
    if (!config && options.config) {
      for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", line.c_str());
      return 2;
    }
    if (!config) std::fprintf(stderr, "bongsu: %s has errors and is not used; see: bongsu check\n", file->c_str());
  }
  auto found = find_case(options, config ? &*config : nullptr);
  if (!found) return fail(found.error().text), 2;
  if (config && found->device.empty() && !net::Address::parse(found->patient.address)) {
    std::vector<std::string> names;
    for (const config::DeviceConfig& one : config->devices) names.push_back(one.name);
    if (const std::string near = meant(options.snmp.host, names); !near.empty())
      std::fprintf(stderr, "bongsu: the configuration has no device \"%s\"%s\n", escape_terminal(options.snmp.host).c_str(),
                   escape_terminal(near).c_str());
  }
  auto session = open_session(options.snmp);
  if (!session) return fail(session.error().text);
  config::Problems problems;
  std::vector<std::filesystem::path> rules{(*session)->share.rules};
  if (config)
    std::copy_if(config->rules.begin(), config->rules.end(), std::back_inserter(rules), [](const auto& folder) {
      std::error_code ec;
      return std::filesystem::exists(folder, ec);
    });
  rules.insert(rules.end(), options.rules.begin(), options.rules.end());
  auto profiles = load_profiles(rules, (*session)->tree, problems);
  if (!profiles) {
    for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", line.c_str());
    return 1;
  }
  auto pinger = icmp::Pinger::open((*session)->reactor, (*session)->metrics);
  snmp::ClientOptions asking;
  asking.limits.time = found->patient.time / 3;  // of one walk
  snmp::Client client((*session)->reactor, (*session)->metrics, std::move(asking));
  ExamineParts parts{.reactor = (*session)->reactor,
                     .client = client,
                     .metrics = (*session)->metrics,
                     .pinger = pinger ? pinger->get() : nullptr,
                     .profiles = std::move(profiles)};
  const bool live = ::isatty(STDERR_FILENO) != 0;
  if (live) parts.progress = [](const std::string& what) { std::fprintf(stderr, "\r\x1b[K%s", escape_terminal(what).c_str()); };
  Examination seen;
  (*session)->reactor.spawn(examine_and_stop(std::move(parts), found->patient, seen));
  (*session)->reactor.run();
  if (live) std::fprintf(stderr, "\r\x1b[K");
  std::optional<KnownDialect> daemon;
  if (!found->device.empty()) daemon = ask_dialect(found->url, found->device);
  if (daemon) add_observations(daemon->observations, seen.dialect);
  const Diagnosis diagnosis = diagnose(seen);
  if (options.snmp.json) print_json(seen, diagnosis, daemon);
  else print_text(seen, diagnosis, daemon, *(*session)->tree);
  return diagnosis.findings.empty() ? 0 : 1;
}

}  // namespace bongsu::app
