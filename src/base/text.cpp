// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <dragonbox/dragonbox.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace bongsu {
namespace {

// Length of the valid UTF-8 sequence at the head of `text` (RFC 3629: no overlong forms, no surrogates), 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto more = [&](std::size_t i) { return i < text.size() && (at(i) & 0xc0) == 0x80; };
  const std::uint8_t head = at(0);
  if (head < 0x80) return 1;
  if (head >= 0xc2 && head <= 0xdf) return more(1) ? 2 : 0;
  if (head >= 0xe0 && head <= 0xef) {
    if (!more(1) || !more(2)) return 0;
    if (head == 0xe0 && at(1) < 0xa0) return 0;
    if (head == 0xed && at(1) > 0x9f) return 0;
    return 3;
  }
  if (head >= 0xf0 && head <= 0xf4) {
    if (!more(1) || !more(2) || !more(3)) return 0;
    if (head == 0xf0 && at(1) < 0x90) return 0;
    if (head == 0xf4 && at(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

template <class OnGood, class OnBad>
void each_character(std::string_view text, OnGood good, OnBad bad) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      bad(static_cast<std::uint8_t>(text[0]));
      text.remove_prefix(1);
    } else {
      good(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
}

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

bool without_width(char32_t c) {  // what joins the letter before it: accents, the later parts of a Hangul syllable
  return (c >= 0x0300 && c <= 0x036f) || (c >= 0x1160 && c <= 0x11ff) || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0xfe00 && c <= 0xfe0f);
}

bool wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_character(
      text,
      [&](std::string_view c) {
        switch (c[0]) {
          case '&':
            out += "&amp;";
            break;
          case '<':
            out += "&lt;";
            break;
          case '>':
            out += "&gt;";
            break;
          case '"':
            out += "&quot;";
            break;
          case '\'':
            out += "&#39;";
            break;
          default:
            if (static_cast<std::uint8_t>(c[0]) < 0x20 && c[0] != '\n' && c[0] != '\t') out += "\xef\xbf\xbd";
            else out += c;
        }
      },
      [&](std::uint8_t) { out += "\xef\xbf\xbd"; });
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  out += '"';
}

namespace {

// Line and paragraph separators, and the marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX #9).
bool is_direction(std::string_view c) {
  if (c == "\xd8\x9c") return true;  // U+061C
  if (c.size() != 3 || c[0] != '\xe2') return false;
  const auto last = static_cast<std::uint8_t>(c[2]);
  if (c[1] == '\x80') return last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae);  // U+200E, U+200F, U+2028..202E
  return c[1] == '\x81' && last >= 0xa6 && last <= 0xa9;                                      // U+2066..2069
}

}  // namespace

std::string escape_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto as_hex = [&](std::uint8_t octet) { out += fmt::format("\\x{:02x}", octet); };
  each_character(
      text,
      [&](std::string_view c) {
        const auto head = static_cast<std::uint8_t>(c[0]);
        // C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey; and what turns the direction of the text around.
        if (head < 0x20 || head == 0x7f || (head == 0xc2 && static_cast<std::uint8_t>(c[1]) < 0xa0) || is_direction(c)) {
          for (const char octet : c) as_hex(static_cast<std::uint8_t>(octet));
        } else {
          out += c;
        }
      },
      as_hex);
  return out;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_character(
      text, [&](std::string_view c) { out += c; }, [&](std::uint8_t) { out += "\xef\xbf\xbd"; });
  return out;
}

bool is_valid_utf8(std::string_view text) {
  bool valid = true;
  each_character(
      text, [](std::string_view) {}, [&](std::uint8_t) { valid = false; });
  return valid;
}

std::string to_hex(std::span<const std::uint8_t> octets) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const std::uint8_t octet : octets) {
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

std::optional<std::uint8_t> hex_octet(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto high = hex_digit(text[0]), low = hex_digit(text[1]);
  if (!high || !low) return std::nullopt;
  return static_cast<std::uint8_t>(*high << 4 | *low);
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
  std::vector<std::uint8_t> octets;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == ':') {
      ++i;
      continue;
    }
    const auto octet = hex_octet(text.substr(i));
    if (!octet) return std::nullopt;
    octets.push_back(*octet);
    i += 2;
  }
  return octets;
}

std::optional<double> parse_number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

