// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "mib/lexer.h"

namespace bongsu::mibc {

namespace {

constexpr std::array<std::string_view, 20> kTypes = {"BITS",           "BITSTRING",   "Counter",    "Counter32",  "Counter64",
                                                     "Gauge",          "Gauge32",     "INTEGER",    "Integer32",  "IpAddress",
                                                     "NetworkAddress", "NsapAddress", "OBJECT",     "OCTET",      "Opaque",
                                                     "SEQUENCE",       "TimeTicks",   "UInteger32", "Unsigned32", "BIT"};
constexpr std::array<std::string_view, 18> kOthers = {
    "BEGIN", "CHOICE", "DEFINITIONS", "END", "EXPORTS", "FROM",   "IDENTIFIER",         "IMPLIED",         "IMPORTS",
    "MACRO", "MAX",    "MIN",         "OF",  "SIZE",    "STRING", "TEXTUAL-CONVENTION", "not-implemented", "ObjectSyntax"};
constexpr std::array<std::string_view, 31> kClauses = {"ACCESS",
                                                       "AUGMENTS",
                                                       "CONTACT-INFO",
                                                       "CREATION-REQUIRES",
                                                       "DEFVAL",
                                                       "DESCRIPTION",
                                                       "DISPLAY-HINT",
                                                       "ENTERPRISE",
                                                       "GROUP",
                                                       "INCLUDES",
                                                       "INDEX",
                                                       "LAST-UPDATED",
                                                       "MANDATORY-GROUPS",
                                                       "MAX-ACCESS",
                                                       "MIN-ACCESS",
                                                       "MODULE",
                                                       "NOTIFICATIONS",
                                                       "NUM-ENTRIES",
                                                       "OBJECT",
                                                       "OBJECTS",
                                                       "ORGANIZATION",
                                                       "PRODUCT-RELEASE",
                                                       "REFERENCE",
                                                       "REVISION",
                                                       "STATUS",
                                                       "SUPPORTS",
                                                       "SYNTAX",
                                                       "UNITS",
                                                       "VARIABLES",
                                                       "VARIATION",
                                                       "WRITE-SYNTAX"};
constexpr std::array<std::string_view, 9> kMacros = {"AGENT-CAPABILITIES", "MODULE-COMPLIANCE", "MODULE-IDENTITY",
                                                     "NOTIFICATION-GROUP", "NOTIFICATION-TYPE", "OBJECT-GROUP",
                                                     "OBJECT-IDENTITY",    "OBJECT-TYPE",       "TRAP-TYPE"};

std::string plain(std::string_view word) {
  std::string out = to_lower(word);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

}  // namespace

bool language_type(std::string_view word) { return std::find(kTypes.begin(), kTypes.end(), word) != kTypes.end(); }

bool reserved(std::string_view word) {
  static const std::unordered_set<std::string_view> kWords = [] {
    std::unordered_set<std::string_view> words(kTypes.begin(), kTypes.end());
    words.insert(kOthers.begin(), kOthers.end());
    words.insert(kClauses.begin(), kClauses.end());
    words.insert(kMacros.begin(), kMacros.end());
    for (int i = 1; i <= static_cast<int>(mib::DefStatus::Optional); ++i)
      words.insert(mib::to_string(static_cast<mib::DefStatus>(i)));
    for (int i = 1; i <= static_cast<int>(mib::Access::WriteOnly); ++i) words.insert(mib::to_string(static_cast<mib::Access>(i)));
    return words;
  }();
  return kWords.contains(word);
}

bool language_word_or_macro(std::string_view word) {
  return language_type(word) || mib::is_macro_word(word) || std::find(kOthers.begin(), kOthers.end(), word) != kOthers.end();
}

std::optional<std::string_view> language_word(std::string_view word, bool (*is)(std::string_view)) {
  static const std::unordered_map<std::string, std::string_view> kByPlain = [] {
    std::unordered_map<std::string, std::string_view> words;
    for (const auto known : kTypes) words.emplace(plain(known), known);
    for (const auto known : kClauses) words.emplace(plain(known), known);
    for (const auto known : kMacros) words.emplace(plain(known), known);
    return words;
  }();
  const auto at = kByPlain.find(plain(word));
  if (at == kByPlain.end() || !is(at->second)) return std::nullopt;
  return at->second;
}

mib::DefStatus status_of(std::string_view word) {
  const std::string lower = plain(word);
  for (int i = 1; i <= static_cast<int>(mib::DefStatus::Optional); ++i) {
    if (lower == mib::to_string(static_cast<mib::DefStatus>(i))) return static_cast<mib::DefStatus>(i);
  }
  return mib::DefStatus::None;
}

mib::Access access_of(std::string_view word) {
  const std::string lower = plain(word);
  for (int i = 1; i <= static_cast<int>(mib::Access::WriteOnly); ++i) {
    if (lower == mib::to_string(static_cast<mib::Access>(i))) return static_cast<mib::Access>(i);
  }
  return mib::Access::None;
}

}  // namespace bongsu::mibc
