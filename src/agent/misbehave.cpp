// SPDX-License-Identifier: Apache-2.0
#include "agent/misbehave.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bongsu::agent {
namespace {

using Over = Misbehaviour::Over;
using Bulk = Misbehaviour::Bulk;
using Order = Misbehaviour::Order;

const Oid kIfTable{1, 3, 6, 1, 2, 1, 2, 2, 1}, kIfXTable{1, 3, 6, 1, 2, 1, 31, 1, 1};

struct Entry {
  MisbehaviourName name;
  Status (*set)(Misbehaviour& to, std::string_view value);
  std::string_view lab;  // values that a lab shows, each of an agent of its own; "" for the default
};

Result<std::uint64_t> number(std::string_view value, std::uint64_t otherwise, std::uint64_t least, std::uint64_t most) {
  if (value.empty() && otherwise >= least) return otherwise;
  const auto out = parse_unsigned(value);
  if (!out || *out < least || *out > most)
    return Error{Code::Invalid, "takes a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not \"" +
                                    std::string(value) + "\""};
  return *out;
}
Result<Oid> subtree(std::string_view value, const Oid& otherwise) {
  if (value.empty()) return otherwise;
  return Oid::parse(value);
}
Result<Millis> millis(std::string_view value, std::uint64_t otherwise, std::uint64_t unit) {
  BONGSU_TRY(const std::uint64_t count, number(value, otherwise, 1, 86'400'000 / unit));
  return Millis(static_cast<std::int64_t>(count * unit));
}
Status nothing(std::string_view value) {
  if (!value.empty()) return Error{Code::Invalid, "takes no value"};
  return {};
}

template <Over over>
Status set_cap(Misbehaviour& to, std::string_view value) {
  BONGSU_TRY(const std::uint64_t most, number(value, 10, 1, 10'000));
  to.cap = Misbehaviour::Cap{static_cast<std::size_t>(most), over};
  return {};
}
template <Bulk bulk>
Status set_bulk(Misbehaviour& to, std::string_view value) {
  to.bulk = bulk;
  return nothing(value);
}
template <Order order>
Status set_order(Misbehaviour& to, std::string_view value) {
  BONGSU_TRY(Oid where, subtree(value, kIfTable));
  to.disorder.push_back({order, std::move(where)});
  return {};
}
template <bool Misbehaviour::*flag>
Status set_flag(Misbehaviour& to, std::string_view value) {
  to.*flag = true;
  return nothing(value);
}
template <std::size_t Misbehaviour::*size, std::size_t otherwise, std::size_t least>
Status set_size(Misbehaviour& to, std::string_view value) {
  BONGSU_TRY(to.*size, number(value, otherwise, least, 65'507));
  return {};
}
template <Millis Misbehaviour::*span, std::uint64_t otherwise, std::uint64_t unit>
Status set_span(Misbehaviour& to, std::string_view value) {
  BONGSU_TRY(to.*span, millis(value, otherwise, unit));
  return {};
}
template <Millis Misbehaviour::Slow::*span, std::uint64_t otherwise, std::uint64_t unit>
Status set_slow(Misbehaviour& to, std::string_view value) {
  const auto at = value.find('@');
  Misbehaviour::Slow slow;
  BONGSU_TRY(slow.subtree, subtree(at == std::string_view::npos ? "" : value.substr(at + 1), kIfTable));
  BONGSU_TRY(slow.*span, millis(value.substr(0, at), otherwise, unit));
  to.slow.push_back(std::move(slow));
  return {};
}
Status set_texts(Misbehaviour& to, std::string_view value) {
  BONGSU_TRY(Oid where, subtree(value, Oid{1, 3}));
  to.texts.push_back(std::move(where));
  return {};
}
Status set_from(Misbehaviour& to, std::string_view value) {
  to.foreign = true;
  if (value.empty()) return {};
  BONGSU_TRY(to.from, net::Address::parse(value));
  return {};
}
Status set_truncated(Misbehaviour& to, std::string_view value) {
  BONGSU_TRY(to.cut_octets, number(value, 0, 0, 65'507));
  return {};
}
Status set_loss(Misbehaviour& to, std::string_view value) {
  BONGSU_TRY(const std::uint64_t percent, number(value, 30, 1, 100));
  to.loss = static_cast<double>(percent) / 100;
  return {};
}
Status set_engine(Misbehaviour& to, std::string_view value) {
  auto octets = from_hex(value.empty() ? "80007ed9047468652073616d65" : value);  // "the same"
  if (!octets || octets->size() < 5 || octets->size() > 32)
    return Error{Code::Invalid, "takes 5 to 32 octets in hexadecimal, not \"" + std::string(value) + "\""};
  to.engine_id = std::move(*octets);
  return {};
}

constexpr std::array kEntries{
    Entry{{"cap-toobig", "[=N]", "tooBig to more than N varbinds (10), GETBULK's answer counted"},
          set_cap<Over::TooBig>,
          "1 5 10 25 50"},
    Entry{{"cap-cut", "[=N]", "answers cut to N varbinds (10) without a word"}, set_cap<Over::Cut>, "1 5 10 25 50"},
    Entry{{"cap-silent", "[=N]", "no answer to more than N varbinds (10)"}, set_cap<Over::Silent>, "1 5 10 25 50"},
    Entry{{"cap-generr", "[=N]", "genErr to more than N varbinds (10)"}, set_cap<Over::GenErr>, "1 5 10 25 50"},
    Entry{{"toobig", "[=N]", "tooBig instead of an answer of more than N octets (484), of GETBULK too"},
          set_size<&Misbehaviour::too_big_above, 484, 64>,
          ""},
    Entry{{"bulk-silent", "", "no answer to GETBULK"}, set_bulk<Bulk::Silent>, ""},
    Entry{{"bulk-generr", "", "genErr to GETBULK"}, set_bulk<Bulk::GenErr>, ""},
    Entry{{"bulk-as-next", "", "GETBULK answered as if it were GETNEXT"}, set_bulk<Bulk::AsNext>, ""},
    Entry{{"bulk-by-column", "", "GETBULK answered in wrong order: a whole column, then the next"}, set_bulk<Bulk::ByColumn>, ""},
    Entry{{"swap", "[=OID]", "two rows swapped in the middle of each column below OID (ifTable)"}, set_order<Order::Swap>, ""},
    Entry{{"loop", "[=OID]", "from the middle of each column below OID (ifTable) back to its first row, for ever"},
          set_order<Order::Loop>,
          ""},
    Entry{{"same", "[=OID]", "in the middle of each column below OID (ifTable) the same row again, for ever"},
          set_order<Order::Same>,
          ""},
    Entry{{"endless", "[=OID]", "rows without end behind each column below OID (ifTable)"}, set_order<Order::Endless>, ""},
    Entry{{"request-id", "", "a wrong request-id in each answer"}, set_flag<&Misbehaviour::wrong_request_id>, ""},
    Entry{{"from", "[=ADDRESS]", "answers from another address (the second octet one larger)"}, set_from, ""},
    Entry{{"truncated", "[=N]", "each answer without its last N octets (half of them)"}, set_truncated, ""},
    Entry{{"32bit", "", "no ifXTable and no Counter64"}, set_flag<&Misbehaviour::no_64_bits>, ""},
    Entry{{"types", "[=OID]", "a string where a counter or gauge stands, below OID (everywhere)"}, set_texts, ""},
    Entry{{"slow", "[=MS[@OID]]", "MS milliseconds (800) more for each answer with objects below OID (ifTable)"},
          set_slow<&Misbehaviour::Slow::answer, 800, 1>,
          ""},
    Entry{{"slow-walk", "[=S[@OID]]", "S seconds (60) more for a walk of all objects below OID (ifTable)"},
          set_slow<&Misbehaviour::Slow::walk, 60, 1'000>,
          ""},
    Entry{{"loss", "[=PERCENT]", "requests that are not answered (30)"}, set_loss, ""},
    Entry{{"twice", "", "each answer sent twice"}, set_flag<&Misbehaviour::twice>, ""},
    Entry{{"late", "[=MS]", "each answer MS milliseconds late (3000)"}, set_span<&Misbehaviour::late, 3'000, 1>, ""},
    Entry{{"one-at-a-time", "[=MS]", "takes MS milliseconds (50) for a request, and ignores what comes meanwhile"},
          set_span<&Misbehaviour::alone, 50, 1>,
          ""},
    Entry{{"v1-only", "", "ignores all but v1"}, set_flag<&Misbehaviour::v1_only>, ""},
    Entry{{"max-size", "[=N]",
           "answers of at most N octets (300), fewer than the 484 that each agent must be able to; v3 tells it as msgMaxSize"},
          set_size<&Misbehaviour::max_size, 300, 64>,
          ""},
    Entry{{"engine-id", "[=HEX]", "v3: this engine ID, which others have, too"}, set_engine, " 80007ed9047468652073616d65"},
    Entry{{"boots-reset", "[=S]", "v3: each S seconds (60) the engine starts anew and forgets engineBoots"},
          set_span<&Misbehaviour::boots_reset, 60, 1'000>,
          ""},
    Entry{{"engine-change", "[=S]", "v3: another engine ID each S seconds (300)"},
          set_span<&Misbehaviour::engine_change, 300, 1'000>,
          ""},
};

const Entry* find_entry(std::string_view name) {
  const auto at = std::find_if(kEntries.begin(), kEntries.end(), [&](const Entry& entry) { return entry.name.name == name; });
  return at == kEntries.end() ? nullptr : &*at;
}

// The rows of each column of a subtree: from the first to the one behind the last.
template <typename Each>
void for_each_column(const ObjectTable& table, const Oid& subtree, Each each) {
  const auto octets = snmp::encode_oid(subtree);
  if (!octets) return;
  const snmp::OidView inside(*octets);
  const auto column_of = [&](std::size_t at) {
    return snmp::OidView(table.name(table[at]).octets().first(table[at].column_size));
  };
  for (std::size_t first = 0; first < table.size();) {
    std::size_t end = first + 1;
    while (end < table.size() && column_of(end) == column_of(first)) ++end;
    if (table.name(table[first]).starts_with(inside)) each(first, end);
    first = end;
  }
}

void disturb(ObjectTable& table, const Misbehaviour::Disorder& disorder) {
  for_each_column(table, disorder.subtree, [&](std::size_t first, std::size_t end) {
    const std::size_t rows = end - first;
    if (disorder.order == Order::Endless) return table.make_endless(end - 1);
    if (rows < 3) return;
    const std::size_t middle = first + (rows - 1) / 2;
    switch (disorder.order) {
      case Order::Swap:
        table.follow_with(middle - 1, middle + 1);
        table.follow_with(middle + 1, middle);
        table.follow_with(middle, middle + 2);
        break;
      case Order::Loop:
        table.follow_with(middle, first);
        break;
      case Order::Same:
        table.follow_with(middle, middle);
        break;
      case Order::Endless:
        break;
    }
  });
}

}  // namespace

Result<Misbehaviour> Misbehaviour::parse(std::string_view text) {
  Misbehaviour out;
  for (const std::string_view word : split(text, ',')) {
    const auto equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const Entry* entry = find_entry(name);
    if (entry == nullptr) {
      std::vector<std::string_view> names;
      for (const Entry& known : kEntries) names.push_back(known.name.name);
      const auto near = nearest(name, names);
      return Error{Code::Invalid, "no misbehaviour \"" + std::string(name) + "\"" +
                                      (near ? "; did you mean \"" + std::string(*near) + "\"?" : "; --help lists them")};
    }
    BONGSU_TRY_OK(entry->set(out, equals == std::string_view::npos ? "" : word.substr(equals + 1)).context(std::string(name)));
  }
  return out;
}

std::span<const MisbehaviourName> misbehaviours() {
  static const auto kNames = [] {
    std::array<MisbehaviourName, kEntries.size()> names;
    std::transform(kEntries.begin(), kEntries.end(), names.begin(), [](const Entry& entry) { return entry.name; });
    return names;
  }();
  return kNames;
}

std::vector<std::string> lab_misbehaviours() {
  std::vector<std::string> out;
  for (const Entry& entry : kEntries) {
    for (const std::string_view value : split(entry.lab, ' ')) {
      out.emplace_back(entry.name.name);
      if (!value.empty()) out.back().append("=").append(value);
    }
  }
  return out;
}

ObjectTable altered(const ObjectTable& table, const Misbehaviour& misbehaviour) {
  const auto change = [&](const Oid& name, ValueType type, Value& value) {
    if (misbehaviour.no_64_bits && (type == ValueType::Counter64 || name.starts_with(kIfXTable))) return false;
    const bool counts = type == ValueType::Counter32 || type == ValueType::Counter64 || type == ValueType::Gauge32;
    const auto within = [&](const Oid& where) { return name.starts_with(where); };
    if (counts && std::any_of(misbehaviour.texts.begin(), misbehaviour.texts.end(), within))
      value = Value::of_octets("not available");
    return true;
  };
  ObjectTable out = ObjectTable::Builder(table, change).build();
  for (const Misbehaviour::Disorder& disorder : misbehaviour.disorder) disturb(out, disorder);
  return out;
}

}  // namespace bongsu::agent
