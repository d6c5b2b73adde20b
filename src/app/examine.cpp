// SPDX-License-Identifier: Apache-2.0
#include "app/examine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "net/probe.h"
#include "net/promise.h"
#include "poll/collect.h"
#include "snmp/explain.h"

namespace bongsu::app {

using Outcome = Check::Outcome;

static const Oid kSystemTree{1, 3, 6, 1, 2, 1, 1};
static const Oid kMib2{1, 3, 6, 1, 2, 1};
static const Oid kSnmpEngine{1, 3, 6, 1, 6, 3, 10, 2, 1};
static const Oid kIfOctets{1, 3, 6, 1, 2, 1, 2, 2, 1, 10};
static const Oid kIfHcOctets{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6};

static void say(const ExamineParts& parts, const std::string& what) {
  if (parts.progress) parts.progress(what);
}

// What is left of all the time.
static Millis left(const ExamineParts& parts, const Examination& into) {
  return std::max(std::chrono::floor<Millis>(into.until - parts.reactor.clock().steady()), Millis(0));
}

// The same target, asked no longer than `most`, and once at least.
static snmp::Target within(Millis most, snmp::Target target) {
  target.retries = std::clamp(static_cast<int>(most / target.timeout) - 1, 0, target.retries);
  return target;
}

static void add_check(Examination& into, std::string name, Outcome outcome, std::string text) {
  into.checks.push_back({std::move(name), outcome, std::move(text)});
}

static std::string shown_rtt(std::chrono::nanoseconds span) {
  return fmt::format("{:.3g} ms", static_cast<double>(span.count()) / 1e6);
}

static std::string shown_credentials(const snmp::Credentials& credentials) {
  return fmt::format("credentials \"{}\" ({})", credentials.name, to_string(credentials.version));
}

static asio::awaitable<void> ping_it(ExamineParts& parts, const Patient& patient, Examination& into) {
  const net::Address address = into.endpoint->address;
  if (!patient.ping) co_return add_check(into, "ping", Outcome::Skipped, "not asked for");
  if (parts.pinger == nullptr || !parts.pinger->has(address.family()))
    co_return add_check(into, "ping", Outcome::Skipped, "no right to ping from here (CAP_NET_RAW, or net.ipv4.ping_group_range)");
  constexpr int kEchoes = 5;
  constexpr Millis kBetween{100};
  const auto stats = co_await parts.pinger->burst(address, kEchoes, kBetween, std::min(patient.timeout, Millis(1'000)));
  if (!stats) co_return add_check(into, "ping", Outcome::Skipped, stats.error().text);
  into.ping = *stats;
  std::string text = fmt::format("{} of {} answered", stats->received, stats->sent);
  if (stats->received > 0) text += ", round trip " + shown_rtt(stats->avg);
  add_check(into, "ping", stats->received == stats->sent ? Outcome::Good : Outcome::Bad, std::move(text));
}

// RFC 3414 section 4: an empty message that every SNMPv3 agent answers with a report of its engine ID, whoever asks.
static std::vector<std::uint8_t> discovery_message() {
  snmp::Encoder encoder;
  encoder.start();
  const snmp::PduHead head{snmp::PduType::GetRequest, 1, 0, 0};
  const snmp::Octets scoped = encoder.finish_scoped({}, {}, head);
  snmp::SecuredWriter writer;
  const snmp::Octets octets = writer.write({.message_id = 1, .reportable = true}, scoped, nullptr, 0);
  return {octets.begin(), octets.end()};
}

// The engine ID as hex; empty when `answer` is none to a discovery.
static std::string discovered_id(const Result<std::vector<std::uint8_t>>& answer) {
  snmp::SecuredView message;
  if (!answer || snmp::read_secured(*answer, message) != snmp::ber::Fault::None) return {};
  return to_hex(message.engine_id);
}

static asio::awaitable<void> knock(ExamineParts& parts, const Patient& patient, Examination& into) {
  using Port = Examination::Port;
  constexpr const char* kName = "port";
  Error last;
  for (int i = 0; i <= std::min(patient.retries, 1); ++i) {
    std::vector<std::uint8_t> message = discovery_message();
    const auto answer = co_await net::ask_once(parts.reactor, *into.endpoint, std::move(message), patient.timeout);
    if (answer) {
      into.port = Port::Answers;
      into.engine_id = discovered_id(answer);
      const std::string said =
          into.engine_id.empty() ? "something that is no SNMPv3 message" : "SNMPv3 engine ID " + into.engine_id;
      co_return add_check(into, kName, Outcome::Good, fmt::format("UDP {} answers: {}", into.endpoint->to_string(), said));
    }
    last = answer.error();
    if (last.code != Code::Timeout) break;
  }
  into.port = last.code == Code::Refused ? Port::Closed : last.code == Code::Timeout ? Port::Silent : Port::NoWay;
  if (into.port == Port::Silent)
    co_return add_check(into, kName, Outcome::Skipped,
                        "no answer to SNMPv3 discovery: an agent without SNMPv3, a filter on the way, or nothing there");
  add_check(into, kName, Outcome::Bad, last.text);
}

static asio::awaitable<void> find_twin(ExamineParts& parts, const Patient& patient, Examination& into) {
  if (into.engine_id.empty()) co_return;
  if (patient.neighbours.empty())
    co_return add_check(into, "engine ID", Outcome::Skipped,
                        "compared with no other: it is looked for at configured devices, and none is known here (--config)");
  for (const Patient::Neighbour& other : patient.neighbours) {
    if (other.endpoint == *into.endpoint) continue;
    if (left(parts, into) == Millis(0)) co_return into.unexamined.push_back("the engine IDs of other devices");
    std::vector<std::uint8_t> message = discovery_message();
    const auto answer = co_await net::ask_once(parts.reactor, other.endpoint, std::move(message), Millis(300));
    if (discovered_id(answer) != into.engine_id) continue;
    into.twin = fmt::format("{} ({})", other.name, other.endpoint.to_string());
    co_return add_check(into, "engine ID", Outcome::Bad, into.twin + " has the same one");
  }
}

static snmp::Target target_of(const Patient& patient, const Examination& into,
                              std::shared_ptr<const snmp::Credentials> credentials) {
  return {.name = patient.host,
          .endpoint = *into.endpoint,
          .transport = patient.transport,
          .reply_from = patient.reply_from,
          .credentials = std::move(credentials),
          .timeout = patient.timeout,
          .retries = patient.retries};
}

static std::shared_ptr<const snmp::Credentials> in_other_version(const snmp::Credentials& credentials) {
  auto out = std::make_shared<snmp::Credentials>();
  out->name = credentials.name;
  out->version = credentials.version == snmp::Version::V1 ? snmp::Version::V2c : snmp::Version::V1;
  out->community = credentials.community.clone();
  return out;
}

static void take_facts(const snmp::Response& response, Examination& into) {
  const auto& all = response.varbinds;
  if (all.size() != 4) return;
  if (all[0].value.type == ValueType::OctetString) into.sys_descr = all[0].value.octets;
  if (all[1].value.type == ValueType::ObjectId) into.sys_object_id = all[1].value.oid.to_string();
  if (all[2].value.type == ValueType::TimeTicks) into.uptime_seconds = all[2].value.to_double().value_or(0) / 100;
  if (all[3].value.type == ValueType::OctetString) into.sys_name = all[3].value.octets;
}

static asio::awaitable<void> try_credentials(ExamineParts& parts, const Patient& patient, Examination& into,
                                             std::shared_ptr<const snmp::Credentials> credentials, bool derived) {
  // What nobody named is asked by a client of its own: its silence says nothing of the device's dialect.
  snmp::Client other(parts.reactor, parts.metrics);
  snmp::Client& client = derived && into.winner ? other : parts.client;
  snmp::Target target = within(left(parts, into), target_of(patient, into, credentials));
  if (derived) target.retries = std::min(target.retries, into.winner ? 0 : 1);
  std::vector<Oid> facts{kSystemTree + 1 + 0, kSystemTree + 2 + 0, kSystemTree + 3 + 0, kSystemTree + 5 + 0};
  SteadyTime start = parts.reactor.clock().steady();
  auto answer = co_await client.get(target, facts);
  // An agent that answered the knock, and nothing since: before the credentials are blamed, it may be loss.
  for (int again = credentials->version == snmp::Version::V3 ? 2 : 1; again > 0 && !derived; --again) {
    if (answer || answer.error().code != Code::Timeout || into.port != Examination::Port::Answers) break;
    const snmp::Dialect* seen = client.dialect(*into.endpoint);
    if ((seen != nullptr && !seen->observations.empty()) || left(parts, into) < patient.time / 4) break;
    start = parts.reactor.clock().steady();
    answer = co_await client.get(target, facts);
  }
  const std::string name = shown_credentials(*credentials);
  TriedCredentials tried{.credentials = std::move(credentials), .error = std::nullopt, .derived = derived};
  if (answer) {
    const snmp::Dialect* spoken = client.dialect(*into.endpoint);
    const bool in_v1 = tried.credentials->version == snmp::Version::V2c && spoken != nullptr && spoken->v1;
    add_check(into, name, Outcome::Good,
              fmt::format("work{}, answered in {}", in_v1 ? " in SNMPv1 alone" : "", shown_rtt(answer->rtt)));
    if (!into.winner) {
      into.winner = into.tried.size();
      into.first_answer = std::chrono::ceil<Millis>(parts.reactor.clock().steady() - start);
      if (in_v1) {  // what was asked in v2c first says nothing of how fast it answers
        tried.credentials = in_other_version(*tried.credentials);
        into.first_answer = std::chrono::ceil<Millis>(answer->rtt);
      }
      take_facts(*answer, into);
    }
  } else {
    tried.error = answer.error();
    add_check(into, name, derived ? Outcome::Skipped : Outcome::Bad, answer.error().text);
  }
  into.tried.push_back(std::move(tried));
}

static asio::awaitable<void> try_all_credentials(ExamineParts& parts, const Patient& patient, Examination& into) {
  for (const auto& credentials : patient.credentials) {
    if (left(parts, into) == Millis(0)) into.unexamined.push_back(shown_credentials(*credentials));
    else co_await try_credentials(parts, patient, into, credentials, false);
  }
  for (const auto& credentials : patient.credentials) {
    if (credentials->version == snmp::Version::V3 || left(parts, into) == Millis(0)) continue;
    const bool also_given = std::any_of(patient.credentials.begin(), patient.credentials.end(), [&](const auto& other) {
      return other->version != snmp::Version::V3 && other->version != credentials->version &&
             other->community.reveal() == credentials->community.reveal();
    });
    if (!also_given) co_await try_credentials(parts, patient, into, in_other_version(*credentials), true);
  }
}

constexpr int kSilences = 3;  // of what is larger, each beside an answer to what is smaller, before its size is the cause

// Answers that come behind a time-out are had, each after more questions than one: as it is to be learned how long they
// take, so they are waited for from then on.
static asio::awaitable<void> time_answers(ExamineParts& parts, Patient& patient, Examination& into) {
  if (into.first_answer <= patient.timeout) co_return;
  snmp::Client client(parts.reactor, parts.metrics);  // knows no round trip, so it asks once
  snmp::Target target = target_of(patient, into, into.tried[*into.winner].credentials);
  target.timeout = std::min(2 * into.first_answer, std::max(left(parts, into) / 4, patient.timeout));
  target.retries = 0;
  std::vector<Oid> uptime{kSystemTree + 3 + 0};
  if (target.credentials->version == snmp::Version::V3) (void)co_await client.get(target, uptime);  // its engine ID first
  const SteadyTime start = parts.reactor.clock().steady();
  const auto answer = co_await client.get(target, std::move(uptime));
  const auto took = std::chrono::ceil<Millis>(parts.reactor.clock().steady() - start);
  if (!answer || took <= patient.timeout) co_return;  // it was loss
  into.answers_in = took;
  into.timeout = patient.timeout;
  add_check(into, "answers", Outcome::Bad,
            fmt::format("come {} after they are asked for, and the time-out is {}", format_duration(took),
                        format_duration(patient.timeout)));
  patient.timeout = took + took / 2;
}

static bool is_whole(const snmp::Response& answer, std::size_t count) {
  return answer.error_status == 0 && answer.varbinds.size() == count;
}

// One request each, past the engine's own caution: what does the agent take?
static asio::awaitable<void> grow_requests(ExamineParts& parts, snmp::Target target, Examination& into) {
  constexpr const char* kName = "growing requests";
  constexpr std::size_t kMost = 64;
  snmp::Target hasty = target;
  hasty.retries = std::min(target.retries, 1);
  std::vector<Oid> names;
  const SteadyTime enough = parts.reactor.clock().steady() + left(parts, into) / 8;  // no limit of the walk: that would blame it
  std::function<bool(const Varbind&)> visit = [&names, &parts, enough](const Varbind& varbind) {
    names.push_back(varbind.oid);
    return names.size() < kMost && parts.reactor.clock().steady() < enough;
  };
  snmp::WalkLimits limits;
  limits.requests = 200;
  (void)co_await parts.client.walk(target, kMib2, std::move(visit), limits);
  if (names.empty()) co_return add_check(into, kName, Outcome::Skipped, "nothing below 1.3.6.1.2.1 to ask for");
  std::string why;
  const SteadyTime last = parts.reactor.clock().steady() + left(parts, into) / 4;  // the tables say more
  for (std::size_t count = 1; count <= kMost; count *= 2) {
    if (count > 1 && parts.reactor.clock().steady() >= last) {
      into.unexamined.push_back(fmt::format("requests for more than {} objects", into.most_asked));
      co_return add_check(into, kName, Outcome::Skipped, fmt::format("{} objects in one are answered, slowly", into.most_asked));
    }
    std::vector<Oid> asked;
    for (std::size_t i = 0; i < count; ++i) asked.push_back(names[i % names.size()]);
    std::vector<Oid> same(count, names[0]);
    auto answer = co_await parts.client.get_next(hasty, asked);
    // Is it so many, or one of them? And silence may be loss.
    if (answer && count > 1 && !is_whole(*answer, count)) {
      auto other = co_await parts.client.get_next(target, std::move(same));
      if (other && is_whole(*other, count)) answer = std::move(other);
    }
    bool fewer = true;  // are answered, each time
    for (int i = 1; i < kSilences && fewer && !answer && answer.error().code == Code::Timeout; ++i) {
      std::vector<Oid> half(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(count / 2, 1)));
      const auto smaller = co_await parts.client.get_next(hasty, std::move(half));
      fewer = count > 1 && smaller.ok();
      if (fewer) answer = co_await parts.client.get_next(hasty, asked);
    }
    if (!fewer)
      co_return add_check(
          into, kName, Outcome::Skipped,
          fmt::format("{} objects in one are answered; more than that cannot be told from what gets lost", into.most_asked));
    if (!answer) why = answer.error().code == Code::Timeout ? "are not answered" : "fail: " + answer.error().text;
    else if (answer->error_status != 0) why = "are answered " + snmp::error_status_name(answer->error_status);
    else if (answer->varbinds.size() != count) why = fmt::format("are answered with {}", answer->varbinds.size());
    if (!why.empty()) {
      into.too_many = count;
      break;
    }
    into.most_asked = count;
  }
  if (!into.too_many)
    co_return add_check(into, kName, Outcome::Good, fmt::format("{} objects in one are answered", into.most_asked));
  add_check(into, kName, Outcome::Bad,
            fmt::format("{} objects in one are answered, {} {}", into.most_asked, *into.too_many, why));
}

// A GETBULK must begin with what GETNEXT gives, and bring more of it.
static asio::awaitable<void> try_bulk(ExamineParts& parts, snmp::Target target, Examination& into) {
  constexpr const char* kName = "GETBULK";
  if (target.credentials->version == snmp::Version::V1) co_return add_check(into, kName, Outcome::Skipped, "SNMPv1 has none");
  target.retries = std::min(target.retries, 1);
  Result<snmp::Response> next = Error{Code::Timeout, ""}, bulk = next;
  // Silence may be loss: it says something where GETNEXT is answered and GETBULK is not, time after time.
  for (int i = 0; i < kSilences && !bulk && bulk.error().code == Code::Timeout; ++i) {
    std::vector<Oid> start{kSystemTree}, again{kSystemTree};
    next = co_await parts.client.get_next(target, std::move(start));
    if (!next || next->error_status != 0 || next->varbinds.size() != 1 || !next->varbinds[0].value.exists())
      co_return add_check(into, kName, Outcome::Skipped, "GETNEXT of 1.3.6.1.2.1.1 does not work either");
    bulk = co_await parts.client.get_bulk(target, std::move(again), 0, 5);
  }
  std::string problem;
  if (!bulk) problem = bulk.error().code == Code::Timeout ? "not answered, GETNEXT is" : bulk.error().text;
  else if (bulk->error_status != 0) problem = "answered " + snmp::error_status_name(bulk->error_status);
  else if (bulk->varbinds.empty()) problem = "answered with nothing";
  else if (bulk->varbinds[0].oid != next->varbinds[0].oid)
    problem =
        fmt::format("begins with {}, GETNEXT with {}", bulk->varbinds[0].oid.to_string(), next->varbinds[0].oid.to_string());
  else if (bulk->varbinds.size() == 1) problem = "5 repetitions asked for, 1 came";
  else if (!std::is_sorted(bulk->varbinds.begin(), bulk->varbinds.end(),
                           [](const auto& a, const auto& b) { return a.oid < b.oid; }))
    problem = "its objects are not in order";
  if (problem.empty())
    co_return add_check(into, kName, Outcome::Good, fmt::format("{} objects in one answer", bulk->varbinds.size()));
  into.bulk_problem = problem;
  add_check(into, kName, Outcome::Bad, std::move(problem));
}

// How long an answer may take that is not lost: the round trips say, and a device that has just been asked much gets more.
static Millis patience(ExamineParts& parts, const snmp::Target& target) {
  const snmp::Dialect* dialect = parts.client.dialect(target.endpoint);
  const auto usual = dialect != nullptr ? snmp::round_trip_timeout(*dialect) : std::nullopt;
  if (!usual) return target.timeout;
  return std::clamp(std::chrono::ceil<Millis>(4 * *usual), std::min(Millis(1'000), target.timeout), target.timeout);
}

static int lost(const Examination& into) { return into.singles - into.singles_answered; }

// Small requests that are sent once each, by a client of their own, since their loss is meant: first one after the other,
// then some at once.
static asio::awaitable<void> count_losses(ExamineParts& parts, snmp::Target target, Examination& into) {
  constexpr int kSingles = 20, kSilent = 5, kTogether = 6;
  constexpr Millis kLatest{4'000};
  constexpr int kChance = 3;  // so few lost ones may be chance: as many again are sent
  target.timeout = patience(parts, target);
  target.retries = 0;
  snmp::Client client(parts.reactor, parts.metrics);
  std::vector<Oid> uptime{kSystemTree + 3 + 0};
  if (target.credentials->version == snmp::Version::V3) (void)co_await client.get(target, uptime);  // its engine ID first
  const auto oid = snmp::encode_oid(uptime[0]);
  if (!oid) co_return;
  const snmp::VarbindView name{snmp::OidView(*oid), {}};
  const snmp::Ask ask{.type = snmp::PduType::GetRequest, .varbinds = std::span(&name, 1), .once = true};
  for (int most = kSingles; into.singles < most && left(parts, into) > Millis(0);) {
    if (into.singles_answered == 0 && into.singles >= kSilent) break;
    net::Promise<bool> answered(parts.reactor);
    snmp::Answered then = [&answered](const Result<snmp::Answer>& answer) { answered.set(answer.ok()); };
    client.request(target, ask, std::move(then));
    const bool came = co_await answered.wait();
    ++into.singles;
    into.singles_answered += came;
    if (into.singles == kSingles && lost(into) > 0 && lost(into) <= kChance) most = 2 * kSingles;
  }
  // The last ones may be late as well, and by more than one time-out.
  const SteadyTime over = parts.reactor.clock().steady() + std::min(std::max(3 * target.timeout, kLatest), left(parts, into));
  while (into.singles_late < lost(into)) {
    const snmp::Dialect* seen = client.dialect(target.endpoint);
    const snmp::Observation* late = seen != nullptr ? seen->find(snmp::Trait::LateReply) : nullptr;
    if (late != nullptr)
      into.singles_late = static_cast<int>(std::min<std::uint64_t>(late->count, static_cast<std::uint64_t>(lost(into))));
    if (parts.reactor.clock().steady() >= over) break;
    co_await net::sleep_for(parts.reactor, Millis(100));
  }
  const bool lossy = into.singles_answered < into.singles;
  add_check(
      into, "loss", lossy ? Outcome::Bad : Outcome::Good,
      fmt::format(
          "{} of {} small requests were answered{}", into.singles_answered, into.singles,
          into.singles_late > 0 ? fmt::format(" within {}, {} later", format_duration(target.timeout), into.singles_late) : ""));
  net::Promise<int> promise(parts.reactor);
  int left = kTogether;
  snmp::Answered then = [&](const Result<snmp::Answer>& answer) {
    into.together_answered += answer.ok();
    if (--left == 0) promise.set(0);
  };
  for (; into.together < kTogether; ++into.together) client.request(target, ask, then);
  (void)co_await promise.wait();
  add_check(into, "at once", into.together_answered < into.together ? Outcome::Bad : Outcome::Good,
            fmt::format("{} of {} small requests sent together were answered", into.together_answered, into.together));
}

static asio::awaitable<void> read_clock(ExamineParts& parts, snmp::Target target, Examination& into) {
  if (left(parts, into) == Millis(0)) co_return;
  target = within(left(parts, into), std::move(target));
  const Millis timeout = target.timeout;
  std::vector<Oid> asked{kSnmpEngine + 2 + 0, kSnmpEngine + 3 + 0, kSystemTree + 3 + 0};
  const auto answer = co_await parts.client.get(std::move(target), std::move(asked));
  if (!answer || answer->varbinds.size() != 3) co_return;
  EngineClock clock{.at = parts.reactor.clock().steady()};
  if (answer->varbinds[0].value.exists() && answer->varbinds[1].value.exists()) {
    clock.boots = static_cast<std::int64_t>(answer->varbinds[0].value.to_double().value_or(0));
    clock.time = static_cast<std::int64_t>(answer->varbinds[1].value.to_double().value_or(0));
  } else {  // its messages tell as well, where they are not empty there
    if (into.engine_id.empty()) co_return;
    std::vector<std::uint8_t> message = discovery_message();
    const auto discovery = co_await net::ask_once(parts.reactor, *into.endpoint, std::move(message), timeout);
    snmp::SecuredView told;
    if (!discovery || snmp::read_secured(*discovery, told) != snmp::ber::Fault::None || told.boots <= 0) co_return;
    if (to_hex(told.engine_id) != into.engine_id) co_return;
    clock = {.boots = told.boots, .time = told.time, .at = parts.reactor.clock().steady()};
  }
  clock.uptime = answer->varbinds[2].value.to_double().value_or(0) / 100;
  into.clocks.push_back(clock);
}

static void keep_table(Examination& into, ReadTable table) {
  const auto same = [&](const ReadTable& old) { return old.profile == table.profile && old.name == table.name; };
  const auto at = std::find_if(into.tables.begin(), into.tables.end(), same);
  if (at == into.tables.end()) into.tables.push_back(std::move(table));
  else *at = std::move(table);
}

static std::size_t count_values(const poll::GroupData& data) {
  std::size_t count = 0;
  const auto add = [&count](const Value& value) { count += value.type != ValueType::Null && value.exists(); };
  for (const auto& row : data.rows) std::for_each(row.values.begin(), row.values.end(), add);
  for (const auto& [leaf, value] : data.scalars) add(value);
  return count;
}

static asio::awaitable<void> read_table(ExamineParts& parts, snmp::Target target, const poll::Group& group, Millis most,
                                        Examination& into) {
  const SteadyTime start = parts.reactor.clock().steady();
  std::vector<bool> every;
  const auto got =
      co_await poll::fetch_group(parts.reactor, parts.client, std::move(target), group, std::move(every), start + most);
  const std::chrono::duration<double> took = parts.reactor.clock().steady() - start;
  ReadTable table{.profile = group.profile, .name = group.name, .seconds = took.count()};
  if (got) {
    table.rows = group.table ? got->data.rows.size() : 1;
    table.values = count_values(got->data);
    table.complete = got->notes.empty();
    constexpr std::size_t kMostNotes = 3;
    for (std::size_t i = 0; i < std::min(kMostNotes, got->notes.size()); ++i) table.note += (i == 0 ? "" : "; ") + got->notes[i];
    if (got->notes.size() > kMostNotes) table.note += fmt::format("; and {} more", got->notes.size() - kMostNotes);
  } else if (got.error().code == Code::Limit && took >= most) {
    table.out_of_time = true;
    table.note = fmt::format("not done in {}", format_duration(std::chrono::duration_cast<Millis>(took)));
  } else {
    table.note = got.error().text;
  }
  keep_table(into, std::move(table));
}

// Read again, it would say the same.
static bool settled(const snmp::Observation& seen) { return seen.trait == snmp::Trait::SlowTable; }

static asio::awaitable<void> read_tables(ExamineParts& parts, const Patient& patient, snmp::Target target, Examination& into) {
  constexpr int kQuestions = 4;  // that may find no answer until the profiles are known
  auto device = co_await poll::identify(parts.client, within(left(parts, into) / kQuestions, target), parts.profiles);
  for (int again = 2; again > 0 && !device && device.error().code == Code::Timeout; --again) {  // each of them may get lost
    if (left(parts, into) < patient.time / 4) break;
    device = co_await poll::identify(parts.client, within(left(parts, into) / kQuestions, target), parts.profiles);
  }
  if (!device) {
    into.unidentified = device.error();
    co_return add_check(into, "profiles", Outcome::Bad, device.error().text);
  }
  std::string names;
  for (const poll::DeviceProfile* profile : device->profiles) {
    into.profiles.push_back(profile->name);
    names += (names.empty() ? "" : ", ") + profile->name;
  }
  add_check(into, "profiles", names.empty() ? Outcome::Bad : Outcome::Good, names.empty() ? "none matches this device" : names);
  const auto groups = poll::groups_in_order(device->profiles);
  const Millis later = into.answers_in ? 2 * *into.answers_in : patient.time / 6;  // for what comes after the tables
  const Millis least = into.answers_in ? 5 * *into.answers_in : Millis(1'000);     // for a table
  for (int round = 1; round <= patient.rounds; ++round) {
    const SteadyTime begun = parts.reactor.clock().steady();
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const poll::Group& group = *groups[i];
      const bool in_vain = std::any_of(into.tables.begin(), into.tables.end(), [&](const ReadTable& table) {
        return table.out_of_time && table.profile == group.profile && table.name == group.name;
      });
      if (in_vain) continue;
      const Millis rest = left(parts, into) - later;
      if (rest <= Millis(0)) {
        if (round == 1) into.unexamined.push_back("table " + group.name);
        continue;
      }
      say(parts, fmt::format("reading {} of {} tables, time {} of {}: {}", i + 1, groups.size(), round, patient.rounds,
                             groups[i]->name));
      // One slow table leaves time for the others.
      const Millis most = std::min(patient.table_time, round == 1 ? std::max(rest / 3, least) : rest);
      co_await read_table(parts, within(most, target), group, most, into);
    }
    const bool whole = std::all_of(into.tables.begin(), into.tables.end(), [](const ReadTable& table) { return table.complete; });
    const snmp::Dialect* dialect = parts.client.dialect(*into.endpoint);
    if (whole && (dialect == nullptr || std::all_of(dialect->observations.begin(), dialect->observations.end(), settled))) break;
    if (parts.reactor.clock().steady() - begun > left(parts, into) - later) break;
    co_await read_clock(parts, target, into);
  }
  const auto complete =
      std::count_if(into.tables.begin(), into.tables.end(), [](const ReadTable& table) { return table.complete; });
  add_check(into, "tables", static_cast<std::size_t>(complete) == into.tables.size() ? Outcome::Good : Outcome::Bad,
            fmt::format("{} of {} complete", complete, into.tables.size()));
}

static asio::awaitable<void> compare_counters(ExamineParts& parts, snmp::Target target, Examination& into) {
  if (target.credentials->version == snmp::Version::V1 || left(parts, into) == Millis(0)) co_return;
  std::vector<Oid> columns{kIfOctets, kIfHcOctets};
  const auto table = co_await parts.client.table(target, std::move(columns));
  if (!table || table->end.cut || !table->end.left.empty()) co_return;  // what was not read to its end may be there
  std::size_t narrow = 0, wide = 0;
  for (const auto& row : table->rows) {
    narrow += row.cells[0].has_value();
    wide += row.cells[1].has_value();
  }
  if (narrow == 0 || wide > 0) co_return;
  std::vector<Oid> again{kIfHcOctets};
  const auto next = co_await parts.client.get_next(std::move(target), std::move(again));
  if (!next || next->varbinds.size() != 1 || next->varbinds[0].oid.starts_with(kIfHcOctets)) co_return;
  into.octets32 = fmt::format("{} interfaces have ifInOctets ({}), none has ifHCInOctets ({})", narrow, kIfOctets.to_string(),
                              kIfHcOctets.to_string());
}

asio::awaitable<void> examine(ExamineParts parts, Patient patient, Examination& into) {
  into.host = patient.host;
  into.transport = patient.transport;
  into.until = parts.reactor.clock().steady() + std::max(patient.time - 2 * patient.timeout, patient.time / 2);
  say(parts, "looking up " + patient.address);
  const auto address = co_await net::resolve(parts.reactor, patient.address);
  if (!address) {
    into.no_address = address.error();
    co_return add_check(into, "address", Outcome::Bad, address.error().text);
  }
  into.endpoint = net::Endpoint{*address, patient.port};
  add_check(into, "address", Outcome::Good, into.endpoint->to_string());
  say(parts, "pinging " + address->to_string());
  co_await ping_it(parts, patient, into);
  if (patient.transport == snmp::Transport::Udp) {
    say(parts, "knocking at UDP " + into.endpoint->to_string());
    co_await knock(parts, patient, into);
  }
  if (into.port != Examination::Port::Closed && into.port != Examination::Port::NoWay) {
    say(parts, "trying credentials");
    co_await try_all_credentials(parts, patient, into);
  }
  if (into.winner) {
    co_await time_answers(parts, patient, into);
    const snmp::Target target = target_of(patient, into, into.tried[*into.winner].credentials);
    co_await read_clock(parts, target, into);
    if (into.answers_in) {  // then there is time for what matters
      into.unexamined.insert(into.unexamined.end(), {"GETBULK", "growing requests"});
    } else {
      say(parts, "asking for more at once");
      co_await try_bulk(parts, target, into);
      co_await grow_requests(parts, target, into);
    }
    if (left(parts, into) > patient.time / 2) co_await read_clock(parts, target, into);
    co_await read_tables(parts, patient, target, into);
    co_await compare_counters(parts, target, into);
    say(parts, "counting losses");
    if (!into.answers_in && left(parts, into) > Millis(0)) co_await count_losses(parts, target, into);
    else into.unexamined.push_back("losses");
    co_await read_clock(parts, target, into);
  }
  say(parts, "looking for another device with its engine ID");
  co_await find_twin(parts, patient, into);
  if (!into.winner && into.port != Examination::Port::Closed && into.port != Examination::Port::NoWay) {
    say(parts, "waiting for late answers");
    co_await net::sleep_for(parts.reactor, std::clamp(2 * patient.timeout, Millis(1'000), Millis(5'000)));
  }
  if (const snmp::Dialect* dialect = parts.client.dialect(*into.endpoint)) into.dialect = *dialect;
  if (into.unexamined.empty()) co_return;
  std::string names;
  for (const std::string& name : into.unexamined) names += (names.empty() ? "" : ", ") + name;
  add_check(into, "time", Outcome::Skipped, fmt::format("{} were over before: {}", format_duration(patient.time), names));
}

}  // namespace bongsu::app
