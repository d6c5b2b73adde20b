// SPDX-License-Identifier: Apache-2.0
#include "mib/mapped.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace bongsu::mib {

Tree::Image::~Image() {
  if (mapping != nullptr) ::munmap(mapping, mapped);
}

Result<std::unique_ptr<Tree::Image>> Tree::Image::map(const std::filesystem::path& file) {
  const auto refuse = [&](const char* what) {
    return Error{errno == ENOENT ? Code::NotFound : Code::Io,
                 "MIB image " + file.string() + ": " + what + ": " + std::strerror(errno)};
  };
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return refuse("open");
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    ::close(fd);
    return refuse("stat");
  }
  auto image = std::make_unique<Image>();
  image->mapped = static_cast<std::size_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || image->mapped < sizeof(Header)) {
    ::close(fd);
    return Error{Code::Corrupt, "MIB image " + file.string() + ": too short; delete it, it is compiled again at the next start"};
  }
  void* at = ::mmap(nullptr, image->mapped, PROT_READ, MAP_PRIVATE, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) return refuse("map");
  image->mapping = at;
  if (auto status = image->adopt({static_cast<const std::uint8_t*>(at), image->mapped}); !status) {
    return Error(status.error()).context("MIB image " + file.string());
  }
  return image;
}

Status Tree::Image::adopt(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < sizeof(Header)) return Error{Code::Corrupt, "too short for a MIB image"};
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kImageMagic, sizeof kImageMagic) != 0) return Error{Code::Corrupt, "not a MIB image"};
  if (header.version != kImageVersion || header.byte_order != 0x01020304) {
    return Error{Code::Unsupported, "a MIB image of version " + std::to_string(header.version) + "; compile the MIBs again"};
  }
  if (header.size != bytes.size())
    return Error{Code::Corrupt, "cut short: " + std::to_string(bytes.size()) + " of " + std::to_string(header.size) + " octets"};
  if (image_checksum(bytes.subspan(sizeof header)) != header.checksum) return Error{Code::Corrupt, "checksum differs"};

  const auto section = [&]<class Record>(Section which, std::span<const Record>& out) -> bool {
    const auto [at, count] = header.sections[which];
    if (at % 8 != 0 || at < sizeof header || at > bytes.size() || count > (bytes.size() - at) / sizeof(Record) || count >= kNone)
      return false;
    out = {reinterpret_cast<const Record*>(bytes.data() + at), static_cast<std::size_t>(count)};
    return true;
  };
  if (!section(kTexts, texts) || !section(kObjects, objects) || !section(kEnums, enums) || !section(kRanges, ranges) ||
      !section(kRefs, refs) || !section(kNames, names) || !section(kModules, modules) || !section(kProblems, problems) ||
      !section(kImports, imports) || !section(kFiles, files)) {
    return Error{Code::Corrupt, "a section lies outside the file"};
  }
  return check();
}

