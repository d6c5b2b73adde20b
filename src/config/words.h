// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bongsu::config {

// Words of messages, and what names may be.
std::string in_quotes(std::string_view word);
// "; did you mean \"mail\"?", or "; otherwise" when none of the known is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known, std::string_view otherwise);
// A name that can stand in a URL, a label and a line of a terminal as it is.
bool is_plain_name(std::string_view word);
bool is_clean_url(std::string_view word);  // no white space or control characters

}  // namespace bongsu::config
