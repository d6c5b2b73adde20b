// SPDX-License-Identifier: Apache-2.0
#include "remedy/runner/remote.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "base/text.h"

namespace bongsu::remedy {
namespace {

constexpr std::size_t kLineOctets = 4'096;

// As a host stands in DNS, or an address; nothing that the client could take for an option.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text[0] != '-' && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' ||
           c == '_' || c == '%';
  });
}

}  // namespace

bool is_remote(std::string_view script) { return script.ends_with(".ssh"); }

Result<std::vector<std::string>> remote_words(const std::filesystem::path& file, const Order& order) {
  const auto wrong = [&](const std::string& what) { return Error{Code::Invalid, file.string() + ": " + what}; };
  std::map<std::string, std::string, std::less<>> keys{{"user", ""},    {"key", ""},    {"known_hosts", ""},
                                                       {"command", ""}, {"port", "22"}, {"program", "/usr/bin/ssh"}};
  std::ifstream in(file);
  if (!in) return Error{Code::NotFound, file.string() + ": cannot be read"};
  for (std::string line; std::getline(in, line);) {
    if (line.size() > kLineOctets) return wrong("a line is too long");
    const std::string_view text = trim(line);
    if (text.empty() || text[0] == '#') continue;
    const std::size_t colon = text.find(':');
    const auto known = keys.find(trim(text.substr(0, colon)));
    if (colon == std::string_view::npos || known == keys.end())
      return wrong("a line is \"key: value\", of user, key, known_hosts, command, port, program; not " + std::string(text));
    known->second = trim(text.substr(colon + 1));
  }
  for (const auto& [name, value] : keys) {
    if (value.empty()) return wrong("it has no " + name);
  }
  for (const char* name : {"key", "known_hosts", "program"}) {
    if (!keys.find(name)->second.starts_with('/')) return wrong(std::string(name) + " must be an absolute path");
  }
  const auto port = parse_unsigned(keys.find("port")->second);
  if (!port || *port == 0 || *port > 65'535) return wrong("port must be from 1 to 65535");
  if (!is_host(keys.find("user")->second)) return wrong("user is no user's name");
  std::string address;
  for (const auto& [name, value] : order.environment) {
    if (name == "BONGSU_ADDRESS") address = value;
  }
  if (!is_host(address)) return wrong("the alarm's device has no address that ssh could take");
  std::vector<std::string> words{keys.find("program")->second, "-F", "none", "-T", "-x", "-a", "-i", keys.find("key")->second};
  for (const std::string& option :
       {std::string("BatchMode=yes"), std::string("StrictHostKeyChecking=yes"),
        "UserKnownHostsFile=" + keys.find("known_hosts")->second, std::string("GlobalKnownHostsFile=none"),
        std::string("UpdateHostKeys=no"), std::string("IdentitiesOnly=yes"), std::string("IdentityAgent=none"),
        std::string("PasswordAuthentication=no"), std::string("ClearAllForwardings=yes"), std::string("PermitLocalCommand=no"),
        std::string("ControlPath=none"), std::string("ConnectTimeout=10")}) {
    words.insert(words.end(), {"-o", option});
  }
  words.insert(words.end(),
               {"-p", std::to_string(*port), "-l", keys.find("user")->second, "--", address, keys.find("command")->second});
  return words;
}

}  // namespace bongsu::remedy