Status Tree::Image::check() const {
  const auto wrong = [](const char* what) { return Error{Code::Corrupt, std::string("wrong number in ") + what}; };
  const auto text_ok = [this](TextAt at) {
    if (at > texts.size() || texts.size() - at < 4) return false;
    std::uint32_t size;
    std::memcpy(&size, texts.data() + at, 4);
    return size <= texts.size() - at - 4;
  };
  const auto list_ok = [](std::uint32_t first, std::uint32_t count, std::size_t size) {
    return first <= size && count <= size - first;
  };
  const auto object_ok = [this](std::uint32_t number) { return number == kNone || number < objects.size(); };

  // Breadth first: the children of each object follow those of the one before, which rules out cycles and strays.
  std::size_t next = 0;
  while (next < objects.size() && objects[next].parent == kNone) ++next;
  const_cast<Image*>(this)->roots = static_cast<std::uint32_t>(next);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const ObjectRecord& o = objects[i];
    if (i < roots ? o.depth != 1 || o.parent != kNone : o.parent >= i) return wrong("the tree");
    if (i >= roots && (o.depth > kMaxDepth || o.depth != objects[o.parent].depth + 1)) return wrong("the depth of an object");
    if (i != 0 && objects[i - 1].parent == o.parent && objects[i - 1].subid > o.subid) return wrong("the order of objects");
    if (o.children != 0) {
      if (o.first_child != next || !list_ok(o.first_child, o.children, objects.size())) return wrong("the children of an object");
      for (std::size_t child = next; child < next + o.children; ++child) {
        if (objects[child].parent != i) return wrong("the parent of an object");
      }
      next += o.children;
    }
    if (!text_ok(o.name) || !text_ok(o.convention) || !text_ok(o.hint) || !text_ok(o.units) || !text_ok(o.description) ||
        !text_ok(o.default_value))
      return wrong("a text");
    if (o.module != kNone && o.module >= modules.size()) return wrong("the module of an object");
    if (!list_ok(o.first_enum, o.enums, enums.size()) || !list_ok(o.first_range, o.ranges, ranges.size()) ||
        !list_ok(o.first_ref, o.refs, refs.size()))
      return wrong("a list");
    if (!object_ok(o.augments)) return wrong("AUGMENTS");
    if (o.kind > static_cast<std::uint8_t>(Kind::Capabilities) || o.syntax > static_cast<std::uint8_t>(Syntax::Unsigned32) ||
        o.access > static_cast<std::uint8_t>(Access::WriteOnly) || o.status > static_cast<std::uint8_t>(DefStatus::Optional)) {
      return wrong("a type");
    }
  }
  if (next != objects.size()) return wrong("the tree");
  for (const EnumRecord& e : enums) {
    if (!text_ok(e.label)) return wrong("an enumeration");
  }
  for (const RefRecord& r : refs) {
    if (!text_ok(r.name) || !object_ok(r.object)) return wrong("a reference");
  }
  for (const ModuleRecord& m : modules) {
    if (!text_ok(m.name) || !text_ok(m.file) || !text_ok(m.last_updated)) return wrong("a module");
  }
  for (const ProblemRecord& p : problems) {
    if (!text_ok(p.file) || !text_ok(p.text)) return wrong("a problem");
  }
  for (const ImportRecord& i : imports) {
    if (i.module >= modules.size() || !text_ok(i.from)) return wrong("an import");
  }
  for (const FileRecord& f : files) {
    if (!text_ok(f.path)) return wrong("a file");
  }
  if ((names.size() & (names.size() - 1)) != 0) return wrong("the table of names");
  bool free = names.empty();
  for (const NameSlot& n : names) {
    if (n.object == kNone) free = true;
    else if (n.object >= objects.size() || (n.module != kNone && n.module >= modules.size())) return wrong("the table of names");
  }
  if (!free) return wrong("the table of names: it has no end");
  return {};
}

std::optional<std::size_t> Tree::Image::find_slot(std::string_view module, std::string_view name) const {
  if (names.empty() || name.empty()) return std::nullopt;
  for (std::size_t slot = name_hash(module, name) & (names.size() - 1); names[slot].object != kNone;
       slot = (slot + 1) & (names.size() - 1)) {
    const NameSlot& entry = names[slot];
    if (module_name(entry.module) == module && text(objects[entry.object].name) == name) return slot;
  }
  return std::nullopt;
}

std::uint32_t Tree::Image::find_name(std::string_view module, std::string_view name) const {
  const auto slot = find_slot(module, name);
  return slot ? names[*slot].object : kNone;
}

std::uint32_t Tree::Image::find_child(std::uint32_t parent, std::uint32_t subid) const {
  const std::uint32_t first = parent == kNone ? 0 : objects[parent].first_child;
  const std::uint32_t count = parent == kNone ? roots : objects[parent].children;
  const auto among = objects.subspan(first, count);
  const auto at = std::lower_bound(among.begin(), among.end(), subid,
                                   [](const ObjectRecord& o, std::uint32_t want) { return o.subid < want; });
  if (at == among.end() || at->subid != subid) return kNone;
  return first + static_cast<std::uint32_t>(at - among.begin());
}

}  // namespace bongsu::mib
