// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "mib/tree.h"

// The words of SMIv1 and SMIv2.
namespace bongsu::mibc {

bool reserved(std::string_view word);                // the parser does not take it for a label
bool language_type(std::string_view word);           // INTEGER, Counter32, ...: known without an import
bool language_word_or_macro(std::string_view word);  // what an IMPORTS may name that is no definition: OBJECT-TYPE, Counter32
// The word of the language that differs from `word` by case or by _ for - alone, when `is` says that it is one.
std::optional<std::string_view> language_word(std::string_view word, bool (*is)(std::string_view));

mib::DefStatus status_of(std::string_view word);  // any case; None: no such word
mib::Access access_of(std::string_view word);

}  // namespace bongsu::mibc
