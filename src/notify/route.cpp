// SPDX-License-Identifier: Apache-2.0
#include "notify/route.h"

#include <algorithm>
#include <set>

#include "notify/request.h"

namespace bongsu::notify {

std::optional<std::string> address_of(const Spec& spec, const Recipient& recipient) {
  if (recipient.person.empty()) return std::string();
  const auto channel = spec.channels.find(recipient.channel);
  const auto person = spec.people.find(recipient.person);
  if (channel == spec.channels.end() || person == spec.people.end()) return std::nullopt;
  const auto& addresses = person->second.addresses;
  auto at = addresses.find(recipient.channel);
  if (at == addresses.end()) at = addresses.find(address_key(channel->second.type));
  return at == addresses.end() ? std::nullopt : std::optional(at->second);
}

namespace {

// People that a name means.
void expand(const Spec& spec, const std::string& name, std::optional<Time> now, std::vector<std::string>& people) {
  if (const auto rota = spec.rotas.find(name); rota != spec.rotas.end()) {
    if (now) return expand(spec, on_call(rota->second, *now).who, now, people);
    for (const std::string& turn : rota->second.turns) expand(spec, turn, now, people);
    for (const Rota::Swap& swap : rota->second.swaps) expand(spec, swap.who, now, people);
    return;
  }
  const auto group = spec.groups.find(name);
  if (group == spec.groups.end()) people.push_back(name);
  else people.insert(people.end(), group->second.begin(), group->second.end());
}

}  // namespace

std::vector<Recipient> recipients(const Spec& spec, const std::vector<std::string>& to, const std::vector<std::string>& via,
                                  std::optional<Time> now, std::vector<std::string>* without) {
  std::vector<std::string> people;
  for (const std::string& name : to) expand(spec, name, now, people);
  std::vector<Recipient> out;
  std::set<Recipient> seen;
  const auto add = [&](Recipient one) {
    if (seen.insert(one).second) out.push_back(std::move(one));
  };
  for (const std::string& name : via) {
    const auto channel = spec.channels.find(name);
    if (channel == spec.channels.end()) continue;
    // A channel that knows only rooms, or has one and is given nobody, speaks to its room.
    if (address_key(channel->second.type).empty() || people.empty()) {
      if (has_room(channel->second)) add({name, ""});
      else if (without != nullptr) without->push_back(name + " has no room, and nobody is named");
      continue;
    }
    bool reached = false;
    for (const std::string& person : people) {
      Recipient one{name, person};
      if (address_of(spec, one)) {
        add(std::move(one));
        reached = true;
      } else if (without != nullptr) {
        without->push_back(person + " has no address for " + name);
      }
    }
    if (!reached && has_room(channel->second)) add({name, ""});
  }
  return out;
}

}  // namespace bongsu::notify
