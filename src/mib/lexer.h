// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bongsu::mib {

struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;  // in octets, 1 is the first
};

enum class TokenKind : std::uint8_t { End, Word, Number, String, Bits, Mark };

// A piece of MIB text. Views last as long as the text.
struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;  // of a string what stands between the quotes; of 'FF'H all of it
  Place place;
  std::size_t begin = 0;
  std::size_t end = 0;
  // How a string was read where its quotes do not say it.
  enum class Quote : std::uint8_t { Plain, Inner, NotClosed } quote = Quote::Plain;

  bool is(std::string_view word) const { return kind != TokenKind::String && text == word; }
};

// Cuts MIB text into words, numbers, strings and marks, and never fails. A comment runs to the end of its line, whatever
// dashes stand in it. A quote that cannot end a string, since nothing that may follow one does, belongs to the string; a
// string that nothing closes ends before the "::= { ... }" of its definition.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();  // kind End at the end

 private:
  void skip();
  void advance(std::size_t to);
  std::size_t string_end(std::size_t open, Token::Quote& how);
  Place here() const { return {line_, static_cast<std::uint32_t>(at_ - start_ + 1)}; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::uint32_t line_ = 1;
  std::size_t looks_ = 1'000'000;  // quotes that may yet be looked past: no text makes the work grow with its square
};

bool is_macro_word(std::string_view word);   // OBJECT-TYPE and its like: what a definition's name stands before
bool is_clause_word(std::string_view word);  // SYNTAX, STATUS, ...: what a clause begins with

}  // namespace bongsu::mib
