// SPDX-License-Identifier: Apache-2.0
#include "mib/image.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/hash.h"

namespace bongsu::mib {

static_assert(sizeof(ObjectRecord) == 80 && sizeof(EnumRecord) == 8 && sizeof(RangeRecord) == 16);
static_assert(sizeof(RefRecord) == 12 && sizeof(NameSlot) == 8 && sizeof(ModuleRecord) == 24 && sizeof(ProblemRecord) == 20);
static_assert(sizeof(ImportRecord) == 8 && sizeof(FileRecord) == 16);
static_assert(sizeof(Header) == 40 + 16 * kSections);

// Eight octets a step: an image of 100 MiB is checked in a few hundredths of a second.
std::uint64_t image_checksum(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = kHashSeed ^ bytes.size();
  const auto mix = [&sum](std::uint64_t word) {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15;
    sum ^= sum >> 29;
  };
  std::size_t at = 0;
  for (; bytes.size() - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    mix(word);
  }
  std::uint64_t last = 0;
  if (at < bytes.size()) std::memcpy(&last, bytes.data() + at, bytes.size() - at);
  mix(last);
  return sum;
}

void seal_image(std::span<std::uint8_t> image) {
  Header header;
  std::memcpy(&header, image.data(), sizeof header);
  header.size = image.size();
  header.checksum = image_checksum(image.subspan(sizeof header));
  std::memcpy(image.data(), &header, sizeof header);
}

std::uint64_t name_hash(std::string_view module, std::string_view name) {
  if (module.empty()) return hash_bytes(name);
  return hash_bytes(name, hash_bytes("::", hash_bytes(module)));
}

ImageBuilder::ImageBuilder() : texts_(4, '\0'), seen_(1 << 12) {}

std::string_view ImageBuilder::text_of(TextAt at) const {
  std::uint32_t size;
  std::memcpy(&size, texts_.data() + at, 4);
  return std::string_view(texts_).substr(at + 4, size);
}

namespace {

std::size_t text_hash(std::string_view text) {
  return image_checksum({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

void ImageBuilder::grow() {
  std::vector<TextAt> old(seen_.size() * 2);
  old.swap(seen_);
  for (const TextAt at : old) {
    if (at == 0) continue;
    std::size_t slot = text_hash(text_of(at)) & (seen_.size() - 1);
    while (seen_[slot] != 0) slot = (slot + 1) & (seen_.size() - 1);
    seen_[slot] = at;
  }
}

TextAt ImageBuilder::text(std::string_view text) {
  if (text.empty()) return 0;
  if (kept_ * 2 > seen_.size()) grow();
  std::size_t slot = text_hash(text) & (seen_.size() - 1);
  for (; seen_[slot] != 0; slot = (slot + 1) & (seen_.size() - 1)) {
    if (text_of(seen_[slot]) == text) return seen_[slot];
  }
  if (texts_.size() + text.size() + 4 >= kNone) return 0;  // 4 GiB of text: the rest goes without
  const auto at = static_cast<TextAt>(texts_.size());
  const auto size = static_cast<std::uint32_t>(text.size());
  texts_.append(reinterpret_cast<const char*>(&size), 4);
  texts_.append(text);
  seen_[slot] = at;
  ++kept_;
  return at;
}

namespace {

// Objects of one textual convention say the same list again: one copy of each is kept. Lists that nobody has are dropped.
template <class Record>
std::vector<Record> share_lists(std::vector<ObjectRecord>& objects, const std::vector<Record>& records,
                                std::uint32_t ObjectRecord::*first, std::uint32_t ObjectRecord::*count) {
  std::vector<Record> out;
  std::unordered_multimap<std::uint64_t, std::uint32_t> seen;  // where a list of that hash stands
  for (ObjectRecord& object : objects) {
    const std::size_t size = object.*count;
    if (size == 0) {
      object.*first = 0;
      continue;
    }
    const Record* list = records.data() + object.*first;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(list);
    const std::uint64_t hash = image_checksum({bytes, size * sizeof(Record)});
    const auto [from, to] = seen.equal_range(hash);
    const auto same = std::find_if(from, to, [&](const auto& entry) {
      return size <= out.size() - entry.second && std::memcmp(out.data() + entry.second, list, size * sizeof(Record)) == 0;
    });
    if (same != to) {
      object.*first = same->second;
    } else {
      object.*first = static_cast<std::uint32_t>(out.size());
      seen.emplace(hash, object.*first);
      out.insert(out.end(), list, list + size);
    }
  }
  return out;
}

}  // namespace

std::vector<std::uint8_t> ImageBuilder::build(std::uint64_t content_key, std::size_t& too_deep) {
  // Breadth first, so that the children of one object stand together behind it. First each object's children, by number.
  const std::size_t count = objects.size();
  const auto owner = [&](const ObjectRecord& o) { return o.parent == kNone ? count : o.parent; };
  std::vector<std::uint32_t> first(count + 2), children(count);
  for (const ObjectRecord& o : objects) ++first[owner(o) + 1];
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  std::vector<std::uint32_t> end(first.begin(), first.end() - 1);
  for (std::uint32_t i = 0; i < count; ++i) children[end[owner(objects[i])]++] = i;

  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> number(count, kNone);
  std::vector<ObjectRecord> sorted;
  order.reserve(count), sorted.reserve(count);
  const auto take = [&](std::size_t above, std::uint32_t parent, std::uint32_t depth) {
    const std::span<std::uint32_t> mine(children.data() + first[above], first[above + 1] - first[above]);
    const auto lower = [&](auto a, auto b) { return objects[a].subid < objects[b].subid; };
    if (!std::is_sorted(mine.begin(), mine.end(), lower)) std::stable_sort(mine.begin(), mine.end(), lower);
    for (const std::uint32_t child : mine) {
      number[child] = static_cast<std::uint32_t>(order.size());
      order.push_back(child);
      ObjectRecord& record = sorted.emplace_back(objects[child]);
      record.parent = parent;
      record.depth = depth;
      record.first_child = record.children = 0;
    }
  };
  take(count, kNone, 1);
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    const std::uint32_t below = first[order[i] + 1] - first[order[i]];
    if (below == 0 || sorted[i].depth >= kMaxDepth) continue;
    const auto at = static_cast<std::uint32_t>(order.size());
    take(order[i], i, sorted[i].depth + 1);
    sorted[i].first_child = at;
    sorted[i].children = below;
  }
  too_deep = objects.size() - order.size();
  const auto renumber = [&](std::uint32_t& object) { object = object == kNone ? kNone : number[object]; };
  for (ObjectRecord& record : sorted) renumber(record.augments);
  std::vector<RefRecord> new_refs = refs;
  for (RefRecord& ref : new_refs) renumber(ref.object);

  const auto shared_enums = share_lists(sorted, enums, &ObjectRecord::first_enum, &ObjectRecord::enums);
  const auto shared_ranges = share_lists(sorted, ranges, &ObjectRecord::first_range, &ObjectRecord::ranges);

  std::size_t slots = 16;
  while (slots < names.size() + names.size() / 4) slots *= 2;  // four of five at most are taken
  std::vector<NameSlot> table(slots, NameSlot{kNone, kNone});
  for (const NameSlot& name : names) {
    if (number[name.object] == kNone) continue;
    const std::string_view module = name.module == kNone ? std::string_view() : text_of(modules[name.module].name);
    std::size_t slot = name_hash(module, text_of(objects[name.object].name)) & (slots - 1);
    while (table[slot].object != kNone) slot = (slot + 1) & (slots - 1);
    table[slot] = {number[name.object], name.module};
  }

  std::vector<std::uint8_t> out(sizeof(Header));
  Header header{};
  std::memcpy(header.magic, kImageMagic, sizeof header.magic);
  header.version = kImageVersion;
  header.byte_order = 0x01020304;
  header.content_key = content_key;
  const auto put = [&](Section section, const void* data, std::size_t records, std::size_t each) {
    out.resize((out.size() + 7) / 8 * 8);
    header.sections[section] = {out.size(), records};
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    out.insert(out.end(), bytes, bytes + records * each);
  };
  put(kTexts, texts_.data(), texts_.size(), 1);
  put(kObjects, sorted.data(), sorted.size(), sizeof(ObjectRecord));
  put(kEnums, shared_enums.data(), shared_enums.size(), sizeof(EnumRecord));
  put(kRanges, shared_ranges.data(), shared_ranges.size(), sizeof(RangeRecord));
  put(kRefs, new_refs.data(), new_refs.size(), sizeof(RefRecord));
  put(kNames, table.data(), table.size(), sizeof(NameSlot));
  put(kModules, modules.data(), modules.size(), sizeof(ModuleRecord));
  put(kProblems, problems.data(), problems.size(), sizeof(ProblemRecord));
  put(kImports, imports.data(), imports.size(), sizeof(ImportRecord));
  put(kFiles, files.data(), files.size(), sizeof(FileRecord));
  std::memcpy(out.data(), &header, sizeof header);
  seal_image(out);
  return out;
}

}  // namespace bongsu::mib
