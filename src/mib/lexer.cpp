// SPDX-License-Identifier: Apache-2.0
#include "mib/lexer.h"

#include <algorithm>
#include <array>

namespace bongsu::mib {

namespace {

constexpr std::size_t kFurthestQuote = 64 << 10;  // a text longer than this is not looked through for inner quotes

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }

template <std::size_t N>
bool among(const std::array<std::string_view, N>& sorted, std::string_view word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

// End of the word that begins at `at`; `at` itself when none does. "--" ends a word, since a comment begins there.
std::size_t word_end(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const char c = text[at];
    if (c == '-' ? at + 1 < text.size() && text[at + 1] == '-' : !is_letter(c) && !is_digit(c) && c != '_') break;
    ++at;
  }
  return at;
}

std::size_t past_space(std::string_view text, std::size_t at, std::size_t stop) {
  while (at < stop) {
    if (is_space(text[at])) ++at;
    else if (text.compare(at, 2, "--") == 0) at = std::min(text.find('\n', at), text.size());
    else break;
  }
  return at;
}

// A definition's first words, such as "ifIndex OBJECT-TYPE".
bool begins_definition(std::string_view text, std::size_t at) {
  const std::size_t name = word_end(text, at);
  if (name == at) return false;
  const std::size_t second = past_space(text, name, std::min(text.size(), name + 200));
  if (text.compare(second, 3, "::=") == 0) return true;
  const std::string_view word = text.substr(second, word_end(text, second) - second);
  return is_macro_word(word) || word == "OBJECT" || word == "MACRO";
}

bool may_follow_string(std::string_view text, std::size_t at) {
  const std::size_t next = past_space(text, at, std::min(text.size(), at + 4'096));
  if (next >= text.size() || text.compare(next, 3, "::=") == 0) return true;
  if (text[next] == ',' || text[next] == '}' || text[next] == ')' || text[next] == '{' || text[next] == '|') return true;
  const std::string_view word = text.substr(next, word_end(text, next) - next);
  return !word.empty() && (is_clause_word(word) || word == "END" || begins_definition(text, next));
}

// Where a definition ends inside what was taken for a string: "\n ::= { parent 3 }" with another definition behind it.
std::size_t definition_end(std::string_view inside) {
  for (auto at = inside.find("::="); at != std::string_view::npos; at = inside.find("::=", at + 3)) {
    const auto line = inside.rfind('\n', at);
    if (line == std::string_view::npos || past_space(inside, line, at) != at) continue;
    const auto open = past_space(inside, at + 3, inside.size());
    const auto close = inside.find('}', open);
    if (open >= inside.size() || inside[open] != '{' || close == std::string_view::npos || close - open > 200) continue;
    const auto next = past_space(inside, close + 1, inside.size());
    if (next < inside.size() && (begins_definition(inside, next) || inside.compare(next, 3, "END") == 0)) return at;
  }
  return std::string_view::npos;
}

}  // namespace

bool is_macro_word(std::string_view word) {
  static constexpr std::array<std::string_view, 9> kMacros = {"AGENT-CAPABILITIES", "MODULE-COMPLIANCE", "MODULE-IDENTITY",
                                                              "NOTIFICATION-GROUP", "NOTIFICATION-TYPE", "OBJECT-GROUP",
                                                              "OBJECT-IDENTITY",    "OBJECT-TYPE",       "TRAP-TYPE"};
  return word.size() >= 9 && among(kMacros, word);
}

bool is_clause_word(std::string_view word) {
  static constexpr std::array<std::string_view, 31> kClauses = {"ACCESS",
                                                                "AUGMENTS",
                                                                "CONTACT-INFO",
                                                                "CREATION-REQUIRES",
                                                                "DEFVAL",
                                                                "DESCRIPTION",
                                                                "DISPLAY-HINT",
                                                                "ENTERPRISE",
                                                                "GROUP",
                                                                "INCLUDES",
                                                                "INDEX",
                                                                "LAST-UPDATED",
                                                                "MANDATORY-GROUPS",
                                                                "MAX-ACCESS",
                                                                "MIN-ACCESS",
                                                                "MODULE",
                                                                "NOTIFICATIONS",
                                                                "NUM-ENTRIES",
                                                                "OBJECT",
                                                                "OBJECTS",
                                                                "ORGANIZATION",
                                                                "PRODUCT-RELEASE",
                                                                "REFERENCE",
                                                                "REVISION",
                                                                "STATUS",
                                                                "SUPPORTS",
                                                                "SYNTAX",
                                                                "UNITS",
                                                                "VARIABLES",
                                                                "VARIATION",
                                                                "WRITE-SYNTAX"};
  return among(kClauses, word);
}

void Lexer::advance(std::size_t to) {
  for (auto line = text_.find('\n', at_); line < to; line = text_.find('\n', line + 1)) {
    ++line_;
    start_ = line + 1;
  }
  at_ = to;
}

void Lexer::skip() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      start_ = ++at_;
    } else if (is_space(c)) {
      ++at_;
    } else if (c == '-' && at_ + 1 < text_.size() && text_[at_ + 1] == '-') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      return;
    }
  }
}

