// SPDX-License-Identifier: Apache-2.0
// Whole walks of Debian's snmpd: ours against snmpbulkwalk's, in each version and over each transport, and with each pair of
// authentication and privacy that it has.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "interop/fixture.h"
#include "interop/net_snmp_text.h"

namespace bongsu::interop {
namespace {

using snmp::AuthProtocol;
using snmp::PrivProtocol;
using snmp::SecurityLevel;
using snmp::Version;

// What other programs of this machine start, end, open and close while we walk.
constexpr const char* kStill =
    "view still included .1\nview still excluded .1.3.6.1.2.1.25.4\nview still excluded .1.3.6.1.2.1.25.5\n"
    "view still excluded .1.3.6.1.2.1.6\nview still excluded .1.3.6.1.2.1.7\nview still excluded .1.3.6.1.2.1.4.22\n"
    "view still excluded .1.3.6.1.2.1.4.35\nview still excluded .1.3.6.1.2.1.3\n";

using Lines = std::map<std::vector<std::uint32_t>, std::string>;  // by OID

// Who asks, as both programs name him.
struct Asker {
  std::string name;
  std::vector<std::string> options;  // of snmpbulkwalk
  std::shared_ptr<const snmp::Credentials> credentials;
};

Asker by_community(Version version) {
  auto credentials = std::make_shared<snmp::Credentials>();
  credentials->version = version;
  credentials->community = Secret("still");
  return {.name = std::string(to_string(version)),
          .options = {version == Version::V1 ? "-v1" : "-v2c", "-c", "still"},
          .credentials = std::move(credentials)};
}

Asker by_user(const std::string& name, AuthProtocol auth, PrivProtocol priv, snmp::PassPhraseKeys& keys) {
  auto credentials = of_user(keys, name, auth, priv);
  Asker out{.name = "v3 " + name,
            .options = {"-v3", "-u", name, "-l", std::string(to_string(credentials->level))},
            .credentials = credentials};
  const auto add = [&out](std::initializer_list<std::string> words) { out.options.insert(out.options.end(), words); };
  if (auth != AuthProtocol::None) add({"-a", std::string(to_string(auth)), "-A", kAuthPhrase});
  if (priv != PrivProtocol::None) add({"-x", std::string(to_string(priv)), "-X", kPrivPhrase});
  return out;
}

}  // namespace

class Matrix : public SnmpdTest {
 protected:
  static void SetUpTestSuite() {
    std::string more = kStill;
    more += "rocommunity still 127.0.0.1 -V still\n";
    if (Snmpd::has_ipv6()) more += "rocommunity6 still ::1 -V still\n";
    start(more + all_users(" -V still"));
  }

