// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/reply.h"
#include "http/view.h"

// Pieces of pages. All text from outside goes through text_of (or another function here); nothing needs a script.
namespace bongsu::http {

struct PageHead {
  std::string title;         // plain text; of the browser's tab
  std::string_view current;  // path in the navigation
  Time now;
  std::size_t refresh = 0;  // seconds; 0 for never
  std::string_view version;
};
// A whole document around `main`.
Reply page(const PageHead& head, const std::string& main);
std::string_view style_sheet();

std::string text_of(std::string_view text);  // escaped for HTML, also in an attribute
// Icon, English and Korean word: each says it alone.
std::string level_badge(Severity level);
std::string up_badge(std::optional<bool> up);
std::string icon(std::string_view name);  // of a level, "up", "down"
std::string_view up_korean(std::optional<bool> up);
std::string device_link(std::string_view name);
// "4 min" with the exact time for machines and on hover.
std::string age(Time now, Time at);
// As show_quantity (model/show.h).
std::string quantity(double value, std::string_view unit);
std::string notice_list(const std::vector<std::string>& notices);
std::string problem_note(const Error& error);
// As show_labels (model/show.h).
std::string label_words(const Labels& labels);

}  // namespace bongsu::http
