// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "syslog/parse.h"

// Every view lies inside the datagram; nothing of a datagram without a doubt is taken for something else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  const std::string_view datagram(reinterpret_cast<const char*>(data), size);
  const Time received = time_from_ms(1'795'000'000'000);
  const syslog::Message message = syslog::parse(datagram, received);
  for (const std::string_view part : {message.host, message.app, message.process, message.message_id, message.text}) {
    if (part.empty()) continue;
    if (part.data() < datagram.data() || part.data() + part.size() > datagram.data() + datagram.size()) std::abort();
  }
  if (message.pri && (*message.pri < 0 || *message.pri > 191)) std::abort();
  if (message.clean && (!message.pri || (message.format == syslog::Message::Format::Legacy && !message.time))) std::abort();
  const Event event = syslog::to_event(message, datagram, received);
  if (message.clean != event.raw.empty() && size > 0) std::abort();
  return 0;
}
