// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bongsu::query {

enum class Tok : std::uint8_t {
  End,
  Name,
  Number,
  Duration,
  String,
  LeftParen,
  RightParen,
  LeftBrace,
  RightBrace,
  LeftBracket,
  RightBracket,
  Comma,
  Colon,
  At,
  Assign,
  Eq,
  Ne,
  EqRegex,
  NeRegex,
  Lt,
  Gt,
  Le,
  Ge,
  Add,
  Sub,
  Mul,
  Div,
  Mod,
  Pow
};

struct Token {
  Tok kind = Tok::End;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  double number = 0;  // Number; Duration in milliseconds
  std::string text;   // Name as written; String without quotes and escapes
};

// "1:14: parse error: text" for the octet at `offset`.
Error parse_error(std::string_view source, std::size_t offset, const std::string& text);

// All tokens, the last one End. A name may hold colons outside of braces and brackets. Keywords are names: only the parser
// knows where they are keywords.
Result<std::vector<Token>> lex(std::string_view source);

}  // namespace bongsu::query
