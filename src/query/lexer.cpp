// SPDX-License-Identifier: Apache-2.0
#include "query/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"
#include "query/parse.h"

namespace bongsu::query {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct DurationUnit {
  std::string_view name;
  double ms;
};
constexpr std::array<DurationUnit, 7> kDurationUnits{{{"y", 31'536'000'000.0},
                                                      {"w", 604'800'000.0},
                                                      {"d", 86'400'000.0},
                                                      {"h", 3'600'000.0},
                                                      {"m", 60'000.0},
                                                      {"s", 1'000.0},
                                                      {"ms", 1.0}}};

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t octet) { out += static_cast<char>(static_cast<unsigned char>(octet)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  if (c < 0x10000) return put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    for (;;) {
      skip_space();
      start_ = at_;
      if (at_ == source_.size()) return push(Tok::End), std::move(tokens_);
      BONGSU_TRY_OK(next());
    }
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  Error fail(std::size_t where, const std::string& text) const { return parse_error(source_, where, text); }

  Token& push(Tok kind) {
    tokens_.push_back({kind, static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(at_), 0, {}});
    return tokens_.back();
  }
  void skip_space() {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == '#') {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }

  Status next() {
    const char c = peek();
    if (is_alpha(c) || (c == ':' && brackets_ == 0 && braces_ == 0)) return name();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'' || c == '`') return string(c);
    return mark(c);
  }

  Status name() {
    const bool colons = brackets_ == 0 && braces_ == 0;
    while (is_alpha(peek()) || is_digit(peek()) || (colons && peek() == ':')) ++at_;
    const std::string_view word = source_.substr(start_, at_ - start_);
    // `by (inf)` is not a number to anyone, yet Prometheus reads it as one as well.
    const std::string lower = to_lower(word);
    if (braces_ == 0 && (lower == "inf" || lower == "nan")) {
      push(Tok::Number).number =
          lower == "inf" ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    } else {
      push(Tok::Name).text = word;
    }
    return {};
  }

  Status number() {
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) return hexadecimal();
    std::string digits;
    const auto take_digits = [&] {
      while (is_digit(peek()) || (peek() == '_' && is_digit(peek(1)) && at_ > start_ && is_digit(source_[at_ - 1]))) {
        if (peek() != '_') digits += peek();
        ++at_;
      }
    };
    take_digits();
    if (is_alpha(peek()) && peek() != 'e' && peek() != 'E') return duration();
    bool whole = true;
    if (peek() == '.') {
      whole = false;
      digits += source_[at_++];
      take_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1U : 0U;
      if (!is_digit(peek(1 + sign)))
        return fail(start_, "bad number \"" + rest_of_word() + "\"; an exponent needs digits, as in 1e6");
      whole = false;
      digits += 'e';
      if (peek(1) == '-') digits += '-';
      at_ += 1 + sign;
      take_digits();
    }
    if (is_alpha(peek()) || peek() == '.')
      return fail(start_, "bad number \"" + rest_of_word() + "\"; write 5, 0.5, 1e6, 0x1f or a duration such as 5m");
    const double value = to_number(digits, whole);
    if (std::isinf(value)) return fail(start_, "the number " + digits.substr(0, 40) + " is out of range; write Inf for infinity");
    push(Tok::Number).number = value;
    return {};
  }

  // A whole number with a leading zero is octal where it can be, as everywhere in Prometheus.
  static double to_number(const std::string& digits, bool whole) {
    if (whole && digits.size() > 1 && digits[0] == '0') {
      std::int64_t octal = 0;
      const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), octal, 8);
      if (ec == std::errc{} && end == digits.data() + digits.size()) return static_cast<double>(octal);
    }
    double value = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    // Out of range leaves the value alone: a large exponent is infinite, a small one is zero.
    if (ec == std::errc::result_out_of_range)
      return digits.find("e-") == std::string::npos ? std::numeric_limits<double>::infinity() : 0.0;
    return value;
  }

  Status hexadecimal() {
    at_ += 2;
    double value = 0;
    std::size_t digits = 0;
    while (hex_value(peek()) >= 0 || (peek() == '_' && hex_value(peek(1)) >= 0)) {
      if (peek() != '_') {
        value = value * 16 + hex_value(peek());
        ++digits;
      }
      ++at_;
    }
    if (digits == 0 || is_alpha(peek()) || peek() == '.')
      return fail(start_, "bad number \"" + rest_of_word() + "\"; hexadecimal is 0x1f");
    push(Tok::Number).number = value;
    return {};
  }

