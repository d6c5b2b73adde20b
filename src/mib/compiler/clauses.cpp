// SPDX-License-Identifier: Apache-2.0
// What stands in the clauses of a definition: texts, words, lists, SYNTAX.
#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "grammar.h"
#include "words.h"

namespace bongsu::mibc {

using mib::Kind;
using mib::Token;
using mib::TokenKind;

namespace {

bool is_exact(std::string_view word, mib::DefStatus status) { return word == mib::to_string(status); }

std::string bounds_text(const std::vector<std::pair<std::int64_t, std::int64_t>>& ranges, bool size) {
  std::string out = size ? "(SIZE (" : "(";
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    // The parser keeps 32 bits with a sign; objects get their own bounds back from the facts.
    const auto fit = [](std::int64_t n) { return std::to_string(std::clamp<std::int64_t>(n, INT32_MIN, INT32_MAX)); };
    out += (i == 0 ? "" : " | ") + fit(ranges[i].first) + ".." + fit(ranges[i].second);
  }
  return out + (size ? "))" : ")");
}

}  // namespace

std::optional<std::string_view> Grammar::read_text(std::string_view clause) {
  if (peek().kind == TokenKind::String) {
    const std::string_view text = peek().text;
    step();
    // "one" "two": one text, cut in two.
    while (peek().kind == TokenKind::String) step();
    return text;
  }
  error(peek().place, std::string(clause) + " wants a text in quotes, not " + shown(peek()) + "; the clause is left out");
  while (!at_end() && !is_clause(peek()) && !peek().is("::=") && !starts()) step();
  return std::nullopt;
}

void Grammar::read_status(Definition& made) {
  const Token word = peek();
  const auto status = status_of(word.text);
  if (status == mib::DefStatus::None) {
    error(word.place, "STATUS " + shown(word) + " of " + made.name + " is none of the language's; left unknown");
  } else if (!is_exact(word.text, status)) {
    warn(word.place, "STATUS '" + std::string(word.text) + "' is read as " + std::string(mib::to_string(status)));
  }
  made.facts.status = status;
  if (word.kind == TokenKind::Word && !is_clause(word)) step();
}

void Grammar::read_access(Definition& made, std::string_view clause) {
  const Token word = peek();
  made.facts.access = access_of(word.text);
  if (made.facts.access == mib::Access::None) {
    error(word.place, std::string(clause) + " " + shown(word) + " of " + made.name + " is none of the language's; left unknown");
  } else if (word.text != mib::to_string(made.facts.access)) {
    warn(word.place,
         std::string(clause) + " '" + std::string(word.text) + "' is read as " + std::string(mib::to_string(made.facts.access)));
  }
  if (word.kind == TokenKind::Word && !is_clause(word)) step();
}

std::vector<std::pair<std::string, bool>> Grammar::read_list(std::string_view clause) {
  std::vector<std::pair<std::string, bool>> list;
  if (!peek().is("{")) {
    error(peek().place, std::string(clause) + " wants { ... }, not " + shown(peek()) + "; the clause is left out");
    return list;
  }
  step();
  bool implied = false, comma = true;
  while (!at_end() && !peek().is("}")) {
    if (is_clause(peek()) || peek().is("::=") || starts()) {
      error(peek().place, "the list of " + std::string(clause) + " is not closed; it is ended before " + shown(peek()));
      return list;
    }
    if (peek().is("IMPLIED")) {
      implied = true;
    } else if (peek().is(",")) {
      comma = true;
    } else if (peek().kind == TokenKind::Word) {
      if (!comma) warn(peek().place, "a comma is missing before '" + std::string(peek().text) + "'; read as if it stood there");
      list.emplace_back(peek().text, implied);
      implied = comma = false;
    } else {
      warn(peek().place, shown(peek()) + " in the list of " + std::string(clause) + " is passed over");
    }
    step();
  }
  step();
  return list;
}

