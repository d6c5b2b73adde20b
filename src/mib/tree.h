// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/oid.h"
#include "model/varbind.h"

namespace bongsu::mib {

enum class Kind : std::uint8_t { Node, Scalar, Table, Row, Column, Notification, Group, Module, Compliance, Capabilities };
enum class Syntax : std::uint8_t {
  None,
  Integer,
  OctetString,
  ObjectId,
  IpAddress,
  Counter32,
  Gauge32,
  TimeTicks,
  Opaque,
  Counter64,
  Bits,
  Unsigned32,
};
enum class Access : std::uint8_t { None, NotAccessible, Notify, ReadOnly, ReadWrite, ReadCreate, WriteOnly };
enum class DefStatus : std::uint8_t { None, Current, Deprecated, Obsolete, Mandatory, Optional };
std::string_view to_string(Kind kind);
std::string_view to_string(Syntax syntax);     // "INTEGER", "OCTET STRING"; empty for None
std::string_view to_string(Access access);     // "read-only"
std::string_view to_string(DefStatus status);  // "current"

class Tree;

struct EnumItem {
  std::string_view label;
  std::int64_t value = 0;  // for BITS: the bit's place, 0 is the first
};
struct ValueRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
};
struct NamedRef {
  std::string_view name;
  std::uint32_t object = 0xffffffff;  // its number, for Tree::at(); 0xffffffff when no loaded module defines it
  bool implied = false;
};

// One definition. Views live as long as the tree.
struct Object {
  const Tree* tree = nullptr;
  std::uint32_t number = 0;
  std::string_view name;
  std::string_view module;
  Kind kind = Kind::Node;
  Syntax type = Syntax::None;  // base type (SMI), whatever the convention
  Access access = Access::None;
  DefStatus status = DefStatus::None;
  std::string_view convention;  // textual convention's name, "DisplayString"; else empty
  std::string_view hint;        // DISPLAY-HINT
  std::string_view units;
  std::string_view description;
  std::string_view default_value;

  Oid oid() const;
  std::vector<EnumItem> enums() const;  // also the bits of BITS
  std::vector<ValueRange> ranges() const;
  // Of a row, a column or a table: INDEX in order; AUGMENTS is followed. Empty for the rest.
  std::vector<NamedRef> index() const;
  std::optional<Object> augments() const;  // the row that this row, or this column's row, augments
  std::vector<NamedRef> objects() const;   // of a notification
  std::optional<Object> parent() const;
  std::vector<Object> children() const;  // by number
};

struct ModuleInfo {
  std::string_view name;
  std::string_view file;
  std::string_view last_updated;  // as written, empty for SMIv1
  std::uint32_t declared = 0;     // names that the text assigns
  std::uint32_t objects = 0;      // of them, those that the tree holds
};
struct Problem {
  std::string file;
  std::uint32_t line = 0;  // 1 is the first; 0 when no place is known
  std::uint32_t column = 0;
  bool warning = false;
  std::string text;
  std::string to_string() const;  // "file:line:col: text"
};

using IndexLabels = std::vector<std::pair<std::string, std::string>>;

// All loaded MIB modules: a compiled image, mapped read-only and checked whole when it is opened. Thread: any (immutable).
class Tree {
 public:
  // Errors: Io, Corrupt (not an image, cut short, changed), Unsupported (another version: compile again).
  static Result<std::shared_ptr<const Tree>> open(const std::filesystem::path& image);
  static Result<std::shared_ptr<const Tree>> from_bytes(std::vector<std::uint8_t> image);
  // With nothing loaded: numbers stay numbers.
  static std::shared_ptr<const Tree> empty();
  ~Tree();
  Tree(const Tree&) = delete;

  std::uint64_t content_key() const;
  std::size_t size() const;  // objects, those without a name included
  Object at(std::uint32_t number) const;

  // "IF-MIB::ifName" or "ifName"; of several modules that define a plain name the one that SMIv2 gave it to comes first.
  std::optional<Object> find(std::string_view name) const;
  // The object of the longest known prefix; `used` is how many arcs it takes.
  std::optional<Object> find(std::span<const std::uint32_t> oid, std::size_t* used = nullptr) const;

  // "IF-MIB::ifName.3", "ifName.3", "sysUpTime.0", ".1.3.6.1", "1.3.6.1", "SNMPv2-MIB::system", "iso.3.6.1",
  // nsExtendOutLine."df".1, ipAddressIfIndex.ipv4."127.0.0.1": quoted index parts are encoded as the INDEX says,
  // "..." with a length where one is due, '...' without. Errors: Invalid, NotFound (with the nearest known name).
  Result<Oid> resolve(std::string_view text) const;

  // "IF-MIB::ifName.3", index parts by their types; numbers behind the longest known prefix else; dotted when unknown.
  std::string name_of(const Oid& oid) const;
  // A text for a person with each number of an object in it, "1.3.6.1.2.1.1.3.0", as name_of() where a module knows it.
  std::string with_names(std::string_view text) const;
  // By the object's syntax: "up(1)", DISPLAY-HINT, "12 seconds", "(4200) 0:00:42.00", "2026-11-23,1:2:3.4", bits by name.
  // Text without control characters stays text, other octets become hex. Device text: escape it at the edge.
  std::string format(const Oid& oid, const Value& value) const;
  // The value part alone, for an object that the caller has at hand. nullopt: nothing known, plain form.
  std::string format(const std::optional<Object>& object, const Value& value, bool with_units = true) const;

  // Name and text of each INDEX part of the row that `suffix` names: {"ifIndex","3"}. Nothing when the object has no
  // INDEX, or the suffix does not fit it.
  std::optional<IndexLabels> index_labels(const Object& column, std::span<const std::uint32_t> suffix) const;

  std::vector<ModuleInfo> modules() const;  // by name
  std::vector<Problem> problems() const;    // what the compiler had to say

  struct Image;  // mib/mapped.h, for the compiler and the tests

 private:
  friend struct Object;
  explicit Tree(std::unique_ptr<Image> image);
  std::vector<NamedRef> refs_of(std::uint32_t number) const;
  std::unique_ptr<Image> image_;
};

}  // namespace bongsu::mib
