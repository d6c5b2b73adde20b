// SPDX-License-Identifier: Apache-2.0
#include "config/notices.h"

#include <algorithm>
#include <array>
#include <set>

#include "config/match.h"
#include "config/words.h"
#include "model/oid.h"
#include "net/host_port.h"
#include "notify/message.h"
#include "notify/request.h"
#include "notify/route.h"

namespace bongsu::config {
namespace {

using notify::Channel;
using notify::ChannelType;
using notify::Person;
using notify::Route;

template <class Map>
std::vector<std::string_view> names_of(const Map& map) {
  std::vector<std::string_view> out;
  for (const auto& [name, value] : map) out.push_back(name);
  return out;
}

class NoticeReader {
 public:
  NoticeReader(const std::filesystem::path& folder, notify::Spec& spec, Problems& problems)
      : folder_(folder), spec_(spec), problems_(problems) {}

  void read(MapReader& root) {
    // Channels first: a person's addresses may be named after them.
    if (const Node* node = root.get("channels")) each(*node, "channels", [&](const Node::Member& one) { read_channel(one); });
    for (const auto& [place, name] : fallbacks_) {
      if (!spec_.channels.contains(name))
        problems_.add(place, "fallback: no channel " + in_quotes(name) +
                                 did_you_mean(name, names_of(spec_.channels), "channels: lists them"));
    }
    if (const Node* node = root.get("people")) each(*node, "people", [&](const Node::Member& one) { read_person(one); });
    if (const Node* node = root.get("groups")) each(*node, "groups", [&](const Node::Member& one) { read_group(one); });
    if (const Node* node = root.get("rotas")) each(*node, "rotas", [&](const Node::Member& one) { read_rota(one); });
    if (const Node* node = root.get("routes")) {
      if (node->kind != Node::Kind::List)
        problems_.add(node->place, "routes must be a list, such as [{match: {level: \">=danger\"}, to: [ops], via: [mail]}]");
      for (const Node& one : node->items) read_route(one);
    }
  }

 private:
  template <class Read>
  void each(const Node& node, std::string_view what, Read read) {
    if (node.kind != Node::Kind::Map) {
      problems_.add(node.place, std::string(what) + " must be a map of names");
      return;
    }
    for (const Node::Member& member : node.members) {
      if (!is_plain_name(member.key))
        problems_.add(member.place,
                      std::string(what) + ": " + in_quotes(member.key) + " is no name; use letters, digits, - and _");
      read(member);
    }
  }

