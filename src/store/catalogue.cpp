// SPDX-License-Identifier: Apache-2.0
#include "store/catalogue.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "store/codec.h"

namespace bongsu::store {
namespace {

constexpr std::uint8_t kCatalogueVersion = 2;

Error bad_catalogue() { return {Code::Corrupt, "a record does not read as it was written"}; }

Status load_format1(SeriesIndex& index, std::string_view key, Reader in, const std::function<void(SeriesIndex::Id)>& restored) {
  Reader at(key);
  const SeriesIndex::Id id = at.be32();
  if (id >= (1u << 24)) return bad_catalogue();
  std::vector<Labels::Pair> texts;
  for (std::uint64_t left = in.varint(); in.ok() && left > 0; --left) {
    const std::string_view name = in.text();
    texts.emplace_back(name, in.text());
  }
  if (!at.done() || !in.done()) return bad_catalogue();
  const Labels labels(std::move(texts));
  std::vector<SeriesIndex::Pair> pairs;
  for (const auto& [name, value] : labels) pairs.push_back(index.intern(name, value));
  if (!index.restore(id, pairs)) return bad_catalogue();
  restored(id);
  return {};
}

}  // namespace

std::string catalogue_key(SeriesIndex::Id group) {
  std::string key;
  put_u8(key, kCatalogueVersion);
  put_be32(key, group);
  return key;
}

std::string encode_catalogue(const SeriesIndex& index, SeriesIndex::Id group) {
  std::string out;
  put_u8(out, kCatalogueVersion);
  std::unordered_map<std::string_view, std::uint64_t> names;
  std::unordered_map<SeriesIndex::Pair, std::uint64_t> known;
  for (SeriesIndex::Id slot = 0; slot < SeriesIndex::kGroup; ++slot) {
    const auto pairs = index.pairs(group * SeriesIndex::kGroup + slot);
    if (pairs.empty()) continue;
    put_u8(out, static_cast<std::uint8_t>(slot));
    put_varint(out, pairs.size());
    for (const auto pair : pairs) {
      const auto [at, fresh] = known.emplace(pair, known.size() + 1);
      if (!fresh) {
        put_varint(out, at->second);
        continue;
      }
      put_varint(out, 0);
      const std::string_view name = index.pool().name(pair);
      const auto [place, new_name] = names.emplace(name, names.size() + 1);
      put_varint(out, new_name ? 0 : place->second);
      if (new_name) put_text(out, name);
      put_text(out, index.pool().value(pair));
    }
  }
  return out.size() == 1 ? std::string() : out;
}

Status load_catalogue(SeriesIndex& index, std::string_view key, std::string_view value,
                      const std::function<void(SeriesIndex::Id)>& restored) {
  Reader in(value);
  const std::uint8_t version = in.u8();
  if (version == 1) return load_format1(index, key, in, restored);
  Reader at(key);
  if (at.u8() != kCatalogueVersion || version != kCatalogueVersion) return bad_catalogue();
  const SeriesIndex::Id group = at.be32();
  if (!at.done() || group > SeriesIndex::kNumbers / SeriesIndex::kGroup) return bad_catalogue();
  std::vector<std::string_view> names;
  std::vector<SeriesIndex::Pair> known;
  std::vector<SeriesIndex::Pair> pairs;
  while (in.ok() && !in.done()) {
    const SeriesIndex::Id id = group * SeriesIndex::kGroup + in.u8();
    const std::uint64_t count = in.varint();
    pairs.clear();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
      if (const std::uint64_t pair = in.varint(); pair != 0) {
        if (pair > known.size()) return bad_catalogue();
        pairs.push_back(known[pair - 1]);
        continue;
      }
      const std::uint64_t name = in.varint();
      if (name > names.size()) return bad_catalogue();
      if (name == 0) names.push_back(in.text());
      const std::string_view text = in.text();
      if (!in.ok() || text.empty()) return bad_catalogue();
      known.push_back(index.intern(name == 0 ? names.back() : names[name - 1], text));
      pairs.push_back(known.back());
    }
    const auto rises = [&](SeriesIndex::Pair a, SeriesIndex::Pair b) { return index.pool().name(a) < index.pool().name(b); };
    if (!in.ok() || std::adjacent_find(pairs.begin(), pairs.end(), std::not_fn(rises)) != pairs.end() ||
        !index.restore(id, pairs))
      return bad_catalogue();
    restored(id);
  }
  return in.ok() ? Status() : Status(bad_catalogue());
}

}  // namespace bongsu::store