  Lines ours(const Asker& asker, const net::Endpoint& at, snmp::Transport by, const std::string& root) {
    snmp::Target target{.name = "snmpd", .endpoint = at, .transport = by, .credentials = asker.credentials};
    Lines out;
    std::function<bool(const Varbind&)> visit = [&out](const Varbind& varbind) {
      const auto arcs = varbind.oid.arcs();
      out.emplace(std::vector<std::uint32_t>(arcs.begin(), arcs.end()), as_net_snmp(varbind));
      return true;
    };
    const auto end = live.wait(live.client.walk(target, *Oid::parse(root), visit));
    EXPECT_TRUE(end) << end.error().text;
    if (end) {
      EXPECT_EQ(out.size(), end->cells);
      EXPECT_THAT(end->notes, testing::IsEmpty());
    }
    return out;
  }
  Lines theirs(const Asker& asker, const std::string& where, const std::string& root) {
    std::vector<std::string> arguments = asker.options;
    for (const char* word : {"-On", "-Oe", "-Ox", "-Ot", "--hexOutputLength=0"}) arguments.push_back(word);
    arguments.insert(arguments.end(), {where, root});
    const auto printed = snmpd->run(asker.credentials->version == Version::V1 ? "snmpwalk" : "snmpbulkwalk", arguments);
    EXPECT_TRUE(printed) << printed.error().text;
    Lines out;
    for (const std::string& line : printed ? *printed : std::vector<std::string>()) {
      const auto oid = Oid::parse(line.substr(0, line.find(" = ")));
      if (!oid || line.find(" = No more variables left") != std::string::npos) continue;
      out.emplace(std::vector<std::uint32_t>(oid->arcs().begin(), oid->arcs().end()), std::string(trim(line)));
    }
    return out;
  }
  // Theirs, ours, theirs again: what did not move between their two must be the same in ours; what moved, by name and type.
  void same(const Asker& asker, const net::Endpoint& at, const std::string& where, const std::string& root, std::size_t least) {
    SCOPED_TRACE(asker.name + " " + where + " " + root);
    const Lines before = theirs(asker, where, root);
    const Lines now = ours(asker, at, where.starts_with("tcp") ? snmp::Transport::Tcp : snmp::Transport::Udp, root);
    const Lines after = theirs(asker, where, root);
    EXPECT_GE(before.size(), least);
    std::size_t shown = 0, equal = 0;
    for (const auto& [oid, line] : before) {
      const auto mine = now.find(oid);
      const auto later = after.find(oid);
      const std::string got = mine == now.end() ? "(nothing)" : mine->second;
      const bool still = later != after.end() && later->second == line;
      equal += got == line;
      if (got == line || (mine != now.end() && name_and_type(got) == name_and_type(line) && (!still || moves(oid)))) continue;
      if (++shown <= 5) ADD_FAILURE() << "theirs: " << line << "\nours:   " << got;
    }
    for (const auto& [oid, line] : now)
      if (!before.contains(oid) && !after.contains(oid) && ++shown <= 5) ADD_FAILURE() << "ours alone: " << line;
    EXPECT_GE(equal, before.size() * 8 / 10);
  }
  // Figures that can go there and back within a second: memory, load, processor and disk shares, used storage.
  static bool moves(const std::vector<std::uint32_t>& arcs) {
    const Oid oid(arcs);
    for (const char* root :
         {"1.3.6.1.4.1.2021", "1.3.6.1.2.1.25.1", "1.3.6.1.2.1.25.2", "1.3.6.1.2.1.25.3.3", "1.3.6.1.4.1.8072.1"})
      if (oid.starts_with(*Oid::parse(root))) return true;
    return false;
  }

  snmp::PassPhraseKeys keys;
};

TEST_F(Matrix, WholeWalksAreSnmpbulkwalks) {
  for (const net::Endpoint& at : endpoints()) {
    same(by_community(Version::V1), at, named(at), "1.3.6.1", 1'000);
    same(by_community(Version::V2c), at, named(at), "1.3.6.1", 1'000);
    same(by_user(user_name(AuthProtocol::Sha256, PrivProtocol::Aes128), AuthProtocol::Sha256, PrivProtocol::Aes128, keys), at,
         named(at), "1.3.6.1", 1'000);
  }
}

TEST_F(Matrix, WholeWalksByTcpAreSnmpbulkwalks) {
  const std::string where = named(snmpd->v4(), "tcp");
  same(by_community(Version::V2c), snmpd->v4(), where, "1.3.6.1.2.1", 500);
  same(by_user(user_name(AuthProtocol::Sha256, PrivProtocol::Aes128), AuthProtocol::Sha256, PrivProtocol::Aes128, keys),
       snmpd->v4(), where, "1.3.6.1.2.1", 500);
  if (Snmpd::has_ipv6()) same(by_community(Version::V2c), snmpd->v6(), named(snmpd->v6(), "tcp"), "1.3.6.1.2.1.1", 20);
}

TEST_F(Matrix, EachPairOfAuthenticationAndPrivacyWalks) {
  const auto walks = [&](const std::string& name, AuthProtocol auth, PrivProtocol priv) {
    same(by_user(name, auth, priv, keys), snmpd->v4(), named(snmpd->v4()), "1.3.6.1.2.1.1", 20);
  };
  walks("plain", AuthProtocol::None, PrivProtocol::None);
  for (const AuthProtocol auth : kAuth) {
    walks(user_name(auth, PrivProtocol::None), auth, PrivProtocol::None);
    for (const PrivProtocol priv : kPriv) walks(user_name(auth, priv), auth, priv);
  }
}

}  // namespace bongsu::interop
