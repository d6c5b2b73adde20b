// SPDX-License-Identifier: Apache-2.0
#include "app/setup.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "app/mibs.h"
#include "base/log.h"
#include "base/text.h"
#include "config/items.h"
#include "config/profiles.h"

namespace bongsu::app {

std::optional<std::filesystem::path> usual_config() {
  std::error_code ec;
  for (const char* file : {"/etc/bongsu/bongsu.yaml", "./bongsu.yaml"}) {
    if (std::filesystem::exists(file, ec)) return file;
  }
  return std::nullopt;
}

std::filesystem::path overlay_folder(const std::filesystem::path& data) { return data / "overlay"; }

std::optional<Configured> read_configured(const std::filesystem::path& file, const std::optional<std::string>& data,
                                          config::Problems& problems) {
  Configured out;
  if (!file.empty()) {
    // First as it stands: its mistakes are told, and it may say where the rest is.
    auto read = config::read_main(file, problems);
    if (!read) return std::nullopt;
    out.config = *std::move(read);
    std::ifstream in(file, std::ios::binary);
    out.text.assign(std::istreambuf_iterator<char>(in), {});
  }
  if (data) out.config.data = *data;
  const std::size_t before = problems.size();
  out.overlay = config::Overlay::read(overlay_folder(out.config.data), problems);
  if (problems.size() > before) return std::nullopt;
  if (out.overlay.leaves_main()) return out;
  auto whole = config::parse_main(out.text, file.empty() ? "bongsu.yaml" : file, problems, out.overlay);
  if (!whole) return std::nullopt;
  if (data) whole->data = *data;
  out.config = *std::move(whole);
  return out;
}

std::optional<Setup> read_setup(const std::filesystem::path& file, const std::filesystem::path& images,
                                config::Problems& problems) {
  auto configured = read_configured(file, std::nullopt, problems);
  if (!configured) return std::nullopt;
  auto setup = complete_setup(*std::move(configured), images, problems);
  if (setup) setup->file = file;
  return setup;
}

std::optional<Setup> complete_setup(Configured configured, const std::filesystem::path& images, config::Problems& problems) {
  config::MainConfig& config = configured.config;
  auto share = find_share();
  if (!share) {
    problems.add({"bongsu"}, share.error().text);
    return std::nullopt;
  }
  auto tree = load_mibs(*share, mib_folders(config), images);
  if (!tree) {
    problems.add({images.string()}, tree.error().text);
    return std::nullopt;
  }
  Setup setup;
  const auto rules = rule_folders(*share, config);
  setup.profiles = load_profiles(rules, *tree, problems);
  const auto systems = setup.profiles ? system_names(*setup.profiles, config) : config::SystemNames();
  setup.items = config::read_items(rules, problems, configured.overlay, systems);
  if (!problems.empty()) return std::nullopt;
  setup.share = *std::move(share);
  setup.config = std::move(config);
  setup.overlay = std::move(configured.overlay);
  setup.text = std::move(configured.text);
  setup.tree = *std::move(tree);
  return setup;
}

config::SystemNames system_names(const poll::ProfileSet& profiles, const config::MainConfig& config) {
  config::SystemNames out;
  for (const std::string& os : profiles.os_names()) out.insert(to_lower(os));
  for (const config::DeviceConfig& device : config.devices) {
    if (!device.os.empty()) out.insert(to_lower(device.os));
  }
  return out;
}

std::vector<std::string> unknown_systems(const Setup& setup) {
  const auto known = system_names(*setup.profiles, {});
  config::Problems problems;
  for (const config::DeviceConfig& device : setup.config.devices) {
    if (!device.os.empty() && !known.contains(to_lower(device.os)))
      problems.add(device.place, "os of device \"" + device.name + "\": " + config::unknown_system(device.os, known));
  }
  return problems.lines();
}

std::vector<std::filesystem::path> rule_folders(const Share& share, const config::MainConfig& config) {
  std::vector<std::filesystem::path> rules{share.rules};
  std::error_code ec;
  for (const std::filesystem::path& folder : config.rules) {
    // The folder of the default configuration need not be there.
    if (std::filesystem::exists(folder, ec)) rules.push_back(folder);
  }
  if (const auto accepted = accepted_rules(config.data); std::filesystem::exists(accepted, ec)) rules.push_back(accepted);
  return rules;
}

Result<std::string> profile_name(const std::string& yaml) {
  config::Problems problems;
  const auto files = config::parse_profiles(yaml, "profile", problems);
  if (!problems.empty()) return Error{Code::Invalid, problems.lines().front()};
  if (files.profiles.size() != 1 || !files.systems.empty())
    return Error{Code::Invalid, "one profile is taken at a time, without systems:; put others into a folder of `rules`"};
  const std::string& name = files.profiles[0].name;
  const bool good = name.size() <= 80 && std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (!good || name.empty()) return Error{Code::Invalid, "the profile's name is made of a-z, 0-9 and -"};
  return name;
}

std::filesystem::path accepted_rules(const std::filesystem::path& data) { return data / "accepted"; }

std::vector<std::filesystem::path> mib_folders(const config::MainConfig& config) {
  std::vector<std::filesystem::path> folders = config.mibs;
  folders.push_back(added_mibs(config.data));
  return folders;
}

std::shared_ptr<const poll::ProfileSet> load_profiles(const std::vector<std::filesystem::path>& rules,
                                                      std::shared_ptr<const mib::Tree> tree, config::Problems& problems) {
  const std::size_t before = problems.size();
  const auto profiles = config::read_profile_folders(rules, problems);
  std::vector<poll::Finding> findings;
  auto set = poll::ProfileSet::compile(profiles, std::move(tree), findings);
  config::add_findings(findings, problems);
  return problems.size() == before ? set : nullptr;
}

std::vector<std::string> mib_problems(const Setup& setup, std::size_t& errors) {
  errors = 0;
  std::vector<std::string> lines;
  for (const mib::Problem& problem : setup.tree->problems()) {
    if (problem.file.starts_with(setup.share.mibs.string())) continue;  // ours, and tested
    errors += problem.warning ? 0 : 1;
    lines.push_back(problem.to_string());
  }
  return lines;
}

namespace {

snmp::Version version_of(config::SnmpVersion version) {
  switch (version) {
    case config::SnmpVersion::V1:
      return snmp::Version::V1;
    case config::SnmpVersion::V2c:
      return snmp::Version::V2c;
    case config::SnmpVersion::V3:
      break;
  }
  return snmp::Version::V3;
}

// Without its user a device is still asked, and its error says what is missing.
void add_user(snmp::Credentials& into, const config::Credential& credential, snmp::PassPhraseKeys& keys) {
  const auto user = snmp::User::make(credential.user, keys);
  if (!user) return log::error("credentials \"{}\": {}", credential.name, user.error().text);
  if (credential.user.auth == snmp::AuthProtocol::Md5 || credential.user.priv == snmp::PrivProtocol::Des)
    log::warning("credentials \"{}\": MD5 and DES protect little; choose SHA-256 and AES-128 where the device has them",
                 credential.name);
  into.user = *user;
  into.level = credential.level.value_or((*user)->level());
  into.context_name = credential.context;
  into.context_engine_id = credential.context_engine;
}

}  // namespace

CredentialMap shared_credentials(const config::MainConfig& config, const CredentialMap& before, snmp::PassPhraseKeys& keys) {
  CredentialMap out;
  for (const config::Credential& credential : config.credentials) {
    auto made = std::make_shared<snmp::Credentials>();
    made->name = credential.name;
    made->version = version_of(credential.version);
    made->community = credential.community.clone();
    if (made->version == snmp::Version::V3) add_user(*made, credential, keys);
    const auto old = before.find(credential.name);
    const bool same = old != before.end() && *old->second == *made;
    out.emplace(credential.name, same ? old->second : std::move(made));
  }
  return out;
}

std::vector<poll::DeviceSpec> device_specs(const config::MainConfig& config, const CredentialMap& credentials) {
  std::vector<poll::DeviceSpec> specs;
  for (const config::DeviceConfig& device : config.devices) {
    poll::DeviceSpec spec;
    spec.name = device.name;
    spec.address = device.host;
    spec.port = device.port;
    spec.transport = device.transport;
    spec.reply_from = device.reply_from;
    for (const std::string& name : device.credentials) spec.credentials.push_back(credentials.find(name)->second);
    spec.tags = device.tags;
    spec.os = device.os;
    spec.interval = device.polling.interval;
    spec.timeout = device.polling.timeout;
    spec.retries = device.polling.retries;
    spec.ping_interval = device.polling.ping_interval;
    spec.snmp = device.snmp && !spec.credentials.empty();
    spec.ping = device.ping;
    spec.parents = device.parents;
    specs.push_back(std::move(spec));
  }
  return specs;
}

notify::Spec notices_of(config::MainConfig& config) {
  notify::Spec spec = std::move(config.notices);
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  spec.host = host;
  return spec;
}

}  // namespace bongsu::app
