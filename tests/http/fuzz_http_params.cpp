// SPDX-License-Identifier: Apache-2.0
// What strangers write into a URL and a Host field: the query string, cursors, names.
#include <array>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "http/events.h"
#include "http/listen.h"
#include "http/params.h"

using namespace bongsu;
using namespace bongsu::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto known = event_params(true);
  if (const auto params = Params::parse(text, known)) {
    // What was taken can be said again, and means the same.
    std::string again;
    for (const auto& [name, value] : params->all()) again += encode_component(name) + '=' + encode_component(value) + '&';
    const auto twice = Params::parse(again, known);
    if (!twice || twice->all() != params->all()) std::abort();
    if (const auto query = event_query(*params); query && (query->limit < 1 || query->limit > 1000)) std::abort();
  } else if (!is_valid_utf8(params.error().text)) {
    std::abort();
  }
  if (const auto decoded = decode_component(text); decoded && decode_component(encode_component(*decoded)) != decoded)
    std::abort();
  if (const auto key = decode_cursor('e', text); key && decode_cursor('e', encode_cursor('e', *key)) != key) std::abort();
  if (const auto listen = parse_listen(text);
      listen &&
      !host_is_ours(listen->address.find(':') == std::string::npos ? listen->address : '[' + listen->address + ']', "")) {
    std::abort();
  }
  (void)host_is_ours(text, "127.0.0.1");
  return 0;
}
