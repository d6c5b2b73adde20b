// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "mib/mapped.h"

namespace bongsu::mib {

namespace {

Error unknown_name(const Tree& tree, const std::string& what, std::string_view module, std::string_view name) {
  // Only the names that begin alike: with every vendor's MIB loaded there are hundreds of thousands.
  std::vector<std::string_view> near;
  for (const ModuleInfo& info : tree.modules()) {
    if (!module.empty() && info.name == module) {
      module = {};
      break;
    }
    near.push_back(info.name);
  }
  if (!module.empty()) {
    const auto meant = nearest(module, near);
    return Error{Code::NotFound,
                 what + ": no loaded MIB module " + std::string(module) +
                     (meant ? "; did you mean " + std::string(*meant) + "?" : "; add its file to a folder of `mibs`")};
  }
  near.clear();
  for (std::uint32_t i = 0; i < tree.size(); ++i) {
    const std::string_view candidate = tree.at(i).name;
    const auto longer = std::max(candidate.size(), name.size()), shorter = std::min(candidate.size(), name.size());
    if (!candidate.empty() && !name.empty() && longer - shorter <= 3 && (candidate[0] | 0x20) == (name[0] | 0x20))
      near.push_back(candidate);
  }
  const auto meant = nearest(name, near);
  return Error{Code::NotFound, what + ": no loaded MIB defines " + std::string(name) +
                                   (meant ? "; did you mean " + std::string(*meant) + "?"
                                          : "; add its MIB file to a folder of `mibs`, or give numbers")};
}

// One piece of a suffix: a word up to the next dot, or a quoted string.
struct Piece {
  std::string text;
  char quote = 0;
};

Result<std::vector<Piece>> split_pieces(std::string_view text, const std::string& what) {
  std::vector<Piece> pieces;
  while (!text.empty()) {
    if (text[0] != '.') return Error{Code::Invalid, what + ": a dot is missing before '" + std::string(text) + "'"};
    text.remove_prefix(1);
    Piece piece;
    if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
      piece.quote = text[0];
      std::size_t at = 1;
      for (; at < text.size() && text[at] != piece.quote; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        piece.text += text[at];
      }
      if (at >= text.size()) return Error{Code::Invalid, what + ": the closing " + std::string(1, piece.quote) + " is missing"};
      text.remove_prefix(at + 1);
    } else {
      const auto end = std::min(text.find('.'), text.size());
      piece.text = text.substr(0, end);
      text.remove_prefix(end);
      if (piece.text.empty()) return Error{Code::Invalid, what + ": a part between dots is empty"};
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

std::string index_octets(const std::optional<Object>& object, const Piece& piece) {
  if (object && object->convention == "InetAddress") {
    if (auto octets = inet_octets(piece.text)) return *octets;
  }
  if (object && object->hint == "1x:") {
    if (const auto octets = from_hex(piece.text)) return {octets->begin(), octets->end()};
  }
  return piece.text;
}

}  // namespace

Result<Oid> Tree::resolve(std::string_view text) const {
  text = trim(text);
  const std::string what = "'" + std::string(text.substr(0, 200)) + "'";
  if (text.empty()) return Error{Code::Invalid, "an object's name is empty"};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string_view rest = text;
  if (rest[0] == '.') rest.remove_prefix(1);
  if (!rest.empty() && is_digit(rest[0])) return Oid::parse(text).context(what);

  std::string_view module;
  const auto colons = rest.substr(0, rest.find_first_of("\"'")).find("::");
  if (colons != std::string_view::npos) {
    module = rest.substr(0, colons);
    rest.remove_prefix(colons + 2);
  }
  const std::string_view name = rest.substr(0, rest.find('.'));
  rest.remove_prefix(name.size());
  if (name.empty() || (colons != std::string_view::npos && module.empty()))
    return Error{Code::Invalid, what + " is not MODULE::name.index"};
  const std::uint32_t number = image_->find_name(module, name);
  if (number == kNone) return unknown_name(*this, what, module, name);
  const Object object = at(number);
  const Oid base = object.oid();
  std::vector<std::uint32_t> arcs(base.arcs().begin(), base.arcs().end());

  BONGSU_TRY(const auto pieces, split_pieces(rest, what));
  const auto index = object.kind == Kind::Column ? object.index() : std::vector<NamedRef>();
  // Which INDEX part the next arc belongs to: `part` counts up as pieces and numbers fill them.
  std::size_t part = 0, owed = 0;
  for (const Piece& piece : pieces) {
    std::optional<Object> of;
    if (owed == 0 && part < index.size() && index[part].object < size()) of = at(index[part].object);
    if (piece.quote != 0) {
      const std::string octets = index_octets(of, piece);
      std::size_t fixed = 0;
      const bool bare =
          piece.quote == '\'' || (of && (index[part].implied || of->type == Syntax::IpAddress || fixed_size(*of, fixed)));
      if (!bare) arcs.push_back(static_cast<std::uint32_t>(octets.size()));
      for (const char c : octets) arcs.push_back(static_cast<std::uint8_t>(c));
      if (owed == 0) ++part;
      else --owed;
    } else {
      std::optional<std::uint64_t> arc = parse_unsigned(piece.text);
      if (!arc && of) {
        for (const EnumItem& item : of->enums()) {
          if (item.label == piece.text) arc = static_cast<std::uint64_t>(item.value);
        }
      }
      if (!arc || *arc > 0xffffffff) {
        // A child by its name, as in iso.org.dod: only where no index is.
        const std::uint32_t child = index.empty() ? image_->find_name({}, piece.text) : kNone;
        if (child == kNone || at(child).oid().size() != arcs.size() + 1 || !at(child).oid().starts_with(Oid(arcs))) {
          return Error{Code::Invalid,
                       what + ": '" + piece.text +
                           "' is neither a number of 32 bits nor a name of that part's enumeration; put text in quotes"};
        }
        arc = at(child).oid().back();
      }
      arcs.push_back(static_cast<std::uint32_t>(*arc));
      if (owed != 0) {
        if (--owed == 0) ++part;
      } else if (of) {
        std::size_t fixed = 0;
        if (of->type == Syntax::IpAddress) owed = 3;
        else if (fixed_size(*of, fixed) && fixed > 1) owed = fixed - 1;
        else if ((of->type == Syntax::OctetString || of->type == Syntax::ObjectId) && !index[part].implied &&
                 !fixed_size(*of, fixed))
          owed = std::min<std::size_t>(*arc, Oid::kMaxArcs);
        if (owed == 0) ++part;
      }
    }
    if (arcs.size() > Oid::kMaxArcs) return Error{Code::Invalid, what + ": more than 128 numbers"};
  }
  return Oid(std::move(arcs));
}

}  // namespace bongsu::mib