namespace {
constexpr auto kPairs = [] {
  std::array<char, 200> out{};
  for (std::size_t i = 0; i < 100; ++i) {
    out[2 * i] = static_cast<char>('0' + i / 10);
    out[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return out;
}();

inline void write_eight(char* to, std::uint32_t value) {
  const std::uint32_t high = value / 10'000, low = value % 10'000;
  std::memcpy(to, &kPairs[std::size_t{2} * (high / 100)], 2);
  std::memcpy(to + 2, &kPairs[std::size_t{2} * (high % 100)], 2);
  std::memcpy(to + 4, &kPairs[std::size_t{2} * (low / 100)], 2);
  std::memcpy(to + 6, &kPairs[std::size_t{2} * (low % 100)], 2);
}

// Up to 16 octets in copies of a known length, which are quicker than one of any; writes no octet more.
char* put_few(char* to, const char* from, std::size_t size) {
  if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
  }
  return to + size;
}
}  // namespace

char* write_positional(char* to, double finite) {
  if (std::signbit(finite)) *to++ = '-';
  if (finite == 0) {
    *to++ = '0';
    return to;
  }
  // The shortest digits that read back as the same double: 17 at most.
  const auto decimal = jkj::dragonbox::to_decimal(std::abs(finite), jkj::dragonbox::policy::sign::ignore);
  constexpr std::uint64_t kLow = 10'000'000'000'000'000;
  constexpr std::uint64_t kHalf = 100'000'000;
  constexpr int kDigits = 17;
  std::array<char, 2 * kDigits> digits{};
  digits[0] = static_cast<char>('0' + decimal.significand / kLow);
  write_eight(&digits[1], static_cast<std::uint32_t>(decimal.significand % kLow / kHalf));
  write_eight(&digits[9], static_cast<std::uint32_t>(decimal.significand % kHalf));
  const char* first = digits.data();
  while (*first == '0') ++first;
  const int count = static_cast<int>(digits.data() + kDigits - first);
  const int whole = count + decimal.exponent;  // digits before the point
  const auto put = [&to](const char* from, int size) {
    std::memcpy(to, from, kDigits);  // always as many: a room holds them wherever it is called
    to += size;
  };
  const auto zeros = [&to](int size) { to = std::fill_n(to, size, '0'); };
  if (whole <= 0) {
    *to++ = '0';
    *to++ = '.';
    zeros(-whole);
    put(first, count);
  } else if (count <= whole) {
    put(first, count);
    if (count < whole) zeros(whole - count);
  } else {
    put(first, whole);
    *to++ = '.';
    to = put_few(to, first + whole, static_cast<std::size_t>(count - whole));
  }
  return to;
}

char* write_number(char* to, double value) {
  const auto word = [&](std::string_view text) { return std::copy(text.begin(), text.end(), to); };
  if (std::isnan(value)) return word("NaN");
  if (std::isinf(value)) return word(value > 0 ? "+Inf" : "-Inf");
  // As Go's 'f' -1 form does within Prometheus' range: whole numbers stay whole, large ones do not turn to exponents early.
  const double size = std::abs(value);
  if (size != 0 && (size < 1e-6 || size >= 1e21))
    return std::to_chars(to, to + kNumberRoom, value, std::chars_format::scientific).ptr;
  // A whole number that a double holds exactly is printed quickest as one.
  if (size < 1e15 && value == std::trunc(value) && !(value == 0 && std::signbit(value)))
    return std::to_chars(to, to + kNumberRoom, static_cast<std::int64_t>(value)).ptr;
  return write_positional(to, value);
}

std::string format_number(double value) {
  std::array<char, kNumberRoom> room{};
  return {room.data(), write_number(room.data(), value)};
}

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(mark);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) {
  static constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end == text.data()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  static constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  if (unit.empty()) return value;
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (unit != kUnits[i]) continue;
    if (i > 0 && value > (~std::uint64_t{0} >> (10 * i))) return std::nullopt;
    return value << (10 * i);
  }
  return std::nullopt;
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > 64 || word.size() > 64) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::size_t shown_width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto head = static_cast<std::uint8_t>(text[i]);
    const std::size_t length = head < 0x80 ? 1 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;
    char32_t c = length == 1 ? head : head & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) c = c << 6 | (static_cast<std::uint8_t>(text[i + k]) & 0x3fU);
    columns += without_width(c) ? 0 : wide(c) ? 2 : 1;
    i += length;
  }
  return columns;
}

}  // namespace bongsu
