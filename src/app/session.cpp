// SPDX-License-Identifier: Apache-2.0
#include "app/session.h"

#include <cstdio>

#include "app/setup.h"
#include "base/text.h"
#include "net/host_port.h"

namespace bongsu::app {

int fail(std::string_view text) {
  std::fprintf(stderr, "bongsu: %s\n", escape_terminal(text).c_str());
  return 1;
}

Result<Whom> split_host(std::string_view text) {
  Whom out;
  for (const std::string_view scheme : {"udp6:", "udp:", "tcp6:", "tcp:"}) {
    if (!text.starts_with(scheme)) continue;
    if (scheme.starts_with("tcp")) out.transport = snmp::Transport::Tcp;
    text.remove_prefix(scheme.size());
    break;
  }
  BONGSU_TRY(net::HostPort parts, net::HostPort::parse(text));
  if (parts.port == 0) return Error{Code::Invalid, "not a host: \"" + std::string(text) + "\"; nothing can listen on port 0"};
  out.host = std::move(parts.host);
  out.port = parts.port.value_or(161);
  return out;
}

Result<snmp::Credentials> make_credentials(const SnmpOptions& options) {
  snmp::Credentials out;
  out.name = "command line";
  const bool v3 = options.version == "3" || (options.version.empty() && !options.user.empty());
  if (!v3) {
    if (!options.user.empty())
      return Error{Code::Invalid, "-u names a user of SNMPv3, and -v " + options.version + " has none: leave one of them out"};
    out.version = options.version == "1" ? snmp::Version::V1 : snmp::Version::V2c;
    out.community = Secret(options.community);
    return out;
  }
  if (options.user.empty()) return Error{Code::Invalid, "-v 3 needs a user name: give -u"};
  if (options.auth_protocol.empty() != options.auth_pass_phrase.empty())
    return Error{Code::Invalid, "authentication needs a protocol and a pass phrase: give both -a and -A"};
  if (options.priv_protocol.empty() != options.priv_pass_phrase.empty())
    return Error{Code::Invalid, "privacy needs a protocol and a pass phrase: give both -x and -X"};
  snmp::UserSpec spec;
  spec.name = options.user;
  if (!options.auth_protocol.empty()) {
    BONGSU_TRY(spec.auth, snmp::parse_auth_protocol(options.auth_protocol).context("-a"));
  }
  if (!options.priv_protocol.empty()) {
    BONGSU_TRY(spec.priv, snmp::parse_priv_protocol(options.priv_protocol).context("-x"));
  }
  spec.auth_pass_phrase = Secret(options.auth_pass_phrase);
  spec.priv_pass_phrase = Secret(options.priv_pass_phrase);
  snmp::PassPhraseKeys keys;
  BONGSU_TRY(out.user, snmp::User::make(spec, keys));
  out.version = snmp::Version::V3;
  out.level = out.user->level();
  if (!options.level.empty()) {
    BONGSU_TRY(out.level, snmp::parse_security_level(options.level).context("-l"));
    if (out.level > out.user->level())
      return Error{Code::Invalid,
                   "-l " + options.level + " needs keys that are missing: give -a and -A, for authPriv -x and -X too"};
  }
  out.context_name = options.context;
  return out;
}

Status check_usage(const SnmpOptions& options) {
  BONGSU_TRY_OK(split_host(options.host));
  BONGSU_TRY_OK(make_credentials(options));
  return {};
}

Result<std::unique_ptr<Session>> open_session(const SnmpOptions& options) {
  BONGSU_TRY(Share share, find_share());
  // The names that the daemon knows; a configuration that cannot be read is the daemon's affair.
  config::Problems told_elsewhere;
  const auto file = usual_config();
  const auto config = file ? config::read_what_can_be(*file, told_elsewhere) : config::default_config();
  std::vector<std::filesystem::path> folders = mib_folders(config);
  folders.insert(folders.end(), options.mibs.begin(), options.mibs.end());
  BONGSU_TRY(auto tree, load_mibs(share, folders, cache_folder() / "mibs"));
  auto session = std::make_unique<Session>();
  session->share = std::move(share);
  session->tree = std::move(tree);
  BONGSU_TRY(auto credentials, make_credentials(options));
  session->credentials = std::make_shared<const snmp::Credentials>(std::move(credentials));
  return session;
}

asio::awaitable<Result<snmp::Target>> make_target(Session& session, const SnmpOptions& options) {
  BONGSU_CO_TRY(const auto where, split_host(options.host));
  auto found = co_await net::resolve(session.reactor, where.host);
  BONGSU_CO_TRY(const net::Address address, std::move(found));
  snmp::Target target;
  target.name = options.host;
  target.endpoint = {address, where.port};
  target.transport = where.transport;
  target.credentials = session.credentials;
  target.timeout = Millis(static_cast<std::int64_t>(options.timeout_seconds * 1000));
  target.retries = options.retries;
  co_return target;
}

}  // namespace bongsu::app
