// SPDX-License-Identifier: Apache-2.0
// profile propose.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/commands.h"
#include "app/data.h"
#include "app/mibs.h"
#include "app/proposal.h"
#include "app/session.h"
#include "app/setup.h"
#include "base/text.h"

namespace bongsu::app {
namespace {

using Json = nlohmann::json;

asio::awaitable<void> propose_once(Session& session, const SnmpOptions& options, std::shared_ptr<const poll::ProfileSet> profiles,
                                   std::optional<Result<discover::Proposal>>& into) {
  auto target = co_await make_target(session, options);
  if (!target) into.emplace(target.error());
  else into.emplace(co_await propose_for(session.reactor, session.client, *std::move(target), std::move(profiles)));
  session.reactor.io().stop();
}

Result<discover::Proposal> by_ourselves(const SnmpOptions& options, const config::MainConfig& config) {
  BONGSU_TRY(const auto session, open_session(options));
  config::Problems problems;
  const auto profiles = load_profiles(rule_folders(session->share, config), session->tree, problems);
  if (!profiles) return Error{Code::Invalid, problems.lines().front()};
  std::optional<Result<discover::Proposal>> found;
  session->reactor.spawn(propose_once(*session, options, profiles, found));
  session->reactor.run();
  return *std::move(found);
}

// By the daemon, when it knows a device of that name; it has the credentials.
std::optional<discover::Proposal> by_daemon(const std::string& url, const std::string& host) {
  if (host.find_first_of("/?#%& ") != std::string::npos) return std::nullopt;
  const auto answer = ask_daemon(url, fmt::format("/api/v1/devices/{}/proposal", host));
  if (!answer) return std::nullopt;
  const Json told = Json::parse(*answer, nullptr, false);
  if (!told.is_object()) return std::nullopt;
  discover::Proposal out;
  out.profile = told.value("profile", "");
  out.yaml = told.value("yaml", "");
  out.groups = told.value("groups", std::size_t{0});
  out.series = told.value("series", std::size_t{0});
  for (const Json& note : told.value("notes", Json::array())) {
    if (note.is_string()) out.notes.push_back(note.get<std::string>());
  }
  return out;
}

int accept(const std::string& url, const std::filesystem::path& data, const discover::Proposal& proposal) {
  if (ask_daemon(url, "/healthz")) {
    const Json body{{"profile", proposal.yaml}};
    const auto answer = ask_daemon(url, "/api/v1/profiles", body.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!answer) return fail(answer.error().text);
    std::fprintf(stderr, "bongsu: %s is accepted; the daemon uses it from now on\n", proposal.profile.c_str());
    return 0;
  }
  const auto kept = keep_file(accepted_rules(data), fmt::format("profiles/{}.yaml", proposal.profile), proposal.yaml);
  if (!kept) return fail(kept.error().text);
  std::fprintf(stderr, "bongsu: kept in %s; the daemon uses it when it starts\n", escape_terminal(kept->file.string()).c_str());
  return 0;
}

}  // namespace

int propose(const ProposeOptions& options) {
  config::Problems problems;
  const auto file = options.config ? std::optional<std::filesystem::path>(*options.config) : usual_config();
  const auto config = file ? config::read_main(*file, problems) : std::optional(config::default_config());
  if (!config) return fail(problems.lines().front());
  const std::string url = options.url.empty() ? fmt::format("http://{}", config->http.to_string()) : options.url;
  auto proposal = by_daemon(url, options.snmp.host);
  if (!proposal) {
    auto made = by_ourselves(options.snmp, *config);
    if (!made) return fail(made.error().text);
    proposal = *std::move(made);
  }
  if (options.snmp.json) {
    const Json out{{"device", options.snmp.host}, {"profile", proposal->profile}, {"yaml", proposal->yaml},
                   {"groups", proposal->groups},  {"series", proposal->series},   {"notes", proposal->notes}};
    std::printf("%s\n", out.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  } else {
    std::fputs(proposal->yaml.c_str(), stdout);
    std::fflush(stdout);
    for (const std::string& note : proposal->notes) std::fprintf(stderr, "left out: %s\n", escape_terminal(note).c_str());
  }
  if (proposal->yaml.empty())
    return fail(options.snmp.host +
                ": the loaded MIB modules name nothing that is not read already; add the vendor's with: bongsu mib add");
  std::fprintf(stderr, "%zu groups, %zu series\n", proposal->groups, proposal->series);
  if (options.accept) return accept(url, config->data, *proposal);
  return 0;
}

}  // namespace bongsu::app
