// SPDX-License-Identifier: Apache-2.0
#include "app/diagnose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/show.h"
#include "snmp/explain.h"

namespace bongsu::app {
namespace {

using snmp::Trait;
using Port = Examination::Port;

// What a time-out's text says beyond "no answer" is for who sees that line alone.
std::string without_advice(const Error& error) {
  return error.code == Code::Timeout ? error.text.substr(0, error.text.find("; check")) : error.text;
}

class Doctor {
 public:
  explicit Doctor(const Examination& seen) : seen_(seen) {}

  Diagnosis run() {
    for (const snmp::Observation& one : seen_.dialect.observations)
      if (!explained(one)) add(one.trait, one.evidence, one.count);
    reachability();
    if (seen_.winner) {
      credentials();
      requests();
      clock();
      tables();
    }
    if (!seen_.unexamined.empty()) not_examined(check("time"));
    std::stable_sort(out_.findings.begin(), out_.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    out_.verdict = verdict();
    return std::move(out_);
  }

 private:
  bool has(std::string_view trait) const {
    return std::any_of(out_.findings.begin(), out_.findings.end(), [&](const Finding& one) { return one.trait == trait; });
  }
  bool has(Trait trait) const { return has(to_string(trait)); }
  void add(Trait trait, std::string evidence, std::uint64_t count = 1) {
    if (has(trait)) return;
    const snmp::Explanation& words = snmp::explain(trait);
    out_.findings.push_back({.trait = std::string(to_string(trait)),
                             .severity = words.severity,
                             .text = std::string(words.what),
                             .consequence = std::string(words.so),
                             .evidence = std::move(evidence),
                             .remedy = std::string(words.remedy),
                             .count = count});
  }
  void add(std::string trait, Severity severity, std::string text, std::string consequence, std::string evidence,
           std::string remedy) {
    out_.findings.push_back(
        {std::move(trait), severity, std::move(text), std::move(consequence), std::move(evidence), std::move(remedy), 1});
  }

  int lost() const { return seen_.singles - seen_.singles_answered; }
  bool all_complete() const {
    return std::all_of(seen_.tables.begin(), seen_.tables.end(), [](const ReadTable& table) { return table.complete; });
  }
  bool slow_answers() const { return seen_.dialect.srtt >= std::chrono::seconds(1); }
  // Whether it is no trait of its own: silence where much is lost, and what was asked for after all was answered; time where
  // every answer takes long.
  bool explained(const snmp::Observation& one) const {
    if (one.trait == Trait::SlowTable) return seen_.answers_in || slow_answers();
    if (lost() <= 1 || !one.evidence.starts_with("no answer")) return false;
    return (one.trait == Trait::VarbindLimit && !seen_.too_many) || (one.trait == Trait::BulkIgnored && !seen_.bulk_problem) ||
           (one.trait == Trait::SilentObject && all_complete());
  }

  std::string port_name() const {
    return fmt::format("{} {}", seen_.transport == snmp::Transport::Tcp ? "TCP" : "UDP", seen_.endpoint->port);
  }
  std::string pinged() const {
    if (!seen_.ping) return "it was not pinged";
    return fmt::format("{} of {} pings were answered", seen_.ping->received, seen_.ping->sent);
  }
  std::string refusals() const {
    std::string out;
    for (const TriedCredentials& tried : seen_.tried)
      if (tried.error && !(tried.derived && tried.error->code == Code::Timeout))
        out += (out.empty() ? "" : "; ") + without_advice(*tried.error);
    return out;
  }
  bool only(Code code) const {
    return !seen_.tried.empty() && std::all_of(seen_.tried.begin(), seen_.tried.end(),
                                               [&](const auto& tried) { return tried.error && tried.error->code == code; });
  }

  void reachability() {
    const std::string nothing = "nothing can be collected";
    if (seen_.no_address)
      return add("no_address", Severity::Fatal, "has no address", nothing, seen_.no_address->text,
                 "check the spelling and the name server, or write the address itself");
    if (seen_.winner) return;
    const bool pings = seen_.ping && seen_.ping->received > 0;
    if (seen_.port == Port::NoWay)
      return add("unreachable", Severity::Fatal, "cannot be reached", nothing, check("port"),
                 "check the address, this machine's routes and the link");
    if (seen_.port == Port::Closed)
      return add("port_closed", Severity::Fatal, "is up, and nothing listens on its SNMP port", nothing,
                 check("port") + "; " + pinged(),
                 "start the SNMP agent on the device, let it listen on the address asked (net-snmp: agentaddress), or name its "
                 "port as ADDRESS:PORT");
    if (seen_.tried.empty())
      return add("no_credentials", Severity::Urgent, "was not asked, for there are no credentials", nothing, pinged(),
                 "give credentials on the command line, or name some under the device (key credentials)");
    // Something came back that was not believed: that is the finding, and it stands above already.
    const bool spoke = has(Trait::ReplyAddress) || has(Trait::WrongRequestId) || has(Trait::Malformed) ||
                       has(Trait::WrongObjects) || has(Trait::LateReply) || has(Trait::Unbelieved);
    if (!spoke && only(Code::Unavailable))
      return add("port_closed", Severity::Fatal, "takes no connection on its SNMP port, or closes it", nothing,
                 refusals() + "; " + pinged(),
                 "start the SNMP agent on the device, let it listen there by TCP, or ask by UDP (key transport)");
    if (!spoke && !only(Code::Timeout))
      return add("wrong_credentials", Severity::Fatal, "answers, and refuses the credentials", nothing, refusals(),
                 "correct them as the evidence says (key credentials)");
    if (spoke) return;
    if (seen_.port == Port::Answers)
      return add(
          "wrong_credentials", Severity::Fatal, "has an SNMP agent that does not answer these credentials", nothing,
          check("port") + "; " + refusals(),
          "check community, version and access rules on the device (net-snmp: rocommunity NAME SOURCE): an agent is silent "
          "where they are wrong");
    if (pings)
      return add(
          "no_answer", Severity::Fatal, "is up, and does not answer SNMP", nothing, pinged() + "; " + refusals(),
          "either the community or the version is wrong (an agent then keeps silent), or a filter on the device or on the way "
          "drops " +
              port_name() + "; a closed port would have been refused");
    add("unreachable", Severity::Fatal, seen_.ping ? "answers neither ping nor SNMP" : "does not answer SNMP", nothing,
        pinged() + "; " + refusals(),
        "check that it is up and that its address is right; if only SNMP is silent, community and version may be wrong or a "
        "filter "
        "may drop " +
            port_name());
  }

  void not_examined(std::string evidence) {
    add("not_examined", Severity::Caution, "was not examined in full, for lack of time", "there may be more to find",
        std::move(evidence),
        "ask again with more time: --time 600; where its answers come late, also with a longer time-out: -t 10");
  }

  void credentials() {
    const TriedCredentials& winner = seen_.tried[*seen_.winner];
    const bool lower = winner.derived && winner.credentials->version == snmp::Version::V1;
    if (lower)
      add(Trait::V1Only,
          fmt::format("the community of credentials \"{}\" works in SNMPv1; in v2c: {}", winner.credentials->name, refusals()));
    for (const TriedCredentials& tried : seen_.tried) {
      if (!tried.error || tried.derived || lower) continue;
      add("some_credentials", Severity::Caution,
          fmt::format("does not take credentials \"{}\" ({})", tried.credentials->name, to_string(tried.credentials->version)),
          "others work and are used; where these stand first, the first poll takes longer", tried.error->text,
          "take them out of the device's credentials, or correct them");
    }
  }

  void requests() {
    const bool sized = has(Trait::VarbindLimit) || has(Trait::TooBig) || has(Trait::MessageSize);
    if (seen_.too_many && *seen_.too_many <= 16 && !sized) add(Trait::VarbindLimit, check("growing requests"));
    const bool bulk = has(Trait::BulkIgnored) || has(Trait::BulkRefused) || has(Trait::BulkWrong);
    if (seen_.bulk_problem && !bulk && !sized && !has(Trait::V1Only)) {
      const Trait trait = seen_.bulk_problem->starts_with("not answered") ? Trait::BulkIgnored
                          : seen_.bulk_problem->starts_with("answered")   ? Trait::BulkRefused
                                                                          : Trait::BulkWrong;
      add(trait, "GETBULK of 1.3.6.1.2.1.1 with 5 repetitions: " + *seen_.bulk_problem);
    }
    if (slow_answers() && !seen_.answers_in)
      add("slow_answers", Severity::Caution, "takes long for each answer",
          "a poll takes as many times as long as it has requests; where that is more than its interval, tables take turns",
          fmt::format("a round trip takes {} of late",
                      show_quantity(std::chrono::duration<double>(seen_.dialect.srtt).count(), "seconds")),
          "look at what keeps the device or the way to it busy; a longer interval and time-out suit it");
    if (seen_.octets32) add(Trait::Counter32Only, *seen_.octets32);
    if (!seen_.twin.empty())
      add(Trait::DuplicateEngineId, fmt::format("SNMPv3 discovery: engine ID {} here and at {}", seen_.engine_id, seen_.twin));
    // One lost of twenty may be chance.
    const int lost = this->lost();
    if (seen_.answers_in) add(Trait::LateReply, "answers " + check("answers"));
    if (lost > 1 && seen_.singles_late > 0) add(Trait::LateReply, check("loss"));
    if (lost - seen_.singles_late > 1) add(Trait::PacketLoss, check("loss") + ", each sent once");
    if (lost == 0 && seen_.together - seen_.together_answered > 1) add(Trait::InFlightLimit, check("at once"));
    if (seen_.ping && seen_.ping->received > 0 && seen_.ping->received + 1 < seen_.ping->sent) add(Trait::PacketLoss, pinged());
  }

  // It began anew between the two, and counts no boot more.
  static bool began_anew(const EngineClock& a, const EngineClock& b) {
    const double passed = std::chrono::duration<double>(b.at - a.at).count();
    return b.boots < a.boots || (b.boots == a.boots && (b.time < a.time || static_cast<double>(b.time) + 2 < passed));
  }
  // It says that this is its first life and that it is young, and the agent answers much longer.
  static bool forgot(const EngineClock& clock) {
    constexpr std::int64_t kYoung = 600;
    return clock.boots <= 1 && clock.time < kYoung && clock.uptime > 3600 + static_cast<double>(kYoung);
  }
  void clock() {
    if (!seen_.clocks.empty() && forgot(seen_.clocks.back())) {
      const EngineClock& told = seen_.clocks.back();
      add(Trait::BootsReset, fmt::format("snmpEngineBoots is {} and the engine runs for {}, while sysUpTime says {}", told.boots,
                                         show_seconds(told.time), show_seconds(static_cast<std::int64_t>(told.uptime))));
    }
    if (seen_.clocks.size() < 2) return;
    const EngineClock &a = seen_.clocks.front(), &b = seen_.clocks.back();
    for (std::size_t i = 1; i <= seen_.clocks.size(); ++i) {
      const EngineClock &one = i < seen_.clocks.size() ? seen_.clocks[i - 1] : a,
                        &next = i < seen_.clocks.size() ? seen_.clocks[i] : b;
      if (began_anew(one, next))
        return add(Trait::BootsReset,
                   fmt::format("snmpEngineTime was {} s and is {} s {} later, snmpEngineBoots was {} and is {}", one.time,
                               next.time, show_quantity(std::chrono::duration<double>(next.at - one.at).count(), "seconds"),
                               one.boots, next.boots));
    }
    const double ours = std::chrono::duration<double>(b.at - a.at).count();
    const double theirs = static_cast<double>(b.time - a.time);
    if (b.boots != a.boots)
      return add(Trait::EngineReboots,
                 fmt::format("snmpEngineBoots was {} and is {} {} later", a.boots, b.boots, show_quantity(ours, "seconds")));
    // A whole second each is the reading's own coarseness.
    if (std::abs(theirs - ours) > 2 + ours * 0.05)
      add("clock_drift", Severity::Caution, "has a clock that runs at another speed",
          "rates of its counters are reckoned by our clock; SNMPv3 needs more resynchronisations",
          fmt::format("snmpEngineTime grew by {:.0f} s in {:.1f} s", theirs, ours), "look at the device's clock source");
    if (b.boots > 1 && b.uptime > 600 && static_cast<double>(b.time) + 300 < b.uptime)
      add(Trait::EngineReboots, fmt::format("boots {}, and the SNMPv3 engine runs for {} while sysUpTime says {}", b.boots,
                                            show_seconds(b.time), show_seconds(static_cast<std::int64_t>(b.uptime))));
  }

  void tables() {
    if (seen_.unidentified)
      return add("unidentified", Severity::Danger, "did not answer all questions that find its profiles", "no table was read",
                 seen_.unidentified->text,
                 out_.findings.empty() ? "ask again, with a longer time-out" : "see the other findings");
    if (seen_.tables.empty() && !seen_.unexamined.empty()) return;
    if (seen_.tables.empty())
      return add("no_tables", Severity::Danger, "fits no profile", "only its system group can be read",
                 fmt::format("sysObjectID {}", seen_.sys_object_id.empty() ? "is missing" : seen_.sys_object_id),
                 "see bongsu collect HOST --explain, and write a profile (rules/profiles/README.md)");
    std::string names, why, late;
    const bool hindered =
        seen_.answers_in || slow_answers() || has(Trait::PacketLoss);  // what has no time is not slow of itself then
    constexpr double kSlow = 5;                                        // seconds
    // Time that is lost by asking again is none that the table took.
    const bool unhindered = std::all_of(out_.findings.begin(), out_.findings.end(),
                                        [](const Finding& one) { return one.severity == Severity::Harmless; });
    std::size_t missing = 0, rows = 0;
    for (const ReadTable& table : seen_.tables) {
      rows += table.name == "device" ? 0 : table.rows;
      if (table.out_of_time && hindered) late += (late.empty() ? "" : ", ") + table.name + ": " + table.note;
      if ((table.out_of_time && !hindered) || (table.complete && table.seconds >= kSlow && unhindered))
        add(Trait::SlowTable, fmt::format("{} {} {}", table.name, table.out_of_time ? "was not done in" : "took",
                                          show_quantity(table.seconds, "seconds")));
      if (table.complete || table.out_of_time) continue;
      ++missing;
      names += (names.empty() ? "" : ", ") + table.name;
      if (why.empty()) why = table.name + ": " + table.note;
    }
    if (!late.empty() && seen_.unexamined.empty()) not_examined(late);
    if (missing > 0)
      add("missing_tables",
          has(Trait::LateReply)                                     ? Severity::Caution  // which is the cause
          : missing == seen_.tables.size() && out_.findings.empty() ? Severity::Urgent
                                                                    : Severity::Danger,
          fmt::format("gave {} of {} tables not in full: {}", missing, seen_.tables.size(), names),
          "what is missing is a gap with its cause; the other tables are complete", why,
          out_.findings.empty() ? "look at the notes of the tables below" : "see the other findings");
    else if (rows == 0 && seen_.unexamined.empty())
      add("hidden_tables", Severity::Danger, "shows no table at all", "only its system group can be read",
          fmt::format("{} tables were read, none has any row", seen_.tables.size()),
          "the agent may show this community a part of itself only: give it a view of everything (Debian's snmpd: \"rocommunity "
          "NAME SOURCE\" without -V)");
  }

  std::string check(std::string_view name) const {
    for (const Check& one : seen_.checks)
      if (one.name == name) return one.text;
    return {};
  }

  std::string verdict() const {
    const std::string who = seen_.endpoint && seen_.endpoint->to_string() != seen_.host
                                ? fmt::format("{} ({})", seen_.host, seen_.endpoint->to_string())
                                : seen_.host;
    const auto serious = std::count_if(out_.findings.begin(), out_.findings.end(),
                                       [](const Finding& one) { return one.severity > Severity::Harmless; });
    if (!seen_.winner) {
      if (out_.findings.empty()) return who + " was not examined";
      return fmt::format("{} {}", who, out_.findings.front().text);
    }
    const std::string how = fmt::format("{} answers {}", who, to_string(seen_.tried[*seen_.winner].credentials->version));
    if (out_.findings.empty()) return how + ", and all is well";
    if (serious == 0) return how + "; its peculiarities are made good for";
    return fmt::format("{}; it {}{}", how, out_.findings.front().text,
                       serious > 1 ? fmt::format(", and {} more", serious - 1) : std::string());
  }

  const Examination& seen_;
  Diagnosis out_;
};

}  // namespace

Diagnosis diagnose(const Examination& seen) { return Doctor(seen).run(); }

}  // namespace bongsu::app
