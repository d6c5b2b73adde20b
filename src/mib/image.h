// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mib/tree.h"

// The compiled image: written by the compiler's process, mapped by the daemon. Layout in FORMAT.md.
namespace bongsu::mib {

constexpr std::uint32_t kImageVersion = 2;
constexpr char kImageMagic[8] = {'B', 'N', 'G', 'S', 'U', 'M', 'I', 'B'};
constexpr std::uint32_t kNone = 0xffffffff;
constexpr std::size_t kMaxDepth = 128;  // arcs of an OID (RFC 2578 section 3.5)

// Where a text starts in the text section: a 32-bit length, then its octets. 0 is the empty text.
using TextAt = std::uint32_t;

struct ObjectRecord {
  TextAt name;  // empty: a number without a name
  std::uint32_t module;
  std::uint32_t parent;
  std::uint32_t subid;
  std::uint32_t first_child;  // children stand together, sorted by subid
  std::uint32_t children;
  std::uint32_t first_enum;
  std::uint32_t enums;
  std::uint32_t first_range;
  std::uint32_t ranges;
  std::uint32_t first_ref;  // INDEX objects of a row, OBJECTS of a notification
  std::uint32_t refs;
  std::uint32_t augments;  // a row, or kNone
  TextAt convention;
  TextAt hint;
  TextAt units;
  TextAt description;
  TextAt default_value;
  std::uint8_t kind;
  std::uint8_t syntax;
  std::uint8_t access;
  std::uint8_t status;
  std::uint32_t depth;  // arcs of its OID
};
struct EnumRecord {
  TextAt label;
  std::int32_t value;
};
struct RangeRecord {
  std::int64_t low;
  std::int64_t high;
};
struct RefRecord {
  std::uint32_t object;  // kNone when nothing of that name is loaded
  TextAt name;
  std::uint32_t implied;
};
struct NameSlot {
  std::uint32_t object;  // kNone: free
  std::uint32_t module;  // kNone: the plain name
};
struct ModuleRecord {
  TextAt name;
  TextAt file;
  TextAt last_updated;
  std::uint32_t declared;
  std::uint32_t objects;
  std::uint32_t rank;  // lower is asked first for a name that several modules define
};
struct ImportRecord {
  std::uint32_t module;
  TextAt from;  // a module's name, loaded or not
};
struct FileRecord {
  std::uint64_t key;  // of its path and content
  TextAt path;        // an archive stands for what is in it
  std::uint32_t unused;
};
struct ProblemRecord {
  TextAt file;
  TextAt text;
  std::uint32_t line;
  std::uint32_t column;
  std::uint32_t warning;
};

enum Section : std::size_t { kTexts, kObjects, kEnums, kRanges, kRefs, kNames, kModules, kProblems, kImports, kFiles, kSections };

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t byte_order;  // 0x01020304 as the writer saw it
  std::uint64_t content_key;
  std::uint64_t size;
  std::uint64_t checksum;  // of everything behind this header
  struct {
    std::uint64_t at;
    std::uint64_t count;
  } sections[kSections];
};

std::uint64_t image_checksum(std::span<const std::uint8_t> bytes);
// Sets size and checksum; `image` holds at least a header.
void seal_image(std::span<std::uint8_t> image);
std::uint64_t name_hash(std::string_view module, std::string_view name);

// What an image is made of. Objects come in any order with parents by number; the root has parent kNone.
class ImageBuilder {
 public:
  ImageBuilder();
  TextAt text(std::string_view text);  // one copy of each
  // Begins with another image's texts, at their places. Before any text().
  void adopt_texts(std::span<const char> texts) { texts_.assign(texts.data(), texts.size()); }
  std::string_view text_of(TextAt at) const;
  std::vector<ObjectRecord> objects;  // first_child, children and depth are filled in by build()
  std::vector<EnumRecord> enums;
  std::vector<RangeRecord> ranges;
  std::vector<RefRecord> refs;
  std::vector<NameSlot> names;  // each name that finds an object: plain, and one for each module that has it
  std::vector<ModuleRecord> modules;
  std::vector<ProblemRecord> problems;
  std::vector<ImportRecord> imports;
  std::vector<FileRecord> files;

  // Numbers the objects breadth first and lays out the file. Objects past kMaxDepth are left out and counted.
  std::vector<std::uint8_t> build(std::uint64_t content_key, std::size_t& too_deep);

 private:
  std::string texts_;
  void grow();
  std::vector<TextAt> seen_;  // open addressing by content; 0 is free
  std::size_t kept_ = 0;
};

}  // namespace bongsu::mib
