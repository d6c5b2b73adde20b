// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "mib/mapped.h"

namespace bongsu::mib {

namespace {

bool is_octets(Syntax type) { return type == Syntax::OctetString || type == Syntax::Bits || type == Syntax::Opaque; }

std::string in_quotes(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    if (c == mark || c == '\\') out += '\\';
    out += c;
  }
  return out + mark;
}

// The text of octets in an index, and the form that resolve() takes.
void describe_octets(IndexPart& part, std::optional<std::int64_t> inet_type) {
  const Object& object = *part.object;
  const char mark = part.has_length ? '"' : '\'';
  std::optional<std::string> text;
  bool reads_back = true;
  if (object.convention == "InetAddress") text = inet_text(part.octets, inet_type);
  if (!text && !object.hint.empty() && object.hint.find_first_of("at") == std::string_view::npos) {
    text = apply_hint(object.hint, part.octets);
    reads_back = object.hint == "1x:";
  }
  if (!text && is_plain_text(part.octets) && part.octets.find_first_of("\r\n\t") == std::string::npos) text = part.octets;
  reads_back = reads_back && text;
  part.text = text ? *text : hex_pairs(part.octets);
  part.symbol = reads_back ? in_quotes(part.text, mark) : dotted(part.arcs);
}

bool describe(IndexPart& part, std::optional<std::int64_t> inet_type) {
  const Object& object = *part.object;
  if (is_octets(object.type) || object.type == Syntax::IpAddress) {
    for (const std::uint32_t arc : part.arcs.subspan(part.has_length ? 1 : 0)) {
      if (arc > 255) return false;
      part.octets += static_cast<char>(arc);
    }
    if (object.type != Syntax::IpAddress) return describe_octets(part, inet_type), true;
    part.text = part.symbol = dotted(part.arcs);
    return true;
  }
  if (object.type == Syntax::ObjectId) {
    part.text = object.tree->name_of(Oid(part.arcs.subspan(part.has_length ? 1 : 0)));
    part.symbol = dotted(part.arcs);
    return true;
  }
  part.text = part.symbol = std::to_string(part.arcs[0]);
  for (const EnumItem& item : object.enums()) {
    if (item.value == static_cast<std::int64_t>(part.arcs[0])) part.text = part.symbol = item.label;
  }
  return true;
}

}  // namespace

bool fixed_size(const Object& object, std::size_t& size) {
  const auto ranges = object.ranges();
  if (!is_octets(object.type) || ranges.size() != 1 || ranges[0].low != ranges[0].high || ranges[0].low < 0 ||
      ranges[0].low > 128)
    return false;
  size = static_cast<std::size_t>(ranges[0].low);
  return true;
}

std::optional<std::vector<IndexPart>> split_index(const Tree& tree, const Object& column, std::span<const std::uint32_t> suffix) {
  const auto names = column.index();
  if (names.empty()) return std::nullopt;
  std::vector<IndexPart> parts;
  std::optional<std::int64_t> inet_type;
  for (const NamedRef& name : names) {
    if (name.object >= tree.size()) return std::nullopt;
    IndexPart part{.object = tree.at(name.object), .name = name.name, .arcs = {}, .octets = {}, .text = {}, .symbol = {}};
    std::size_t size = 1;
    if (part.object->type == Syntax::IpAddress) {
      size = 4;
    } else if (part.object->type == Syntax::ObjectId || is_octets(part.object->type)) {
      if (name.implied) {
        size = suffix.size();
      } else if (!fixed_size(*part.object, size)) {
        if (suffix.empty() || suffix[0] >= Oid::kMaxArcs) return std::nullopt;
        size = suffix[0] + std::size_t{1};
        part.has_length = true;
      }
    } else if (part.object->type == Syntax::None) {
      return std::nullopt;
    }
    if (size > suffix.size()) return std::nullopt;
    part.arcs = suffix.first(size);
    suffix = suffix.subspan(size);
    if (!describe(part, inet_type)) return std::nullopt;
    if (part.object->convention == "InetAddressType") inet_type = part.arcs[0];
    parts.push_back(std::move(part));
  }
  if (!suffix.empty()) return std::nullopt;
  return parts;
}

std::optional<IndexLabels> Tree::index_labels(const Object& column, std::span<const std::uint32_t> suffix) const {
  auto parts = split_index(*this, column, suffix);
  if (!parts) return std::nullopt;
  IndexLabels labels;
  for (IndexPart& part : *parts) labels.emplace_back(part.name, std::move(part.text));
  return labels;
}

std::string Tree::name_of(const Oid& oid) const {
  std::size_t used = 0;
  const auto object = find(oid.arcs(), &used);
  if (!object) return oid.to_string();
  std::string out;
  if (!object->module.empty()) out = std::string(object->module) + "::";
  out += object->name;
  const auto suffix = oid.suffix(used);
  if (suffix.empty()) return out;
  if (object->kind == Kind::Column) {
    if (const auto parts = split_index(*this, *object, suffix)) {
      for (const IndexPart& part : *parts) out += "." + part.symbol;
      return out;
    }
  }
  return out + "." + dotted(suffix);
}

std::string Tree::with_names(std::string_view text) const {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kRoot = "1.3.6.1.";
  const auto part_of_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == ':';
  };
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find(kRoot);
    if (at == std::string_view::npos) break;
    std::size_t end = at;
    while (end < text.size() && kDigits.find(text[end]) != std::string_view::npos) {
      while (end < text.size() && kDigits.find(text[end]) != std::string_view::npos) ++end;
      if (end + 1 < text.size() && text[end] == '.' && kDigits.find(text[end + 1]) != std::string_view::npos) ++end;
    }
    const bool alone = (at == 0 || !part_of_word(text[at - 1])) &&
                       (end == text.size() || std::isalpha(static_cast<unsigned char>(text[end])) == 0);
    const auto oid = alone ? Oid::parse(text.substr(at, end - at)) : Result<Oid>(Oid());
    out += text.substr(0, at);
    out += alone && oid ? name_of(*oid) : std::string(text.substr(at, end - at));
    text.remove_prefix(end);
  }
  return out + std::string(text);
}

}  // namespace bongsu::mib
