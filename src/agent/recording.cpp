// SPDX-License-Identifier: Apache-2.0
#include "agent/recording.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/text.h"

namespace bongsu::agent {
namespace {

constexpr std::uintmax_t kMaxFile = 256U << 20;
constexpr std::size_t kMaxOctets = 65'000;  // what a datagram could carry

enum class Writing { Plain, Hex, HexTwice, Escaped };

std::optional<std::string> unhex(std::string_view text) {
  const auto octets = from_hex(text);
  if (!octets) return std::nullopt;
  return std::string(octets->begin(), octets->end());
}

std::optional<std::string> unescape(std::string_view text) {
  static constexpr std::string_view kLetters = "nrtabfv0\\'\"";
  static constexpr std::string_view kMeanings("\n\r\t\a\b\f\v\0\\'\"", 11);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == 'x') {
      const auto octet = hex_octet(text.substr(i + 1));
      if (!octet) return std::nullopt;
      out += static_cast<char>(*octet);
      i += 2;
    } else if (const std::size_t at = kLetters.find(text[i]); at != std::string_view::npos) {
      out += kMeanings[at];
    } else {
      return std::nullopt;
    }
  }
  return out;
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  text = trim(text);
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// An OID that BER can carry: X.690 section 8.19.4 folds the first two arcs into one number.
std::optional<Oid> encodable_oid(std::string_view text) {
  auto oid = Oid::parse(trim(text));
  if (!oid || oid->size() < 2 || (*oid)[0] > 2 || ((*oid)[0] < 2 && (*oid)[1] > 39)) return std::nullopt;
  if ((*oid)[1] > std::numeric_limits<std::uint32_t>::max() - 80) return std::nullopt;
  return std::move(*oid);
}

std::optional<std::string> dotted_quad(std::string_view text) {
  const auto parts = split(trim(text), '.');
  if (parts.size() != 4) return std::nullopt;
  std::string out;
  for (const std::string_view part : parts) {
    const auto octet = whole_number<std::uint8_t>(part);
    if (!octet) return std::nullopt;
    out += static_cast<char>(*octet);
  }
  return out;
}

struct Row {
  std::string_view oid;
  std::string_view type;
  std::string_view value;
};

// The value as the text tells it, or why it cannot be one.
Result<Value> read_value(int tag, Writing writing, std::string_view text) {
  const Error unfit{Code::Invalid, "the value does not fit its type"};
  std::optional<std::string> decoded;
  if (writing == Writing::Hex) decoded = unhex(text);
  if (writing == Writing::HexTwice) {
    if (const auto once = unhex(text)) decoded = unhex(*once);
  }
  if (writing == Writing::Escaped) decoded = unescape(text);
  if (writing != Writing::Plain && !decoded) return Error{Code::Invalid, "the value is not written as its type's letter says"};
  if (decoded) text = *decoded;

  const auto type = static_cast<ValueType>(tag);
  switch (type) {
    case ValueType::Integer:
      if (const auto number = whole_number<std::int32_t>(text)) return Value::of_integer(*number);
      return unfit;
    case ValueType::Counter32:
    case ValueType::Gauge32:
    case ValueType::TimeTicks:
      if (const auto number = whole_number<std::uint32_t>(text)) return Value::of_number(type, *number);
      return unfit;
    case ValueType::Counter64:
      if (const auto number = whole_number<std::uint64_t>(text)) return Value::of_number(type, *number);
      return unfit;
    case ValueType::Null:
      return Value{};
    case ValueType::ObjectId:
      if (auto oid = encodable_oid(text)) return Value::of_oid(std::move(*oid));
      return unfit;
    case ValueType::IpAddress: {
      if (!decoded) decoded = dotted_quad(text);
      if (!decoded || decoded->size() != 4) return unfit;
      return Value{.type = type, .octets = std::move(*decoded)};
    }
    case ValueType::OctetString:
    case ValueType::Opaque:
      if (text.size() > kMaxOctets) return Error{Code::Limit, "the value is longer than a datagram"};
      return Value{.type = type, .octets = std::string(text)};
    default:
      return Error{Code::Unsupported, "no such type in SNMP"};
  }
}

Result<Varbind> read_row(std::string_view line) {
  const std::size_t first = line.find('|');
  const std::size_t second = first == std::string_view::npos ? first : line.find('|', first + 1);
  if (second == std::string_view::npos) return Error{Code::Invalid, "not OID|type|value"};
  const Row row{line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
  auto oid = encodable_oid(row.oid);
  if (!oid) return Error{Code::Invalid, "not an OID in numbers"};
  std::string_view type = row.type;
  Writing writing = Writing::Plain;
  if (type.ends_with("xx")) writing = Writing::HexTwice, type.remove_suffix(2);
  else if (type.ends_with('x')) writing = Writing::Hex, type.remove_suffix(1);
  else if (type.ends_with('e')) writing = Writing::Escaped, type.remove_suffix(1);
  const auto tag = whole_number<std::uint8_t>(type);
  if (!tag) return Error{Code::Invalid, "the type is not a number with x, xx or e"};
  BONGSU_TRY(Value value, read_value(*tag, writing, row.value));
  return Varbind{std::move(*oid), std::move(value)};
}

}  // namespace

Recording Recording::parse(std::string_view text) {
  Recording out;
  out.objects.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  bool sorted = true;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    auto row = read_row(line);
    if (!row) {
      ++out.skipped;
      if (out.notes.size() < kNotesKept) out.notes.push_back({number, row.error().text});
      continue;
    }
    sorted = sorted && (out.objects.empty() || out.objects.back().oid < row->oid);
    out.objects.push_back(std::move(*row));
  }
  if (sorted) return out;
  std::stable_sort(out.objects.begin(), out.objects.end(), [](const Varbind& a, const Varbind& b) { return a.oid < b.oid; });
  auto kept = out.objects.begin();
  for (auto at = out.objects.begin() + 1; at != out.objects.end(); ++at) {
    if (at->oid == kept->oid) ++out.duplicates;
    else ++kept;
    if (kept != at) *kept = std::move(*at);
  }
  out.objects.erase(kept + 1, out.objects.end());
  return out;
}

Result<Recording> Recording::read(const std::filesystem::path& file) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  if (fault) {
    const Code code = fault == std::errc::no_such_file_or_directory ? Code::NotFound : Code::Io;
    return Error{code, "read recording " + file.string() + ": " + fault.message()};
  }
  if (size > kMaxFile) return Error{Code::Limit, "read recording " + file.string() + ": larger than 256 MiB; split it"};
  std::string text(static_cast<std::size_t>(size), '\0');
  std::ifstream in(file, std::ios::binary);
  if (!in.read(text.data(), static_cast<std::streamsize>(size)) && size > 0) {
    return Error{Code::Io, "read recording " + file.string() + ": " + std::strerror(errno)};
  }
  Recording out = parse(text);
  if (out.objects.empty() && out.skipped > 0) {
    return Error{Code::Invalid, "read recording " + file.string() + ": none of its " + std::to_string(out.skipped) +
                                    " rows is an object (line " + std::to_string(out.notes[0].line) + ": " + out.notes[0].why +
                                    "); rows look like 1.3.6.1.2.1.1.5.0|4|name"};
  }
  return out;
}

}  // namespace bongsu::agent