std::string Grammar::read_raw() {
  std::string out;
  if (!peek().is("{")) {
    warn(peek().place, "DEFVAL wants { ... }, not " + shown(peek()) + "; the clause is left out");
    if (!is_clause(peek()) && !peek().is("::=") && !starts()) step();
    return out;
  }
  step();
  for (int depth = 1; !at_end(); step()) {
    if (peek().is("{")) ++depth;
    if (peek().is("}") && --depth == 0) break;
    if (is_clause(peek()) || peek().is("::=") || starts()) return out;
    if (!out.empty() && !peek().is(",")) out += ' ';
    if (peek().kind == TokenKind::String) out += '"' + std::string(peek().text) + '"';
    else out += peek().text;
  }
  step();
  return out;
}

bool Grammar::imported(std::string_view name) const {
  return std::any_of(out_.imports.begin(), out_.imports.end(), [&](const auto& i) { return i.symbol == name; });
}

bool Grammar::read_syntax(Definition& made) {
  while (peek().is("[")) {  // [APPLICATION 1] IMPLICIT
    while (!at_end() && !peek().is("]")) step();
    step();
  }
  if (peek().is("IMPLICIT") || peek().is("EXPLICIT")) step();
  const Token base = peek();
  if (base.kind != TokenKind::Word) {
    error(base.place, "SYNTAX of " + made.name + " is " + shown(base) + ", which is no type");
    return false;
  }
  step();
  std::string word(base.text);
  if (word == "SEQUENCE") {
    if (peek().is("OF")) {
      step();
      put(made, base.place, "SEQUENCE OF " + std::string(peek().text));
      step();
      made.facts.kind = Kind::Table;
      return true;
    }
    skip_braces();
    made.columns = true;
    return true;
  }
  if (word == "CHOICE") {
    skip_braces();
    put(made, base.place, "OCTET STRING");
    return true;
  }
  if (word == "OCTET" || word == "OBJECT" || word == "BIT") {
    const std::string_view second = word == "OBJECT" ? "IDENTIFIER" : "STRING";
    if (to_lower(peek().text) == to_lower(second)) step();
    else warn(base.place, "'" + word + "' is read as " + word + " " + std::string(second));
    word = word == "BIT" ? "BITS" : word + " " + std::string(second);
  } else if (const auto meant = language_word(word, language_type);
             meant && !language_type(word) && !out_.by_name.contains(word) && !imported(word)) {
    warn(base.place, "type '" + word + "' is read as " + std::string(*meant));
    word = *meant;
  } else if (peek().is(".") && peek(1).kind == TokenKind::Word) {  // MODULE.Type
    step();
    word = peek().text;
    step();
  }
  if (!language_type(word) && word.find(' ') == std::string::npos) {
    made.types.emplace_back(word, base.place);
    made.facts.type = word;
  }
  put(made, base.place, word);
  bool listed = false;
  for (;;) {
    if (peek().is("{")) {
      if (!read_enums(made, word)) return false;
      listed = true;
    } else if (peek().is("(")) {
      const mib::Place place = peek().place;
      const bool size = read_bounds(made);
      if (listed && !made.facts.ranges.empty()) {
        warn(place, "bounds behind a list of numbers are passed over");
        made.facts.ranges.clear();
      } else if (!made.facts.ranges.empty()) {
        put(made, place, bounds_text(made.facts.ranges, size));
      }
    } else if (peek().is("SIZE") && peek(1).is("(")) {
      const mib::Place place = peek().place;
      step();
      read_bounds(made);
      warn(place, "SIZE stands without brackets around it; read as if they were there");
      if (!made.facts.ranges.empty()) put(made, place, bounds_text(made.facts.ranges, true));
    } else {
      return true;
    }
  }
}