  Status duration() {
    at_ = start_;
    double total = 0;
    std::size_t next_unit = 0;
    while (is_digit(peek())) {
      double count = 0;
      while (is_digit(peek())) count = count * 10 + (source_[at_++] - '0');
      const std::size_t from = at_;
      while (is_alpha(peek()) && peek() != '_') ++at_;
      const std::string_view unit = source_.substr(from, at_ - from);
      std::size_t i = next_unit;
      while (i < kDurationUnits.size() && kDurationUnits[i].name != unit) ++i;
      if (i == kDurationUnits.size()) {
        return fail(start_, "bad number or duration \"" + rest_of_word() +
                                "\"; units are y w d h m s ms, large to small, each once, as in 1h30m");
      }
      total += count * kDurationUnits[i].ms;
      next_unit = i + 1;
    }
    if (is_alpha(peek()) || peek() == '.') return fail(start_, "bad duration \"" + rest_of_word() + "\"; write it as 1h30m");
    if (!(total <= 9e15))
      return fail(start_, "duration \"" + rest_of_word() + "\" out of range; the longest is about 285,000 years");
    push(Tok::Duration).number = total;
    return {};
  }

  std::string rest_of_word() {
    while (is_alpha(peek()) || is_digit(peek()) || peek() == '.') ++at_;
    return std::string(source_.substr(start_, at_ - start_));
  }

  Status string(char quote) {
    ++at_;
    std::string text;
    for (;;) {
      if (at_ == source_.size()) return fail(start_, std::string("string without its end; close it with ") + quote);
      const char c = source_[at_];
      if (c == quote) break;
      if (c == '\n' && quote != '`') return fail(start_, "string runs over the end of the line; close it, or quote it with ` `");
      ++at_;
      if (c == '\\' && quote != '`') BONGSU_TRY_OK(escape(text, quote));
      else text += c;
    }
    ++at_;
    push(Tok::String).text = std::move(text);
    return {};
  }

