// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/ast.h"

namespace bongsu::query {

inline constexpr std::size_t kMaxText = 64U << 10;  // octets of one expression
inline constexpr int kMaxDepth = 128;               // of nesting

// Reads and type-checks a PromQL expression: the language of Prometheus 3 over floats. Thread: any.
// Error: Invalid as "1:14: parse error: what, and what to do" (line and character from 1), Limit for size and depth.
Result<std::shared_ptr<const Expr>> parse(std::string_view text);

// "1:14" (line and character from 1) for the octet at `offset`.
std::string place_of(std::string_view source, std::size_t offset);
// For a terminal: the line that `error` names, a line with ^ below the place; empty when it names none.
std::string show_place(std::string_view source, const Error& error);

}  // namespace bongsu::query
