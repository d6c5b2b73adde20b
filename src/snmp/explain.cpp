// SPDX-License-Identifier: Apache-2.0
#include "snmp/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bongsu::snmp {
namespace {

using enum Severity;

// In the order of Trait.
constexpr std::array<Explanation, kTraits> kExplanations{{
    {Harmless, "takes only so many objects in one request", "a table takes more requests; nothing is lost",
     "nothing: the size that it takes was learned and is used"},
    {Harmless, "answers tooBig although the answer would fit", "requests are made smaller until it answers; nothing is lost",
     "nothing: the size that it takes was learned and is used"},
    {Caution, "does not answer GETBULK", "tables are read by GETNEXT, which takes many more requests",
     "nothing, or renew the agent's software: SNMPv2c asks for GETBULK (RFC 3416 section 4.2.3)"},
    {Caution, "refuses GETBULK", "tables are read by GETNEXT, which takes many more requests",
     "nothing, or renew the agent's software: SNMPv2c asks for GETBULK (RFC 3416 section 4.2.3)"},
    {Caution, "answers GETBULK with other objects than were asked for",
     "such answers are not believed; tables are read by GETNEXT, which takes many more requests",
     "nothing, or renew the agent's software: its GETBULK is faulty"},
    {Danger, "goes back to an earlier object where a later one is due",
     "a walk would never end; the part behind the break is "
     "read by going around it, and what cannot be reached so is missing",
     "renew the agent's software; the table named in the evidence is the faulty one"},
    {Danger, "has a table that does not end", "the walk of it is cut off at a bound, and the table is not complete",
     "renew the agent's software, or take the table out of the device's profile"},
    {Danger, "answers with another request-id than it was asked with",
     "such answers cannot be told from forged or late ones, and "
     "are not believed: what it answers so is missing",
     "renew the agent's software, or look for a proxy or NAT on the way that mixes answers up"},
    {Danger, "answers from another address or port than it was asked at",
     "such answers are not believed unless they are SNMPv3-authenticated: the device seems dead",
     "write reply_from with the address of the evidence under the device, or make the agent answer from the address that it was "
     "asked at"},
    {Danger, "sends messages that cannot be read", "such answers count for nothing: what they carried is missing",
     "renew the agent's software; if only large answers are hurt, look for a broken path MTU or firewall on the way"},
    {Caution, "has no 64-bit counters for its interfaces",
     "a 32-bit octet counter wraps in 34 s at 1 Gbit/s: fast ports are read between the polls as well; growth that still cannot "
     "be known, as at 10 Gbit/s, is a gap, never a guess",
     "renew the agent's software; SNMPv1 cannot carry 64-bit counters: use v2c or v3 where it has them"},
    {Caution, "takes long for a table", "the table takes turns with the others and is read less often",
     "nothing, or a longer interval for the device; a table of no use can be taken out of its profile"},
    {Caution, "loses requests or answers on the way", "polls take longer, and now and then a reading is missing",
     "look for a bad link, a full queue or a rate limit for SNMP on the device; a longer timeout or more retries help against "
     "short losses"},
    {Harmless, "loses requests while another one is under way", "it is asked one request at a time", "nothing: this was learned"},
    {Caution, "has the SNMPv3 engine ID of another device",
     "clocks and keys are kept for each device apart, so both are polled; other programs mix them up, and traps cannot be told "
     "apart",
     "give each device an engine ID of its own (often: delete the agent's stored state after cloning, and restart it)"},
    {Caution, "counts a new boot of its SNMPv3 engine", "each one costs a resynchronisation",
     "if the device does not restart, its agent does: look at its log"},
    {Caution, "came back with another SNMPv3 engine ID", "keys were made anew; a replaced device or an agent that lost its state",
     "if nobody replaced the device, make its engine ID permanent"},
    {Danger, "has an SNMPv3 clock that went back or jumped",
     "each jump costs a resynchronisation, and messages of its earlier clock could be replayed",
     "make the agent keep its engineBoots, and the device its clock"},
    {Danger, "gives values of another type than their objects have", "such values are not taken: they are gaps",
     "renew the agent's software; the evidence names the object"},
    {Caution, "speaks SNMPv1 alone",
     "no GETBULK and no 64-bit counters: polls take longer, and fast ports cannot be measured well",
     "set version: 1 in its credentials to save the first try, or enable v2c or v3 on the device"},
    {Harmless, "takes or makes only small messages", "a table takes more requests; nothing is lost",
     "nothing: the size that it takes was learned and is used"},
    {Harmless, "answers one request more than once", "the second answer counts for nothing",
     "look for a loop or a doubled path in "
     "the network"},
    {Caution, "answers after it was given up", "a reading is missing although the device answered",
     "write a longer time-out under the device (timeout: 10s), or give -t 10 to the commands"},
    {Danger, "answers with other objects than were asked for", "such answers are not believed: what was asked is missing",
     "renew the agent's software"},
    {Caution, "answers without error and without any object", "what was asked is missing", "renew the agent's software"},
    {Harmless, "answers with an error that does not fit the question", "it is asked again in another way; nothing is lost",
     "nothing"},
    {Danger, "answers with messages that do not fit their request",
     "such answers are not believed, for anybody could have sent them: what they carried is missing",
     "see the evidence: correct the credentials where they differ from the agent's, else renew the agent's software, or look for "
     "another host that answers in its place"},
    {Caution, "does not answer when it is asked for some objects, and answers others",
     "each of them costs a time-out; the column that it is in is missing, the other columns are had",
     "renew the agent's software, or look for what the agent waits for to tell the object of the evidence"},
    {Harmless, "answers GET with the object behind the one that was asked for, as GETNEXT does",
     "objects are asked for by GETNEXT of the name before them; nothing is lost", "nothing, or renew the agent's software"},
    {Danger, "starts its SNMPv3 engine anew without counting it in engineBoots",
     "each start costs a resynchronisation, and messages of its earlier lives could be replayed",
     "let the agent keep its state over a start (net-snmp: a persistent folder that it may write); if nobody starts it, it dies: "
     "look at its log"},
}};

void write_one(JsonWriter& json, const Observation& seen) {
  const Explanation& words = explain(seen.trait);
  json.begin_object().member("trait", to_string(seen.trait)).member("severity", to_string(words.severity));
  json.member("text", words.what).member("consequence", words.so).member("evidence", seen.evidence);
  json.member("remedy", words.remedy).member("count", seen.count);
  json.member("first", seen.first).member("last", seen.last).end_object();
}

double milliseconds(std::chrono::microseconds span) { return static_cast<double>(span.count()) / 1e3; }

}  // namespace

