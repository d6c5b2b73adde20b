// SPDX-License-Identifier: Apache-2.0
#include "config/main.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "config/maintenance.h"
#include "config/notices.h"
#include "config/remedies.h"
#include "config/words.h"
#include "net/host_port.h"

namespace bongsu::config {
namespace {

constexpr Millis kShortestInterval{1'000};
constexpr Millis kLongestInterval = std::chrono::days(1);
constexpr Millis kShortestTimeout{10};

// Keys of the documented file that come with later versions. Taking them in silence would promise what is not done.
constexpr std::array<std::string_view, 2> kLaterKeys{"traps", "discover"};
constexpr std::array<std::string_view, 2> kLaterSyslogKeys{"tcp", "tls"};

bool is_tag_name(std::string_view word) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !word.empty() && letter(word[0]) &&
         std::all_of(word.begin(), word.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool is_host_name(std::string_view word) {
  if (word.empty() || word.size() > 253 || word.front() == '.' || word.front() == '-') return false;
  // Numbers and dots alone are an address with a mistake in it, not a name.
  if (word.find_first_not_of("0123456789.") == std::string_view::npos) return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

class MainReader {
 public:
  MainReader(std::filesystem::path folder, Problems& problems) : folder_(std::move(folder)), problems_(problems) {}

  MainConfig read(const Node& root) {
    MapReader map(root, "bongsu.yaml", problems_);
    refuse_later(map, root, kLaterKeys, "");
    if (const auto data = map.text("data")) config_.data = path_of(*data);
    if (const Node* node = map.get("http")) read_http(*node);
    if (const Node* node = map.get("syslog")) read_syslog(*node);
    if (const Node* node = map.get("mibs")) config_.mibs = read_folders(*node, "mibs");
    if (const Node* node = map.get("rules")) config_.rules = read_folders(*node, "rules");
    if (const Node* node = map.get("retention")) read_retention(*node);
    if (const Node* node = map.get("memory")) read_memory(*node);
    if (const Node* node = map.get("disk")) read_disk(*node);
    if (const Node* node = map.get("sync")) read_sync(*node);
    if (const auto lookback = map.duration("lookback")) {
      config_.lookback = *lookback;
      if (*lookback < std::chrono::seconds(1) || *lookback > std::chrono::hours(24))
        problems_.add(root.find("lookback")->place, "lookback must be 1s to 24h, not " + format_duration(*lookback));
    }
    if (const Node* node = map.get("credentials")) read_credentials(*node);
    if (const Node* node = map.get("defaults")) read_defaults(*node);
    else use_every_credential();
    if (const Node* node = map.get("devices")) read_devices(*node);
    if (const Node* node = map.get("topology")) read_topology(*node);
    read_notices(map, folder_, config_.notices, problems_);
    if (const Node* node = map.get("maintenance")) config_.maintenance = read_maintenance(*node, problems_);
    read_remedies(map, folder_, config_.credentials, config_.remedies, config_.runner, problems_);
    check_programs(root);
    map.done();
    return std::move(config_);
  }

 private:
  void refuse_later(MapReader& map, const Node& node, std::span<const std::string_view> keys, const std::string& prefix) {
    for (const std::string_view key : keys) {
      map.pass_over(key);
      for (const Node::Member& member : node.members) {
        if (member.key != key) continue;
        problems_.add(member.place, in_quotes(prefix + member.key) + " is not in this version yet; take it out");
      }
    }
  }

  // A runner of its own may see what we do not.
  void check_programs(const Node& root) {
    for (const auto& [name, channel] : config_.notices.channels) {
      if (channel.type != notify::ChannelType::Program || channel.url.empty() || !config_.runner.socket.empty()) continue;
      const std::filesystem::path path = config_.runner.scripts / channel.url.reveal();
      if (access(path.c_str(), X_OK) != 0)
        problems_.add(root.find("channels")->find(name)->place,
                      "channel " + in_quotes(name) + ": " + path.string() + " is not there, or cannot be executed");
    }
  }

  std::filesystem::path path_of(const std::string& text) const { return (folder_ / text).lexically_normal(); }

  std::vector<std::filesystem::path> read_folders(const Node& node, std::string_view what) {
    std::vector<std::filesystem::path> out;
    for (const Node* item : list_of(node, what)) {
      const auto text = as_text(*item, what, problems_);
      if (!text) continue;
      std::filesystem::path path = path_of(*text);
      std::error_code ec;
      if (!std::filesystem::is_directory(path, ec)) {
        problems_.add(item->place, std::string(what) + ": " + path.string() + " is no folder; make it, or take it out");
      } else if (std::find(out.begin(), out.end(), path) != out.end()) {
        problems_.add(item->place, std::string(what) + ": " + path.string() + " stands twice; keep one");
      } else {
        out.push_back(std::move(path));
      }
    }
    return out;
  }

  // The items of a list, or the one value that stands for a list of one.
  std::vector<const Node*> list_of(const Node& node, std::string_view what) {
    std::vector<const Node*> out;
    if (node.kind == Node::Kind::Scalar) {
      out.push_back(&node);
    } else if (node.kind == Node::Kind::List) {
      for (const Node& item : node.items) out.push_back(&item);
    } else {
      problems_.add(node.place, std::string(what) + " must be a list");
    }
    return out;
  }

  void read_http(const Node& node) {
    MapReader map(node, "http", problems_);
    if (const Node* listen = map.get("listen")) {
      const auto endpoint = read_endpoint(*listen, "http.listen");
      if (endpoint && !endpoint->address.is_loopback()) {
        problems_.add(listen->place, "http.listen " + endpoint->to_string() +
                                         " can be reached from other machines, and users and tokens do not exist yet; "
                                         "listen on 127.0.0.1:" +
                                         std::to_string(endpoint->port) +
                                         " and reach it through ssh -L or a proxy that asks who is there");
      } else if (endpoint) {
        config_.http = *endpoint;
      }
    }
    if (const Node* url = map.get("url")) {
      const auto text = as_text(*url, "http.url", problems_);
      const bool good = text && (text->starts_with("http://") || text->starts_with("https://")) && is_clean_url(*text);
      if (text && !good)
        problems_.add(url->place, "http.url: not a URL: " + in_quotes(*text) +
                                      "; write where people find the page, such as https://bongsu.example.com/");
      if (good) config_.notices.page = *text;
    }
    map.done();
  }

  std::optional<net::Endpoint> read_endpoint(const Node& node, std::string_view what) {
    const auto text = as_text(node, what, problems_);
    if (!text) return std::nullopt;
    auto endpoint = net::Endpoint::parse(*text);
    if (endpoint) return *endpoint;
    problems_.add(node.place, std::string(what) + ": " + endpoint.error().text);
    return std::nullopt;
  }

  void read_syslog(const Node& node) {
    MapReader map(node, "syslog", problems_);
    refuse_later(map, node, kLaterSyslogKeys, "syslog.");
    if (const Node* udp = map.get("udp")) {
      config_.syslog_udp.clear();
      config_.syslog_named = true;
      for (const Node* item : list_of(*udp, "syslog.udp")) {
        const auto endpoint = read_endpoint(*item, "syslog.udp");
        if (!endpoint) continue;
        if (const auto* taken = overlapping(*endpoint)) {
          problems_.add(item->place, "syslog.udp: " + endpoint->to_string() + " is taken by " + taken->to_string() +
                                         " above; keep one of the two");
        } else {
          config_.syslog_udp.push_back(*endpoint);
        }
      }
    }
    map.done();
  }

  // Port 0 is any free port, so it overlaps nothing.
  const net::Endpoint* overlapping(const net::Endpoint& wanted) const {
    for (const net::Endpoint& other : config_.syslog_udp) {
      if (wanted.port == 0 || other.port != wanted.port || other.address.family() != wanted.address.family()) continue;
      if (other.address == wanted.address || other.address.is_unspecified() || wanted.address.is_unspecified()) return &other;
    }
    return nullptr;
  }

  void read_retention(const Node& node) {
    MapReader map(node, "retention", problems_);
    const auto read = [&](std::string_view key, Millis& into) {
      const auto span = map.duration(key);
      if (!span) return;
      into = *span;
      if (*span < std::chrono::hours(1))
        problems_.add(node.find(key)->place,
                      "retention." + std::string(key) + " must be 1h or more, not " + format_duration(*span));
    };
    read("raw", config_.retention.raw);
    read("5m", config_.retention.five_minutes);
    read("1h", config_.retention.hours);
    read("logs", config_.retention.logs);
    read("events", config_.retention.events);
    map.done();
  }

  void read_memory(const Node& node) {
    if (const auto size = read_size(node, "memory", 32)) config_.memory = *size;
  }

  void read_disk(const Node& node) {
    MapReader map(node, "disk", problems_);
    if (const Node* reserve = map.get("reserve")) {
      if (const auto size = read_size(*reserve, "disk.reserve", 16)) config_.disk_reserve = *size;
    }
    map.done();
  }

  std::optional<std::uint64_t> read_size(const Node& node, const std::string& what, std::uint64_t least_mib) {
    const auto text = as_text(node, what, problems_);
    if (!text) return std::nullopt;
    const auto size = parse_size(*text);
    if (size && *size >= least_mib << 20) return size;
    problems_.add(node.place, size ? what + " must be " + std::to_string(least_mib) + "MiB or more, not " + *text
                                   : what + ": not a size: " + in_quotes(*text) + "; write 512MiB or 2GiB");
    return std::nullopt;
  }

  void read_sync(const Node& node) {
    constexpr std::array<std::string_view, 2> kWords{"flush", "system"};
    if (const auto word = as_choice(node, "sync", kWords, problems_)) config_.sync_points = *word == 0;
  }

  void read_credentials(const Node& node) {
    if (node.kind != Node::Kind::Map) {
      problems_.add(node.place, "credentials must be a map of names, such as {office: {version: 2c, community: public}}");
      return;
    }
    for (const Node::Member& member : node.members) {
      credential_names_.push_back(member.key);
      if (!is_plain_name(member.key)) problems_.add(member.place, "credentials: " + bad_name(member.key));
      read_credential(member);
    }
  }

  void read_credential(const Node::Member& member) {
    static constexpr std::array<std::string_view, 3> kVersions{"2c", "1", "3"};
    const std::string what = "credential " + in_quotes(member.key);
    const std::size_t before = problems_.size();
    MapReader map(member.value, what, problems_);
    if (problems_.size() > before) return;
    const Node* version_node = map.required("version");
    const auto version = version_node == nullptr ? std::nullopt : as_choice(*version_node, "version", kVersions, problems_);
    Credential credential;
    credential.name = member.key;
    static constexpr std::array<SnmpVersion, 3> kOf{SnmpVersion::V2c, SnmpVersion::V1, SnmpVersion::V3};
    credential.version = kOf[version.value_or(0)];
    if (credential.version == SnmpVersion::V3) {
      read_user(map, what, credential);
    } else if (const Node* node = map.required("community")) {
      const std::size_t faults = problems_.size();
      auto community = map.secret("community");
      if (community) credential.community = std::move(*community);
      if (problems_.size() == faults && credential.community.empty())
        problems_.add(node->place, what + ": the community is empty; write the one that the device expects");
    }
    map.done();
    config_.credentials.push_back(std::move(credential));
  }

  void read_user(MapReader& map, const std::string& what, Credential& credential) {
    if (const Node* node = map.required("user")) {
      if (auto name = as_text(*node, "user", problems_)) {
        if (name->empty() || name->size() > 32) problems_.add(node->place, what + ": a user name has 1 to 32 octets");
        credential.user.name = std::move(*name);
      }
    }
    snmp::UserSpec& user = credential.user;
    read_key(map, "auth", what, user.auth, user.auth_pass_phrase, snmp::parse_auth_protocol);
    read_key(map, "priv", what, user.priv, user.priv_pass_phrase, snmp::parse_priv_protocol);
    if (const Node* priv = map.get("priv"); priv != nullptr && map.get("auth") == nullptr)
      problems_.add(priv->place, what + ": privacy needs authentication; add auth: {protocol: SHA-256, password: ...}");
    if (auto context = map.text("context")) credential.context = std::move(*context);
    if (const Node* level = map.get("level")) read_level(*level, what, credential);
    if (const Node* engine = map.get("context_engine")) read_context_engine(*engine, what, credential);
  }

  void read_level(const Node& node, const std::string& what, Credential& credential) {
    using snmp::SecurityLevel;
    static constexpr std::array kLevels{SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv};
    static const std::array<std::string_view, 3> kNames{to_string(kLevels[0]), to_string(kLevels[1]), to_string(kLevels[2])};
    const auto chosen = as_choice(node, "level", kNames, problems_);
    if (!chosen) return;
    credential.level = kLevels[*chosen];
    const bool auth = credential.user.auth != snmp::AuthProtocol::None, priv = credential.user.priv != snmp::PrivProtocol::None;
    if ((credential.level != SecurityLevel::NoAuthNoPriv && !auth) || (credential.level == SecurityLevel::AuthPriv && !priv))
      problems_.add(node.place,
                    what + ": level " + std::string(kNames[*chosen]) + " needs " +
                        (auth ? "priv: {protocol: AES-128, password: ...}" : "auth: {protocol: SHA-256, password: ...}") +
                        "; add it, or ask for less");
  }

  void read_context_engine(const Node& node, const std::string& what, Credential& credential) {
    const auto text = as_text(node, "context_engine", problems_);
    if (!text) return;
    const auto octets = from_hex(*text);
    if (!octets || octets->size() < 5 || octets->size() > 32) {
      problems_.add(node.place,
                    what + ": not an engine ID: " + in_quotes(*text) + "; write 5 to 32 octets, such as 80:00:1f:88:04");
      return;
    }
    credential.context_engine.assign(octets->begin(), octets->end());
  }

  template <class Protocol>
  void read_key(MapReader& map, std::string_view key, const std::string& what, Protocol& protocol, Secret& pass_phrase,
                Result<Protocol> (*parse)(std::string_view)) {
    const Node* node = map.get(key);
    if (node == nullptr) return;
    const std::size_t before = problems_.size();
    MapReader inside(*node, what + ", " + std::string(key), problems_);
    if (problems_.size() > before) return;
    if (const Node* name = inside.required("protocol")) {
      if (const auto word = as_text(*name, "protocol", problems_)) {
        const auto parsed = parse(*word);
        if (!parsed) problems_.add(name->place, what + ": " + parsed.error().text);
        else if (*parsed == Protocol::None) problems_.add(name->place, what + ": leave " + std::string(key) + " out for none");
        else protocol = *parsed;
      }
    }
    if (const Node* password = inside.required("password")) {
      const std::size_t faults = problems_.size();
      if (auto secret = inside.secret("password")) pass_phrase = std::move(*secret);
      if (problems_.size() == faults && pass_phrase.reveal().size() < 8)
        problems_.add(password->place, what + ": a pass phrase has 8 characters or more (RFC 3414 section 11.2)");
    }
    inside.done();
  }

  void use_every_credential() {
    for (const Credential& credential : config_.credentials) config_.default_credentials.push_back(credential.name);
  }

  void read_defaults(const Node& node) {
    MapReader map(node, "defaults", problems_);
    read_polling(map, node, "defaults.", config_.defaults);
    if (const Node* list = map.get("credentials"))
      config_.default_credentials = read_credential_names(*list, "defaults.credentials");
    else use_every_credential();
    if (const Node* ping = map.get("ping")) read_ping(*ping, config_.defaults.ping_interval);
    map.done();
  }

  void read_ping(const Node& node, Millis& interval) {
    MapReader map(node, "ping", problems_);
    read_interval(map, node, "ping.", interval);
    map.done();
  }

  void read_interval(MapReader& map, const Node& node, const std::string& prefix, Millis& into) {
    const auto span = map.duration("interval");
    if (!span) return;
    if (*span < kShortestInterval || *span > kLongestInterval) {
      problems_.add(node.find("interval")->place, prefix + "interval must be from 1s to 1d, not " + format_duration(*span));
    } else {
      into = *span;
    }
  }

  void read_polling(MapReader& map, const Node& node, const std::string& prefix, Polling& into) {
    const std::size_t before = problems_.size();
    read_interval(map, node, prefix, into.interval);
    if (const auto timeout = map.duration("timeout")) {
      into.timeout = *timeout;
      if (*timeout < kShortestTimeout)
        problems_.add(node.find("timeout")->place, prefix + "timeout must be 10ms or more, not " + format_duration(*timeout));
    }
    if (const auto retries = map.integer("retries", 0, 10)) into.retries = static_cast<int>(*retries);
    if (problems_.size() == before && into.timeout > into.interval) {
      const Node* at = node.find("timeout") != nullptr ? node.find("timeout") : node.find("interval");
      problems_.add(at == nullptr ? node.place : at->place, prefix + "timeout " + format_duration(into.timeout) +
                                                                " is longer than the interval " + format_duration(into.interval) +
                                                                "; make it shorter");
    }
  }

  std::vector<std::string> read_credential_names(const Node& node, std::string_view what) {
    std::vector<std::string> out;
    for (const Node* item : list_of(node, what)) {
      auto name = as_text(*item, what, problems_);
      if (!name) continue;
      if (std::find(credential_names_.begin(), credential_names_.end(), *name) == credential_names_.end()) {
        problems_.add(item->place,
                      std::string(what) + ": there is no credential " + in_quotes(*name) +
                          did_you_mean(*name, std::vector<std::string_view>(credential_names_.begin(), credential_names_.end()),
                                       "define it under credentials"));
      } else if (std::find(out.begin(), out.end(), *name) != out.end()) {
        problems_.add(item->place, std::string(what) + ": " + in_quotes(*name) + " stands twice; keep one");
      } else {
        out.push_back(std::move(*name));
      }
    }
    return out;
  }

  static std::string bad_name(std::string_view name) {
    return in_quotes(name) + " cannot be a name; use 1 to 253 characters without white space, slashes, quotes or brackets";
  }

  void read_devices(const Node& node) {
    if (node.kind != Node::Kind::List) {
      problems_.add(node.place, "devices must be a list, such as [{name: core-sw1, address: 192.0.2.10}]");
      return;
    }
    for (const Node& item : node.items) read_device(item);
    for (std::size_t i = 0; i < config_.devices.size(); ++i) check_parents(i);
    if (parents_known_) check_circles();
  }

  void read_device(const Node& node) {
    const std::size_t before = problems_.size();
    MapReader map(node, "device", problems_);
    if (problems_.size() > before) return;
    DeviceConfig device;
    device.place = node.place;
    device.polling = config_.defaults;
    const Node* parents = map.get("parents");
    if (const Node* name = map.required("name")) read_name(*name, device);
    if (const Node* address = map.required("address")) read_address(*address, device);
    if (const Node* transport = map.get("transport")) read_transport(*transport, device);
    if (const Node* from = map.get("reply_from")) read_reply_from(*from, device);
    if (const Node* tags = map.get("tags")) read_tags(*tags, device);
    if (const Node* os = map.get("os")) {
      device.os = as_text(*os, "os", problems_).value_or("");
      if (!device.os.empty() && !is_plain_name(device.os)) problems_.add(os->place, "os: " + bad_name(device.os));
    }
    read_polling(map, node, "", device.polling);
    const Node* snmp = map.get("snmp");
    if (snmp != nullptr) device.snmp = map.flag("snmp").value_or(true);
    read_device_ping(map, device);
    const Node* credentials = map.get("credentials");
    if (credentials != nullptr) device.credentials = read_credential_names(*credentials, "credentials");
    if (!device.snmp) {
      if (credentials != nullptr)
        problems_.add(credentials->place, "credentials are of no use with snmp: false; take one of the two out");
      device.credentials.clear();
    } else if (credentials == nullptr) {
      device.credentials = config_.default_credentials;
    }
    if (device.snmp && device.credentials.empty() && problems_.size() == before && credential_names_.empty())
      problems_.add(node.place, "device " + in_quotes(device.name) +
                                    " has no credentials; define one under credentials, or write snmp: false");
    else if (device.snmp && device.credentials.empty() && problems_.size() == before)
      problems_.add(node.place,
                    "device " + in_quotes(device.name) + " has an empty list of credentials; name one, or write snmp: false");
    map.done();
    parent_nodes_.push_back(parents);
    config_.devices.push_back(std::move(device));
  }

  void read_name(const Node& node, DeviceConfig& device) {
    device.name = as_text(node, "name", problems_).value_or("");
    if (device.name.empty() && node.kind != Node::Kind::Scalar) return;
    if (!is_plain_name(device.name)) {
      problems_.add(node.place, "name: " + bad_name(device.name));
    } else if (const auto [at, fresh] = index_.emplace(device.name, config_.devices.size()); !fresh) {
      const int line = config_.devices[at->second].place.line;
      problems_.add(node.place, "device " + in_quotes(device.name) + " is defined on line " + std::to_string(line) +
                                    " already; give this one another name");
    }
  }

  void read_address(const Node& node, DeviceConfig& device) {
    const auto text = as_text(node, "address", problems_);
    if (!text) return;
    const auto parts = net::HostPort::parse(*text);
    if (!parts || parts->port == 0 || !(net::Address::parse(parts->host) || is_host_name(parts->host))) {
      problems_.add(node.place, "address: not a host: " + in_quotes(*text) +
                                    "; write 192.0.2.10, 192.0.2.10:1161, \"[2001:db8::5]:1161\" or a host name");
      return;
    }
    const auto address = net::Address::parse(parts->host);
    device.host = address ? address->to_string() : parts->host;
    device.port = parts->port.value_or(161);
  }

  void read_transport(const Node& node, DeviceConfig& device) {
    static constexpr std::array<std::string_view, 2> kNames{"udp", "tcp"};
    if (as_choice(node, "transport", kNames, problems_) == 1) device.transport = snmp::Transport::Tcp;
  }

  void read_reply_from(const Node& node, DeviceConfig& device) {
    const std::vector<Node> alone{node};
    for (const Node& item : node.kind == Node::Kind::List ? node.items : alone) {
      const auto text = as_text(item, "reply_from", problems_);
      if (!text) continue;
      auto network = net::Network::parse(*text);
      if (network) device.reply_from.push_back(*network);
      else problems_.add(item.place, "reply_from: " + network.error().text);
    }
  }

  void read_tags(const Node& node, DeviceConfig& device) {
    if (node.kind != Node::Kind::Map) {
      problems_.add(node.place, "tags must be a map, such as {site: seoul, role: core}");
      return;
    }
    for (const Node::Member& member : node.members) {
      if (!is_tag_name(member.key))
        problems_.add(member.place, "tags: " + in_quotes(member.key) + " cannot be a tag; use letters, digits and _");
      if (auto value = as_text(member.value, "tag " + in_quotes(member.key), problems_))
        device.tags[member.key] = std::move(*value);
    }
  }

  // ping: true, false, or {interval: 30s}.
  void read_device_ping(MapReader& map, DeviceConfig& device) {
    const Node* node = map.get("ping");
    if (node == nullptr) return;
    if (node->kind == Node::Kind::Map) read_ping(*node, device.polling.ping_interval);
    else device.ping = map.flag("ping").value_or(true);
  }

  // `but` is none that could be meant.
  std::string no_device(const std::string& name, std::string_view but = {}) const {
    std::vector<std::string_view> known;
    for (const auto& [other, at] : index_) {
      if (other != but) known.push_back(other);
    }
    std::sort(known.begin(), known.end());
    return "there is no device " + in_quotes(name) + did_you_mean(name, known, "define it under devices");
  }

  // After the devices.
  void read_topology(const Node& node) {
    MapReader map(node, "topology", problems_);
    if (const Node* root = map.get("root")) {
      const auto name = as_text(*root, "topology.root", problems_);
      if (name && !index_.contains(*name)) problems_.add(root->place, "topology.root: " + no_device(*name));
      if (name) config_.topology_root = *name;
    }
    map.done();
  }

  void check_parents(std::size_t i) {
    const Node* list = parent_nodes_[i];
    if (list == nullptr) return;
    DeviceConfig& device = config_.devices[i];
    device.parents.emplace();
    for (const Node* item : list_of(*list, "parents")) {
      auto name = as_text(*item, "parents", problems_);
      if (!name) continue;
      std::string fault;
      if (*name == device.name) {
        fault = "device " + in_quotes(*name) + " cannot be its own parent; take it out";
      } else if (!index_.contains(*name)) {
        fault = no_device(*name, device.name);
      } else if (std::find(device.parents->begin(), device.parents->end(), *name) != device.parents->end()) {
        fault = in_quotes(*name) + " stands twice; keep one";
      }
      if (!fault.empty()) {
        problems_.add(item->place, "parents: " + fault);
        parents_known_ = false;
      } else {
        device.parents->push_back(std::move(*name));
      }
    }
  }

  const std::vector<std::string>& parents_of(std::size_t i) const {
    static const std::vector<std::string> kNone;
    const auto& parents = config_.devices[i].parents;
    return parents ? *parents : kNone;
  }

  // Takes away devices whose parents are all gone until none is left; what stays hangs on a circle.
  void check_circles() {
    std::vector<std::size_t> waits(config_.devices.size());
    std::vector<std::vector<std::size_t>> children(config_.devices.size());
    std::vector<std::size_t> free;
    for (std::size_t i = 0; i < waits.size(); ++i) {
      waits[i] = parents_of(i).size();
      for (const std::string& parent : parents_of(i)) children[index_.at(parent)].push_back(i);
      if (waits[i] == 0) free.push_back(i);
    }
    while (!free.empty()) {
      const std::size_t i = free.back();
      free.pop_back();
      for (const std::size_t child : children[i]) {
        if (--waits[child] == 0) free.push_back(child);
      }
    }
    const auto first = std::find_if(waits.begin(), waits.end(), [](std::size_t left) { return left > 0; });
    if (first == waits.end()) return;
    // From anything that stays, going up to a parent that stays ends on the circle itself.
    std::size_t at = static_cast<std::size_t>(first - waits.begin());
    std::vector<std::size_t> way;
    while (std::find(way.begin(), way.end(), at) == way.end()) {
      way.push_back(at);
      for (const std::string& parent : parents_of(at)) {
        if (waits[index_.at(parent)] > 0) {
          at = index_.at(parent);
          break;
        }
      }
    }
    std::string names;
    for (auto step = std::find(way.begin(), way.end(), at); step != way.end(); ++step)
      names += config_.devices[*step].name + " -> ";
    problems_.add(parent_nodes_[at]->place,
                  "parents go round in a circle: " + names + config_.devices[at].name + "; take one of them out");
  }

  const std::filesystem::path folder_;
  Problems& problems_;
  MainConfig config_;
  std::vector<std::string> credential_names_;  // those with problems too, so that one mistake is told once
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<const Node*> parent_nodes_;
  bool parents_known_ = true;
};

std::optional<MainConfig> read_tree(std::optional<Node> root, const std::filesystem::path& file, std::size_t before,
                                    Problems& problems, const Overlay& overlay) {
  if (!root) return std::nullopt;
  lay_beneath(*root, overlay);
  MainConfig config = MainReader(file.parent_path(), problems).read(*root);
  if (problems.size() > before) return std::nullopt;
  return config;
}

}  // namespace

MainConfig default_config() { return {}; }

Millis lookback_of(const MainConfig& config) {
  if (config.lookback > Millis(0)) return config.lookback;
  Millis longest{0};
  for (const DeviceConfig& device : config.devices) longest = std::max(longest, device.polling.interval);
  return std::max(Millis(std::chrono::minutes(5)), longest * 5 / 2);
}

std::optional<MainConfig> read_main(const std::filesystem::path& file, Problems& problems, const Overlay& overlay) {
  const std::size_t before = problems.size();
  return read_tree(read_yaml(file, problems), file, before, problems, overlay);
}

MainConfig read_what_can_be(const std::filesystem::path& file, Problems& problems) {
  const auto root = read_yaml(file, problems);
  return root ? MainReader(file.parent_path(), problems).read(*root) : default_config();
}

std::optional<MainConfig> parse_main(std::string_view text, const std::filesystem::path& file, Problems& problems,
                                     const Overlay& overlay) {
  const std::size_t before = problems.size();
  return read_tree(parse_yaml(text, file.string(), problems), file, before, problems, overlay);
}

}  // namespace bongsu::config
