// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace bongsu {

// A text as a part of a URL's path or query, or as a value of a form: all octets but the unreserved characters of RFC 3986
// section 2.3 as %HH.
std::string url_part(std::string_view text);

}  // namespace bongsu
