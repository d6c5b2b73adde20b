// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/share.h"
#include "config/items.h"
#include "config/main.h"
#include "config/overlay.h"
#include "mib/tree.h"
#include "notify/spec.h"
#include "poll/plan.h"
#include "poll/spec.h"
#include "rule/spec.h"

namespace bongsu::app {

// All that files say, read and checked: what a daemon runs on.
struct Setup {
  Share share;
  std::filesystem::path file;  // the configuration file; empty when there is none
  std::string text;            // of that file
  config::MainConfig config;
  config::Overlay overlay;  // what was set while running
  std::shared_ptr<const mib::Tree> tree;
  std::shared_ptr<const poll::ProfileSet> profiles;
  std::vector<rule::ItemSpec> items;
};

// The file that serve and check read when none is named: /etc/bongsu/bongsu.yaml, else ./bongsu.yaml, else nothing.
std::optional<std::filesystem::path> usual_config();

// The configuration (defaults when `file` is empty) with what was set while running, which is kept in `data`, or where the file
// says. Nothing when there is any problem.
struct Configured {
  config::MainConfig config;
  config::Overlay overlay;
  std::string text;
};
std::optional<Configured> read_configured(const std::filesystem::path& file, const std::optional<std::string>& data,
                                          config::Problems& problems);
// Where what is set while running is kept: a folder for each part, a file for each entry.
std::filesystem::path overlay_folder(const std::filesystem::path& data);

// Reads the configuration (defaults when `file` is empty), then MIBs, profiles and items. `images` keeps compiled MIBs.
// Nothing when there is any problem; all of them are in `problems`. Blocks.
std::optional<Setup> read_setup(const std::filesystem::path& file, const std::filesystem::path& images,
                                config::Problems& problems);
// The same for a configuration that is read already, or that a program made.
std::optional<Setup> complete_setup(Configured configured, const std::filesystem::path& images, config::Problems& problems);

// The name of the one profile that the text holds, which names its file. Error: Invalid, with the first mistake in it.
Result<std::string> profile_name(const std::string& yaml);
// Where profiles that were accepted while running are kept: a folder like those of `rules:`.
std::filesystem::path accepted_rules(const std::filesystem::path& data);
// The stock rules, then the folders of the configuration that are there, then what was accepted.
std::vector<std::filesystem::path> rule_folders(const Share& share, const config::MainConfig& config);
// The folders of MIB modules of the configuration, then those that were added to the daemon.
std::vector<std::filesystem::path> mib_folders(const config::MainConfig& config);

// The profiles below `profiles/` of each folder, later ones in place of earlier; nothing when there is any problem.
std::shared_ptr<const poll::ProfileSet> load_profiles(const std::vector<std::filesystem::path>& rules,
                                                      std::shared_ptr<const mib::Tree> tree, config::Problems& problems);

// Credentials by name, as devices share them.
using CredentialMap = std::map<std::string, std::shared_ptr<const snmp::Credentials>, std::less<>>;
// Those of `config`; one that says what it said in `before` is the same object, so that its devices go on undisturbed.
// Derives the keys of pass phrases that `keys` has not met: milliseconds each, so not on a reactor's thread.
CredentialMap shared_credentials(const config::MainConfig& config, const CredentialMap& before, snmp::PassPhraseKeys& keys);

// What the compiler had to say of modules in the user's own folders, one line each; `errors` counts those that cost something.
std::vector<std::string> mib_problems(const Setup& setup, std::size_t& errors);

// Takes the people, channels and routes out of it, and says who sends.
notify::Spec notices_of(config::MainConfig& config);

// What the os of a device can be: what the profiles tell, and what devices are said to be.
config::SystemNames system_names(const poll::ProfileSet& profiles, const config::MainConfig& config);
// The devices whose configured os no profile knows: for the user to look at, since another name may be meant. One line each.
std::vector<std::string> unknown_systems(const Setup& setup);

// The devices as the poller takes them.
std::vector<poll::DeviceSpec> device_specs(const config::MainConfig& config, const CredentialMap& credentials);

}  // namespace bongsu::app
