// SPDX-License-Identifier: Apache-2.0
#include "mib/tree.h"

#include <algorithm>

#include "mib/mapped.h"

namespace bongsu::mib {

std::string_view to_string(Kind kind) {
  constexpr std::string_view kWords[] = {"node",         "scalar", "table",  "row",        "column",
                                         "notification", "group",  "module", "compliance", "capabilities"};
  return kWords[static_cast<std::size_t>(kind)];
}
std::string_view to_string(Syntax syntax) {
  constexpr std::string_view kWords[] = {"",        "INTEGER",   "OCTET STRING", "OBJECT IDENTIFIER", "IpAddress", "Counter32",
                                         "Gauge32", "TimeTicks", "Opaque",       "Counter64",         "BITS",      "Unsigned32"};
  return kWords[static_cast<std::size_t>(syntax)];
}
std::string_view to_string(Access access) {
  constexpr std::string_view kWords[] = {
      "", "not-accessible", "accessible-for-notify", "read-only", "read-write", "read-create", "write-only"};
  return kWords[static_cast<std::size_t>(access)];
}
std::string_view to_string(DefStatus status) {
  constexpr std::string_view kWords[] = {"", "current", "deprecated", "obsolete", "mandatory", "optional"};
  return kWords[static_cast<std::size_t>(status)];
}

std::string Problem::to_string() const {
  std::string out = file;
  if (line != 0) out += ":" + std::to_string(line);
  if (line != 0 && column != 0) out += ":" + std::to_string(column);
  return (out.empty() ? out : out + ": ") + (warning ? "warning: " : "") + text;
}

Tree::Tree(std::unique_ptr<Image> image) : image_(std::move(image)) {}
Tree::~Tree() = default;

Result<std::shared_ptr<const Tree>> Tree::open(const std::filesystem::path& file) {
  BONGSU_TRY(auto image, Image::map(file));
  return std::shared_ptr<const Tree>(new Tree(std::move(image)));
}

Result<std::shared_ptr<const Tree>> Tree::from_bytes(std::vector<std::uint8_t> bytes) {
  auto image = std::make_unique<Image>();
  image->owned = std::move(bytes);
  BONGSU_TRY_OK(image->adopt(image->owned));
  return std::shared_ptr<const Tree>(new Tree(std::move(image)));
}

std::shared_ptr<const Tree> Tree::empty() { return std::shared_ptr<const Tree>(new Tree(std::make_unique<Image>())); }

std::uint64_t Tree::content_key() const { return image_->header.content_key; }
std::size_t Tree::size() const { return image_->objects.size(); }

Object Tree::at(std::uint32_t number) const {
  BONGSU_CHECK(number < image_->objects.size());
  const ObjectRecord& o = image_->objects[number];
  return Object{.tree = this,
                .number = number,
                .name = image_->text(o.name),
                .module = image_->module_name(o.module),
                .kind = static_cast<Kind>(o.kind),
                .type = static_cast<Syntax>(o.syntax),
                .access = static_cast<Access>(o.access),
                .status = static_cast<DefStatus>(o.status),
                .convention = image_->text(o.convention),
                .hint = image_->text(o.hint),
                .units = image_->text(o.units),
                .description = image_->text(o.description),
                .default_value = image_->text(o.default_value)};
}

std::optional<Object> Tree::find(std::string_view name) const {
  std::string_view module;
  if (const auto colons = name.find("::"); colons != std::string_view::npos) {
    module = name.substr(0, colons);
    name = name.substr(colons + 2);
    if (module.empty()) return std::nullopt;
  }
  const std::uint32_t number = image_->find_name(module, name);
  if (number == kNone) return std::nullopt;
  return at(number);
}

std::optional<Object> Tree::find(std::span<const std::uint32_t> oid, std::size_t* used) const {
  std::uint32_t here = kNone, named = kNone;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < oid.size(); ++i) {
    here = image_->find_child(here, oid[i]);
    if (here == kNone) break;
    const ObjectRecord& object = image_->objects[here];
    if (object.name == 0) continue;
    // A name given to an instance, such as sysUpTimeInstance, says less than the object's.
    if (named != kNone && object.kind == static_cast<std::uint8_t>(Kind::Node) && object.parent == named &&
        image_->objects[named].syntax != static_cast<std::uint8_t>(Syntax::None))
      continue;
    named = here;
    depth = i + 1;
  }
  if (named == kNone) return std::nullopt;
  if (used != nullptr) *used = depth;
  return at(named);
}

