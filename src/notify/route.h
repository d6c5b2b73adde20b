// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "notify/spec.h"

namespace bongsu::notify {

// Somebody on some channel.
struct Recipient {
  std::string channel;
  std::string person;  // empty: the channel's room
  friend auto operator<=>(const Recipient&, const Recipient&) = default;
};
// Everyone that `to` and `via` mean at `now`, each once; of a rota who is on call then, and without a time everybody in it.
// `without` gets a line for each who cannot be reached there.
std::vector<Recipient> recipients(const Spec& spec, const std::vector<std::string>& to, const std::vector<std::string>& via,
                                  std::optional<Time> now, std::vector<std::string>* without = nullptr);
// Nothing where the person has none for it. A room's is the empty text.
std::optional<std::string> address_of(const Spec& spec, const Recipient& recipient);

}  // namespace bongsu::notify
