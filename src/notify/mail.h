// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "notify/message.h"
#include "notify/spec.h"

namespace bongsu::notify {

// One address without a name, as a recipient's or sender's: "ops@example.com". No white space, no control characters, no comma.
bool is_mail_address(std::string_view text);
// A whole message of RFC 5322: text and HTML as alternatives in UTF-8. The key makes the Message-ID; mail of the same alarm
// hangs together by References.
std::string mail_of(const Channel& channel, const Message& message, const Words& words, const Spec& spec, Time now);

}  // namespace bongsu::notify
