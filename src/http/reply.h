// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/front.h"

namespace bongsu::http {

inline constexpr const char* kJson = "application/json";
inline constexpr const char* kHtml = "text/html; charset=utf-8";

struct Reply {
  int status = 200;
  std::string type = kJson;
  std::string body;
  std::unique_ptr<Pieces> rest{};  // instead of a body, of one too big to be made whole
};

// An answer made as it is sent: `head`, what `more` appends until it returns false, `tail`. One that turns out to be small is
// made at once. `octets` is what `more` holds in memory, about.
Reply stream(std::string type, std::string head, std::function<bool(std::string&)> more, std::string tail, std::size_t octets);

// The member "next" of a page: the cursor where the list goes on, null where it is empty.
void write_next(JsonWriter& json, const std::string& cursor);

// A line for programs that show it as it is.
Reply plain_text(int status, std::string_view text);

// {"error":{"code","message","hint"}}: what went wrong, and what to do next.
std::string problem_body(std::string_view code, std::string_view message, std::string_view hint);
Reply problem(int status, std::string_view code, std::string_view message, std::string_view hint);
// An Error of a source, with the status that fits its Code.
Reply problem(const Error& error, std::string_view hint);

// Fields of every answer: no sniffing, no framing, nothing loaded but our own style sheet.
struct Field {
  const char* name;
  const char* value;
};
inline constexpr Field kSafetyFields[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
};
// "Date: ..." of RFC 9110 section 6.6.1, the wall clock in seconds since 1970.
std::string http_date(std::int64_t seconds);

}  // namespace bongsu::http
