// SPDX-License-Identifier: Apache-2.0
// Messages in a stream of octets: each begins where the one before it ends, as its BER length says (RFC 3430 section 2.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "snmp/ber.h"

namespace bongsu::snmp {

// The size of the message that `octets` begin with, header included; nothing while too few are there to tell. `fault` is set
// when it is no message: no SEQUENCE, a length form not taken, or more than kMostMessage.
std::optional<std::size_t> message_size(Octets octets, ber::Fault& fault);

// Cuts a stream into messages. Keeps at most one unfinished message; a length that is only claimed takes no room.
class FrameReader {
 public:
  // Calls `visit` with each message that `octets` end; the view is valid during the call. False once the stream cannot be
  // read, for good: there is no way to find the next message in it.
  template <class Visit>
  bool push(Octets octets, const Visit& visit) {
    if (fault_ != ber::Fault::None) return false;
    if (!kept_.empty()) {
      kept_.insert(kept_.end(), octets.begin(), octets.end());
      octets = kept_;
    }
    std::size_t taken = 0;
    for (;;) {
      const auto size = message_size(octets.subspan(taken), fault_);
      if (!size || *size > octets.size() - taken) break;
      visit(octets.subspan(taken, *size));
      taken += *size;
    }
    if (fault_ != ber::Fault::None) {
      kept_.clear();
      return false;
    }
    const auto rest = octets.begin() + static_cast<std::ptrdiff_t>(taken);
    if (kept_.empty()) kept_.assign(rest, octets.end());
    else kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(taken));
    return true;
  }
  ber::Fault fault() const { return fault_; }
  std::size_t kept() const { return kept_.size(); }  // octets of an unfinished message
  void clear() {
    kept_.clear();
    fault_ = ber::Fault::None;
  }

 private:
  std::vector<std::uint8_t> kept_;
  ber::Fault fault_ = ber::Fault::None;
};

}  // namespace bongsu::snmp
