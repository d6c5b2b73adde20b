// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bongsu::http {

// What a request asks for (RFC 9112 section 3.2).
struct Target {
  std::string origin_form;  // "/path?query"
  std::string authority;    // of the absolute form: "127.0.0.1:8642"; else empty
  std::string_view path() const { return std::string_view(origin_form).substr(0, origin_form.find('?')); }
};
// Takes the origin form and the absolute form with http. Error: Invalid.
Result<Target> parse_target(std::string_view text);

}  // namespace bongsu::http