  // Behind a backslash.
  Status escape(std::string& out, char quote) {
    const std::size_t where = at_ - 1;
    const char c = peek();
    ++at_;
    const auto number = [&](int digits, int base) -> std::optional<std::uint32_t> {
      std::uint32_t value = 0;
      for (int i = 0; i < digits; ++i, ++at_) {
        const int digit = hex_value(peek());
        if (digit < 0 || digit >= base) return std::nullopt;
        value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
      }
      return value;
    };
    std::optional<std::uint32_t> value;
    switch (c) {
      case 'a':
        out += '\a';
        return {};
      case 'b':
        out += '\b';
        return {};
      case 'f':
        out += '\f';
        return {};
      case 'n':
        out += '\n';
        return {};
      case 'r':
        out += '\r';
        return {};
      case 't':
        out += '\t';
        return {};
      case 'v':
        out += '\v';
        return {};
      case '\\':
        out += '\\';
        return {};
      case '\'':
      case '"':
        if (c != quote) break;
        out += c;
        return {};
      case 'x':
        value = number(2, 16);
        break;
      case 'u':
        value = number(4, 16);
        break;
      case 'U':
        value = number(8, 16);
        break;
      default:
        if (c >= '0' && c <= '7') {
          --at_;
          value = number(3, 8);
          if (value && *value > 255) value.reset();
        }
    }
    const bool octet = c == 'x' || (c >= '0' && c <= '7');
    if (!value || (!octet && (*value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)))) {
      return fail(where, "bad escape in a string; known are \\n \\t \\\\ \\\" \\xHH \\uHHHH and the like, or quote it with ` `");
    }
    if (octet) out += static_cast<char>(static_cast<unsigned char>(*value));
    else append_utf8(out, *value);
    return {};
  }

  Status mark(char c) {
    const auto one = [&](Tok kind) {
      ++at_;
      push(kind);
    };
    const auto two = [&](Tok kind) {
      at_ += 2;
      push(kind);
    };
    switch (c) {
      case '(':
        return one(Tok::LeftParen), Status{};
      case ')':
        return one(Tok::RightParen), Status{};
      case '{':
        return ++braces_, one(Tok::LeftBrace), Status{};
      case '}':
        return braces_ = std::max(0, braces_ - 1), one(Tok::RightBrace), Status{};
      case '[':
        return ++brackets_, one(Tok::LeftBracket), Status{};
      case ']':
        return brackets_ = std::max(0, brackets_ - 1), one(Tok::RightBracket), Status{};
      case ',':
        return one(Tok::Comma), Status{};
      case ':':
        return one(Tok::Colon), Status{};
      case '@':
        return one(Tok::At), Status{};
      case '+':
        return one(Tok::Add), Status{};
      case '-':
        return one(Tok::Sub), Status{};
      case '*':
        return one(Tok::Mul), Status{};
      case '/':
        return one(Tok::Div), Status{};
      case '%':
        return one(Tok::Mod), Status{};
      case '^':
        return one(Tok::Pow), Status{};
      case '<':
        return peek(1) == '=' ? two(Tok::Le) : one(Tok::Lt), Status{};
      case '>':
        return peek(1) == '=' ? two(Tok::Ge) : one(Tok::Gt), Status{};
      case '=':
        if (peek(1) == '=') return two(Tok::Eq), Status{};
        if (peek(1) == '~') return two(Tok::EqRegex), Status{};
        return one(Tok::Assign), Status{};
      case '!':
        if (peek(1) == '=') return two(Tok::Ne), Status{};
        if (peek(1) == '~') return two(Tok::NeRegex), Status{};
        return fail(at_, "unexpected \"!\"; negate with != or !~");
      case '&':
        return fail(at_, "unexpected \"&\"; PromQL writes \"and\"");
      case '|':
        return fail(at_, "unexpected \"|\"; PromQL writes \"or\"");
      default:
        break;
    }
    std::string shown(1, c);
    if (static_cast<unsigned char>(c) >= 0x80) {
      std::size_t end = at_ + 1;
      while (end < source_.size() && (static_cast<unsigned char>(source_[end]) & 0xc0) == 0x80) ++end;
      shown = source_.substr(at_, end - at_);
    }
    return fail(at_,
                "unexpected character \"" + escape_terminal(shown) + "\"; names beyond ASCII go in quotes, as in {\"name\"}");
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  int braces_ = 0;
  int brackets_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::string place_of(std::string_view source, std::size_t offset) {
  const std::string_view before = source.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t from = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  // Characters, not octets.
  const auto column = 1 + std::count_if(before.begin() + static_cast<std::ptrdiff_t>(from), before.end(),
                                        [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return std::to_string(line) + ":" + std::to_string(column);
}

Error parse_error(std::string_view source, std::size_t offset, const std::string& text) {
  return {Code::Invalid, place_of(source, offset) + ": parse error: " + text};
}

std::string show_place(std::string_view source, const Error& error) {
  // From "3:14: parse error: ...".
  const std::size_t colon = error.text.find(':');
  const std::size_t second = colon == std::string::npos ? colon : error.text.find(':', colon + 1);
  if (second == std::string::npos || error.text.compare(second, 14, ": parse error:") != 0) return {};
  const auto line = parse_unsigned(std::string_view(error.text).substr(0, colon));
  const auto column = parse_unsigned(std::string_view(error.text).substr(colon + 1, second - colon - 1));
  if (!line || !column || *line == 0 || *column == 0) return {};
  const std::vector<std::string_view> lines = split(source, '\n');
  if (*line > lines.size()) return {};
  const std::string_view whole = lines[static_cast<std::size_t>(*line) - 1];
  std::size_t before = 0;  // octets ahead of the place
  for (std::uint64_t left = *column - 1; left > 0 && before < whole.size(); --left) {
    ++before;
    while (before < whole.size() && (static_cast<unsigned char>(whole[before]) & 0xc0) == 0x80) ++before;
  }
  const std::size_t columns = shown_width(escape_terminal(whole.substr(0, before)));
  return "  " + escape_terminal(whole) + "\n  " + std::string(columns, ' ') + "^\n";
}

Result<std::vector<Token>> lex(std::string_view source) { return Lexer(source).run(); }

}  // namespace bongsu::query