const Explanation& explain(Trait trait) { return kExplanations[static_cast<std::size_t>(trait)]; }

std::optional<std::chrono::microseconds> round_trip_timeout(const Dialect& dialect) {
  if (dialect.srtt.count() == 0) return std::nullopt;
  return std::chrono::microseconds(dialect.srtt) + 4 * std::chrono::microseconds(dialect.rttvar);
}

std::string summary(const Dialect& dialect) {
  std::string out = dialect.v1 ? "SNMPv1" : dialect.bulk ? "GETBULK" : "GETNEXT alone";
  const auto bound = [&out](unsigned number, std::string_view words) {
    if (number > 0) out += fmt::format(", {} {}", number, words);
  };
  bound(dialect.repetitions, "repetitions at most");
  bound(dialect.varbinds, "objects at once at most");
  bound(dialect.message_octets, "octets in a message at most");
  bound(dialect.in_flight, dialect.in_flight == 1 ? "request at a time" : "requests at a time");
  if (dialect.srtt.count() > 0) out += fmt::format(", round trip {:.3g} ms", milliseconds(dialect.srtt));
  if (dialect.loss >= 0.005F) out += fmt::format(", loss {:.0f} %", 100 * dialect.loss);
  return out;
}

void write(JsonWriter& json, const Dialect& dialect) {
  const auto number_or_null = [&json](std::string_view name, unsigned number) {
    json.key(name);
    if (number > 0) json.value(number);
    else json.null();
  };
  json.begin_object().member("summary", summary(dialect)).member("bulk", dialect.bulk).member("v1_only", dialect.v1);
  number_or_null("varbinds", dialect.varbinds);
  number_or_null("too_many_varbinds", dialect.too_many);
  number_or_null("repetitions", dialect.repetitions);
  number_or_null("message_octets", dialect.message_octets);
  number_or_null("in_flight", dialect.in_flight);
  json.key("round_trip_ms");
  if (dialect.srtt.count() > 0) json.value(milliseconds(dialect.srtt));
  else json.null();
  json.key("timeout_ms");
  if (const auto timeout = round_trip_timeout(dialect)) json.value(milliseconds(*timeout));
  else json.null();
  json.member("loss_percent", 100 * static_cast<double>(dialect.loss)).key("reply_from");
  if (dialect.reply_from) json.value(dialect.reply_from->to_string());
  else json.null();
  json.key("observations").begin_array();
  for (const Observation& seen : dialect.observations) write_one(json, seen);
  json.end_array().key("breaks").begin_array();
  for (const Break& one : dialect.breaks) {
    json.begin_object().member("after", one.after.to_string()).member("resume", one.resume.to_string());
    json.member("seen", one.seen).end_object();
  }
  json.end_array().key("slow_tables").begin_array();
  for (const SlowTable& one : dialect.slow) {
    json.begin_object().member("root", one.root.to_string()).member("seconds", static_cast<double>(one.took.count()) / 1e3);
    json.member("endless", one.endless).member("seen", one.seen).end_object();
  }
  json.end_array().end_object();
}

}  // namespace bongsu::snmp