std::vector<ModuleInfo> Tree::modules() const {
  std::vector<ModuleInfo> out;
  for (const ModuleRecord& m : image_->modules) {
    out.push_back({image_->text(m.name), image_->text(m.file), image_->text(m.last_updated), m.declared, m.objects});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

std::vector<Problem> Tree::problems() const {
  std::vector<Problem> out;
  for (const ProblemRecord& p : image_->problems) {
    out.push_back({std::string(image_->text(p.file)), p.line, p.column, p.warning != 0, std::string(image_->text(p.text))});
  }
  return out;
}

Oid Object::oid() const {
  std::vector<std::uint32_t> arcs(tree->image_->objects[number].depth);
  std::uint32_t here = number;
  for (std::size_t i = arcs.size(); i-- != 0; here = tree->image_->objects[here].parent)
    arcs[i] = tree->image_->objects[here].subid;
  return Oid(std::move(arcs));
}

std::vector<EnumItem> Object::enums() const {
  const auto& image = *tree->image_;
  const ObjectRecord& o = image.objects[number];
  std::vector<EnumItem> out;
  for (const EnumRecord& e : image.enums.subspan(o.first_enum, o.enums)) out.push_back({image.text(e.label), e.value});
  return out;
}

std::vector<ValueRange> Object::ranges() const {
  const auto& image = *tree->image_;
  const ObjectRecord& o = image.objects[number];
  std::vector<ValueRange> out;
  for (const RangeRecord& r : image.ranges.subspan(o.first_range, o.ranges)) out.push_back({r.low, r.high});
  return out;
}

std::vector<NamedRef> Tree::refs_of(std::uint32_t number) const {
  const ObjectRecord& o = image_->objects[number];
  std::vector<NamedRef> out;
  for (const RefRecord& r : image_->refs.subspan(o.first_ref, o.refs))
    out.push_back({image_->text(r.name), r.object, r.implied != 0});
  return out;
}

std::vector<NamedRef> Object::index() const {
  const auto& image = *tree->image_;
  std::uint32_t row = number;
  if (kind == Kind::Column) row = image.objects[number].parent;
  if (kind == Kind::Table && image.objects[number].children != 0) row = image.objects[number].first_child;
  // A row that augments has no INDEX of its own; a chain of them, or a ring, ends after a few steps.
  for (int step = 0; step < 8 && row != kNone; ++step) {
    if (static_cast<Kind>(image.objects[row].kind) != Kind::Row) return {};
    if (image.objects[row].refs != 0) return tree->refs_of(row);
    row = image.objects[row].augments;
  }
  return {};
}

std::optional<Object> Object::augments() const {
  const auto& image = *tree->image_;
  const std::uint32_t row = kind == Kind::Column ? image.objects[number].parent : number;
  if (row == kNone || image.objects[row].augments == kNone) return std::nullopt;
  return tree->at(image.objects[row].augments);
}

std::vector<NamedRef> Object::objects() const {
  if (kind != Kind::Notification) return {};
  return tree->refs_of(number);
}

std::optional<Object> Object::parent() const {
  const std::uint32_t up = tree->image_->objects[number].parent;
  if (up == kNone) return std::nullopt;
  return tree->at(up);
}

std::vector<Object> Object::children() const {
  const ObjectRecord& o = tree->image_->objects[number];
  std::vector<Object> out;
  for (std::uint32_t i = 0; i < o.children; ++i) out.push_back(tree->at(o.first_child + i));
  return out;
}

}  // namespace bongsu::mib