// Index of the closing quote, or of the first octet behind a string without one.
std::size_t Lexer::string_end(std::size_t open, Token::Quote& how) {
  const std::size_t first = std::min(text_.find('"', open + 1), text_.size());
  if (first < text_.size() && may_follow_string(text_, first + 1)) return first;
  const std::string_view inside = text_.substr(open + 1, first - open - 1);
  if (const auto end = definition_end(inside); end != std::string_view::npos) {
    how = Token::Quote::NotClosed;
    return open + 1 + end;
  }
  if (first == text_.size()) {
    how = Token::Quote::NotClosed;
    return first;
  }
  for (std::size_t close = first;;) {
    const std::size_t next = text_.find('"', close + 1);
    if (next == std::string_view::npos || next - open > kFurthestQuote || looks_ == 0) return first;
    --looks_;
    if (text_.substr(close, next - close).find("::=") != std::string_view::npos) return first;
    close = next;
    if (may_follow_string(text_, close + 1)) {
      how = Token::Quote::Inner;
      return close;
    }
  }
}

Token Lexer::next() {
  skip();
  Token token;
  token.place = here();
  token.begin = at_;
  if (at_ >= text_.size()) {
    token.end = at_;
    return token;
  }
  const char c = text_[at_];
  if (c == '"') {
    token.kind = TokenKind::String;
    const std::size_t end = string_end(at_, token.quote);
    token.text = text_.substr(at_ + 1, end - at_ - 1);
    advance(end < text_.size() && text_[end] == '"' ? end + 1 : end);
    token.end = at_;
    return token;
  }
  std::size_t end = at_;
  if (c == '\'') {
    const auto close = text_.find('\'', at_ + 1);
    if (close != std::string_view::npos && close - at_ < 4'096 && close + 1 < text_.size() &&
        std::string_view("HhBb").find(text_[close + 1]) != std::string_view::npos) {
      token.kind = TokenKind::Bits;
      token.text = text_.substr(at_, close + 2 - at_);
      advance(close + 2);
      token.end = at_;
      return token;
    }
    end = at_ + 1;
    token.kind = TokenKind::Mark;
  } else if (is_letter(c) || is_digit(c) || c == '_' || (c == '-' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
    end = word_end(text_, at_ + 1);
    const std::string_view word = text_.substr(at_, end - at_);
    token.kind =
        std::all_of(word.begin() + 1, word.end(), is_digit) && (is_digit(c) || c == '-') ? TokenKind::Number : TokenKind::Word;
  } else {
    token.kind = TokenKind::Mark;
    end = at_ + 1;
    if (text_.compare(at_, 3, "::=") == 0) end = at_ + 3;
    while (c == '.' && end < text_.size() && text_[end] == '.') ++end;
  }
  token.text = text_.substr(at_, end - at_);
  at_ = end;
  token.end = end;
  return token;
}

}  // namespace bongsu::mib