  void read_channel(const Node::Member& member) {
    Channel channel;
    channel.name = member.key;
    const std::string what = "channel " + in_quotes(member.key);
    const std::size_t before = problems_.size();
    MapReader map(member.value, what, problems_);
    if (problems_.size() > before) return;
    const auto words = notify::channel_type_words();
    if (const Node* node = map.required("type")) {
      if (const auto word = as_choice(*node, "type", words, problems_)) channel.type = *notify::parse_channel_type(words[*word]);
    }
    if (!notify::takes_many(channel.type)) channel.per_hour = 7'200;
    const auto secret = [&](std::string_view key, Secret& into) {
      if (auto value = map.secret(key)) into = std::move(*value);
    };
    const auto text = [&](std::string_view key, std::string& into) {
      if (auto value = map.text(key)) into = std::move(*value);
    };
    if (channel.type == ChannelType::Email) read_smtp(map, what, channel);
    else if (is_local(channel.type)) read_local(map, what, channel);
    else secret("url", channel.url);
    if (!channel.url.empty() && !is_clean_url(channel.url.reveal()) && channel.type != ChannelType::Sms)
      problems_.add(member.value.find("url") != nullptr ? member.value.find("url")->place : member.place,
                    what + ": url holds white space");
    text("user", channel.user);
    secret("password", channel.password);
    if (channel.token.empty()) secret("token", channel.token);
    secret("sign", channel.sign);
    text("from", channel.from);
    text("room", channel.room);
    text("form", channel.form);
    if (const Node* node = map.get("form"); node != nullptr && channel.type != ChannelType::KakaoSolapi) {
      if (const Status good = notify::check_form(channel.form); !good)
        problems_.add(node->place, what + ": form: " + good.error().text);
    }
    if (const auto ca = map.text("ca")) channel.ca_file = (folder_ / *ca).lexically_normal();
    if (const Node* node = map.get("headers")) {
      each_text(*node, "headers", [&](const std::string& name, std::string value) {
        if (name.find_first_of("\r\n: ") != std::string::npos || value.find_first_of("\r\n") != std::string::npos)
          problems_.add(node->place, what + ": a header's name and value are one line each");
        else channel.headers.insert_or_assign(name, std::move(value));
      });
    }
    if (const auto span = map.duration("timeout")) channel.timeout = std::clamp(*span, Millis(1'000), Millis(120'000));
    if (const auto span = map.duration("gather")) channel.gather = *span;
    if (const auto number = map.integer("per_hour", 1, 100'000)) channel.per_hour = static_cast<int>(*number);
    if (const auto number = map.integer("attempts", 1, 100)) channel.attempts = static_cast<int>(*number);
    text("fallback", channel.fallback);
    if (const Node* node = map.get("fallback")) fallbacks_.emplace_back(node->place, channel.fallback);
    map.done();
    if (problems_.size() == before) {
      if (const std::string missing = notify::lacks(channel); !missing.empty())
        problems_.add(member.place, what + " needs " + missing);
    }
    spec_.channels.insert_or_assign(member.key, std::move(channel));
  }

  static bool is_local(ChannelType type) {
    return type == ChannelType::Syslog || type == ChannelType::Trap || type == ChannelType::Inform ||
           type == ChannelType::Program;
  }

  // A host that listens, or a script.
  void read_local(MapReader& map, const std::string& what, Channel& channel) {
    const std::string_view key = channel.type == ChannelType::Program ? "run" : "to";
    const Node* node = map.required(key);
    const auto text = node == nullptr ? std::nullopt : as_text(*node, key, problems_);
    if (channel.type == ChannelType::Trap || channel.type == ChannelType::Inform) {
      if (auto community = map.secret("community")) channel.token = std::move(*community);
      if (const Node* oid = map.get("oid")) {
        channel.oid = as_text(*oid, "oid", problems_).value_or("");
        if (const auto parsed = Oid::parse(channel.oid); !parsed)
          problems_.add(oid->place, what + ": oid: " + parsed.error().text);
      }
    }
    if (!text) return;
    if (channel.type == ChannelType::Program) {
      if (text->empty() || text->find('/') != std::string::npos || text->starts_with('.'))
        return problems_.add(node->place,
                             what + ": run: write the name of a file in the folder of scripts, not " + in_quotes(*text));
    } else if (const auto where = net::HostPort::parse(*text); !where) {
      problems_.add(node->place, what + ": to: " + where.error().text);
    }
    channel.url = Secret(*text);
  }

  // "smtp.example.com:587"; port 465 speaks TLS from the first octet (RFC 8314), on the others STARTTLS.
  void read_smtp(MapReader& map, const std::string& what, Channel& channel) {
    const Node* node = map.required("smtp");
    const auto text = node == nullptr ? std::nullopt : as_text(*node, "smtp", problems_);
    if (!text) return;
    if (text->find("://") != std::string::npos || !is_clean_url(*text)) {
      problems_.add(node->place, what + ": smtp: write host:port, such as smtp.example.com:587, not " + in_quotes(*text));
      return;
    }
    channel.url = Secret((text->ends_with(":465") ? "smtps://" : "smtp://") + *text);
    constexpr std::array<std::string_view, 2> kTls{"required", "if_offered"};
    if (const Node* tls = map.get("tls")) {
      if (const auto word = as_choice(*tls, "tls", kTls, problems_)) channel.tls_required = *word == 0;
    }
  }

  template <class Take>
  void each_text(const Node& node, std::string_view what, Take take) {
    if (node.kind != Node::Kind::Map) {
      problems_.add(node.place, std::string(what) + " must be a map");
      return;
    }
    for (const Node::Member& member : node.members) {
      if (auto value = as_text(member.value, what, problems_)) take(member.key, std::move(*value));
    }
  }

  void read_person(const Node::Member& member) {
    Person person;
    person.name = member.key;
    const std::string what = "person " + in_quotes(member.key);
    const std::size_t before = problems_.size();
    MapReader map(member.value, what, problems_);
    if (problems_.size() > before) return;
    std::set<std::string, std::less<>> keys;
    for (const std::string_view word : notify::channel_type_words()) {
      const auto key = notify::address_key(*notify::parse_channel_type(word));
      if (!key.empty()) keys.emplace(key);
    }
    for (const auto& [name, channel] : spec_.channels) keys.insert(name);
    for (const std::string& key : keys) {
      if (const auto text = map.text(key)) {
        if (text->empty() || text->find_first_of("\r\n") != std::string::npos)
          problems_.add(member.value.find(key)->place, what + ": " + key + " is empty, or more than a line");
        person.addresses.insert_or_assign(key, *text);
      }
    }
    person.hours = read_hours(map, member.value, problems_);
    if (const Node* node = map.get("always")) person.always = read_level(*node, "always", problems_);
    constexpr std::array<std::string_view, 2> kLanguages{"en", "ko"};
    if (const Node* node = map.get("language")) {
      if (const auto word = as_choice(*node, "language", kLanguages, problems_))
        person.language = *word == 1 ? notify::Language::Korean : notify::Language::English;
    }
    map.done();
    spec_.people.insert_or_assign(member.key, std::move(person));
  }

  void read_group(const Node::Member& member) {
    if (spec_.people.contains(member.key))
      problems_.add(member.place, "group " + in_quotes(member.key) + " is a person's name, too; rename one of them");
    std::vector<std::string> people;
    const auto add = [&](const Node& one) {
      const auto name = as_text(one, "group", problems_);
      if (!name) return;
      if (!spec_.people.contains(*name))
        problems_.add(one.place, "group " + in_quotes(member.key) + ": nobody is called " + in_quotes(*name) +
                                     did_you_mean(*name, names_of(spec_.people), "people: lists them"));
      people.push_back(*name);
    };
    if (member.value.kind == Node::Kind::List) {
      for (const Node& one : member.value.items) add(one);
    } else {
      add(member.value);
    }
    spec_.groups.insert_or_assign(member.key, std::move(people));
  }

  // Somebody of `people` or `groups`.
  void check_somebody(const Node& node, const std::string& what, const std::string& name) {
    if (spec_.people.contains(name) || spec_.groups.contains(name)) return;
    auto all = names_of(spec_.people);
    const auto groups = names_of(spec_.groups);
    all.insert(all.end(), groups.begin(), groups.end());
    problems_.add(node.place,
                  what + ": no person or group " + in_quotes(name) + did_you_mean(name, all, "people: and groups: list them"));
  }

  void read_rota(const Node::Member& member) {
    const std::string what = "rota " + in_quotes(member.key);
    if (spec_.people.contains(member.key) || spec_.groups.contains(member.key))
      problems_.add(member.place, what + " is the name of a person or group, too; rename one of them");
    const std::size_t before = problems_.size();
    MapReader map(member.value, what, problems_);
    if (problems_.size() > before) return;
    notify::Rota rota;
    map.required("turns");
    rota.turns = map.texts("turns").value_or(std::vector<std::string>());
    for (const std::string& name : rota.turns) check_somebody(*member.value.find("turns"), what, name);
    rota.zone = map.text("zone").value_or("");
    if (!is_zone(rota.zone)) problems_.add(member.value.find("zone")->place, what + ": no zone " + in_quotes(rota.zone));
    if (const auto span = map.duration("every")) {
      const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(*span).count();
      if (minutes < 60 || minutes > 366 * 24 * 60 || *span != std::chrono::minutes(minutes))
        problems_.add(member.value.find("every")->place, what + ": every must be whole minutes from 1h to 366d");
      else rota.every_minutes = static_cast<int>(minutes);
    }
    if (const Node* from = map.required("from")) {
      rota.from = as_text(*from, "from", problems_).value_or("");
      // As a wall clock alone: an offset of its own would say two things.
      if (rota.from.size() != 16 || !parse_local(rota.from, rota.zone))
        problems_.add(from->place,
                      what + ": from must be as \"2026-01-05 09:00\", on the clock of zone, not " + in_quotes(rota.from));
    }
    if (const Node* swaps = map.get("swaps")) {
      if (swaps->kind != Node::Kind::List)
        problems_.add(swaps->place,
                      what + ": swaps must be a list, such as [{from: 2026-02-01 09:00, until: 2026-02-03 09:00, who: kim}]");
      for (const Node& one : swaps->items) {
        const std::size_t faults = problems_.size();
        MapReader own(one, "swap", problems_);
        if (problems_.size() > faults) continue;
        notify::Rota::Swap swap;
        for (const auto& [key, into] : {std::pair{"from", &swap.from}, std::pair{"until", &swap.until}}) {
          const Node* node = own.required(key);
          const auto text = node == nullptr ? std::nullopt : as_text(*node, key, problems_);
          if (!text) continue;
          const auto at = parse_local(*text, rota.zone);
          if (at) *into = *at;
          else problems_.add(node->place, what + ": " + key + ": " + at.error().text);
        }
        if (const Node* who = own.required("who")) {
          swap.who = as_text(*who, "who", problems_).value_or("");
          check_somebody(*who, what, swap.who);
        }
        own.done();
        if (problems_.size() == faults && swap.from >= swap.until)
          problems_.add(one.place, what + ": a swap ends before it begins");
        rota.swaps.push_back(std::move(swap));
      }
    }
    map.done();
    if (rota.turns.empty() && problems_.size() == before)
      problems_.add(member.place, what + ": turns names nobody; write them as in turns: [kim, lee]");
    if (problems_.size() == before) spec_.rotas.insert_or_assign(member.key, std::move(rota));
    else rotas_with_faults_.insert(member.key);
  }

  std::vector<std::string> known_names(MapReader& map, const Node& node, std::string_view key, bool people) {
    const auto names = map.texts(key).value_or(std::vector<std::string>());
    for (const std::string& name : names) {
      const bool known = people ? spec_.people.contains(name) || spec_.groups.contains(name) || spec_.rotas.contains(name) ||
                                      rotas_with_faults_.contains(name)
                                : spec_.channels.contains(name);
      if (known) continue;
      auto all = people ? names_of(spec_.people) : names_of(spec_.channels);
      if (people) {
        const auto groups = names_of(spec_.groups);
        all.insert(all.end(), groups.begin(), groups.end());
        const auto rotas = names_of(spec_.rotas);
        all.insert(all.end(), rotas.begin(), rotas.end());
      }
      problems_.add(node.find(key)->place,
                    std::string(key) + ": no " + (people ? "person, group or rota " : "channel ") + in_quotes(name) +
                        did_you_mean(name, all, people ? "people:, groups: and rotas: list them" : "channels: lists them"));
    }
    return names;
  }

  void read_route(const Node& node) {
    Route route;
    const std::size_t before = problems_.size();
    MapReader map(node, "route", problems_);
    if (problems_.size() > before) return;
    route.name = map.text("name").value_or("route " + std::to_string(spec_.routes.size() + 1));
    const auto same =
        std::find_if(spec_.routes.begin(), spec_.routes.end(), [&](const Route& one) { return one.name == route.name; });
    if (same != spec_.routes.end()) problems_.add(node.place, "two routes are called " + in_quotes(route.name) + "; rename one");
    if (const Node* match = map.get("match")) route.match = read_match(*match, problems_);
    route.to = known_names(map, node, "to", true);
    map.required("via");
    route.via = known_names(map, node, "via", false);
    if (const auto span = map.duration("wait")) route.wait = *span;
    if (const auto flag = map.flag("recovered")) route.recovered = *flag;
    if (const auto span = map.duration("repeat")) {
      route.repeat = *span;
      if (*span < std::chrono::minutes(1)) problems_.add(node.find("repeat")->place, "repeat must be 1m or more");
    }
    if (const auto flag = map.flag("last")) route.last = *flag;
    if (const Node* steps = map.get("escalate")) read_steps(*steps, route);
    map.done();
    if (problems_.size() == before && notify::recipients(spec_, route.to, route.via, std::nullopt).empty())
      problems_.add(node.place, "route " + in_quotes(route.name) +
                                    " reaches nobody: no one of `to` has an address for a channel of `via`; " +
                                    "give the person one, such as email: ops@example.com");
    spec_.routes.push_back(std::move(route));
  }

  void read_steps(const Node& node, Route& route) {
    if (node.kind != Node::Kind::List) {
      problems_.add(node.place, "escalate must be a list, such as [{after: 15m, to: [boss]}]");
      return;
    }
    for (const Node& one : node.items) {
      const std::size_t before = problems_.size();
      MapReader map(one, "escalate", problems_);
      if (problems_.size() > before) continue;
      notify::Step step;
      map.required("after");
      if (const auto span = map.duration("after")) step.after = *span;
      step.to = known_names(map, one, "to", true);
      step.via = known_names(map, one, "via", false);
      map.done();
      if (problems_.size() == before &&
          notify::recipients(spec_, step.to, step.via.empty() ? route.via : step.via, std::nullopt).empty())
        problems_.add(one.place,
                      "this step of escalate reaches nobody; name people in `to` who have an address for the channels of `via`");
      route.escalate.push_back(std::move(step));
    }
    std::stable_sort(route.escalate.begin(), route.escalate.end(),
                     [](const auto& a, const auto& b) { return a.after < b.after; });
  }

  const std::filesystem::path& folder_;
  notify::Spec& spec_;
  Problems& problems_;
  std::vector<std::pair<Place, std::string>> fallbacks_;
  std::set<std::string, std::less<>> rotas_with_faults_;  // so that one mistake is told once
};

}  // namespace

void read_notices(MapReader& root, const std::filesystem::path& folder, notify::Spec& spec, Problems& problems) {
  NoticeReader(folder, spec, problems).read(root);
}

}  // namespace bongsu::config