bool Grammar::read_enums(Definition& made, std::string_view base) {
  const mib::Place open = peek().place;
  step();
  std::string out = "{ ";
  bool first = true, comma = true;
  while (!at_end() && !peek().is("}")) {
    const Token label = peek();
    if (is_clause(label) && !peek(1).is("(")) {
      error(label.place, "the list of numbers of " + made.name + " is not closed; it is ended before " + shown(label));
      break;
    }
    if (label.is(",")) {
      comma = true;
      step();
      continue;
    }
    if (label.kind != TokenKind::Word && label.kind != TokenKind::Number) {
      warn(label.place, shown(label) + " in the list of numbers of " + made.name + " is passed over");
      step();
      continue;
    }
    step();
    if (!peek().is("(")) {
      if (starts() || peek().is("::=")) return false;
      warn(label.place, "'" + std::string(label.text) + "' has no number in the list of " + made.name + "; passed over");
      continue;
    }
    step();
    const auto value = read_number();
    if (!value || *value > INT32_MAX || *value < INT32_MIN) {
      warn(label.place,
           "'" + std::string(label.text) + "' has no number of 32 bits in the list of " + made.name + "; passed over");
      while (!at_end() && !peek().is(")") && !peek().is("}") && !starts()) step();
    } else {
      if (!comma) warn(label.place, "a comma is missing before '" + std::string(label.text) + "'; read as if it stood there");
      if (!first) out += ", ";
      first = comma = false;
      if (reserved(label.text) || label.kind == TokenKind::Number) out += kReservedMark;
      out += std::string(label.text) + "(" + std::to_string(*value) + ")";
    }
    if (peek().is(")")) step();
  }
  if (peek().is("}")) step();
  if (first) {
    warn(open, "the list of numbers of " + made.name + " is empty; passed over");
    return true;
  }
  if (base == "OCTET STRING") made.pieces.back().text = "BITS";
  put(made, open, out + " }");
  return true;
}

std::optional<std::int64_t> Grammar::read_number() {
  const Token token = peek();
  std::int64_t value = 0;
  if (token.kind == TokenKind::Number) {
    const auto [end, ec] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    step();
    if (ec == std::errc::result_out_of_range) return token.text[0] == '-' ? INT64_MIN : INT64_MAX;
    return value;
  }
  if (token.kind == TokenKind::Bits) {
    const bool hex = token.text.back() == 'H' || token.text.back() == 'h';
    const std::string_view digits = token.text.substr(1, token.text.size() - 3);
    std::uint64_t bits = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, hex ? 16 : 2);
    step();
    if (ec != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return static_cast<std::int64_t>(std::min<std::uint64_t>(bits, INT64_MAX));
  }
  if (token.is("MIN") || token.is("MAX")) {
    step();
    return token.is("MIN") ? INT32_MIN : INT32_MAX;
  }
  return std::nullopt;
}

bool Grammar::read_bounds(Definition& made) {
  int depth = 0;
  bool size = false, broken = false;
  const mib::Place place = peek().place;
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  while (!at_end()) {
    if (peek().is("(")) {
      ++depth;
      step();
    } else if (peek().is(")")) {
      step();
      if (--depth == 0) break;
    } else if (peek().is("SIZE") || peek().text == "Size" || peek().text == "size") {
      size = true;
      step();
    } else if (peek().is("|") || peek().is(",")) {
      step();
    } else if (is_clause(peek()) || peek().is("::=") || starts()) {
      broken = true;
      break;
    } else if (const auto low = read_number()) {
      std::int64_t high = *low;
      if (peek().text.starts_with("..")) {
        step();
        const auto read = read_number();
        broken = broken || !read;
        high = read.value_or(high);
      } else if (peek().kind == TokenKind::Number && peek().text[0] == '-') {  // 0-255
        high = -*read_number();
        warn(place, "bounds are written with '-'; read as '..'");
      }
      if (high < *low) {
        warn(place, "bounds of " + made.name + " are the wrong way round; turned");
        ranges.emplace_back(high, *low);
      } else {
        ranges.emplace_back(*low, high);
      }
    } else {
      broken = true;
      step();
    }
  }
  if (broken) warn(place, "bounds of " + made.name + " cannot be read whole; passed over");
  else if (made.facts.ranges.empty()) made.facts.ranges = std::move(ranges);
  return size;
}

}  // namespace bongsu::mibc
