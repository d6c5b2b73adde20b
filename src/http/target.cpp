// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

#include "base/text.h"

namespace bongsu::http {

Result<Target> parse_target(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with('/')) return Target{.origin_form = std::string(text), .authority = {}};
  if (to_lower(text.substr(0, kScheme.size())) != kScheme)
    return Error{Code::Invalid, "the request target is neither a path nor an http:// URL"};
  text.remove_prefix(kScheme.size());
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  Target target{.origin_form = {}, .authority = std::string(text.substr(0, end))};
  if (target.authority.empty() || target.authority.find('@') != std::string::npos)
    return Error{Code::Invalid, "the request target names no host, or a user"};
  text.remove_prefix(end);
  if (!text.starts_with('/')) target.origin_form.push_back('/');
  target.origin_form += text;
  return target;
}

}  // namespace bongsu::http
