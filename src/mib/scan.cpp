// SPDX-License-Identifier: Apache-2.0
#include "mib/scan.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "mib/image.h"

namespace bongsu::mib {

// Raise the word when the compiler comes to read the same text otherwise.
const std::uint64_t kFirstKey = hash_bytes("compiler 6", kHashSeed + kImageVersion);

namespace {

bool is_lower(std::string_view word) { return !word.empty() && word[0] >= 'a' && word[0] <= 'z'; }
bool is_upper(std::string_view word) { return !word.empty() && word[0] >= 'A' && word[0] <= 'Z'; }

// Reads the IMPORTS clause up to its semicolon, or to the first word that cannot belong to it.
void read_imports(Lexer& lexer, ScannedModule& module) {
  std::vector<ScannedImport> waiting;
  Token token;
  while ((token = lexer.next()).kind != TokenKind::End && token.text != ";" && token.text != "::=") {
    if (token.text == "FROM") {
      token = lexer.next();
      for (ScannedImport& import : waiting) {
        import.module = token.text;
        module.imports.push_back(std::move(import));
      }
      waiting.clear();
    } else if (token.text != ",") {
      waiting.push_back({std::string(token.text), {}, token.place});
    }
  }
}

}  // namespace

ScannedFile scan(std::string_view text) {
  ScannedFile file;
  Lexer lexer(text);
  Token last[2], token;  // the two tokens before
  Token braced;          // the word before the last {: a module's name may be followed by its OID
  ScannedModule* module = nullptr;
  int depth = 0;           // of BEGIN: a macro has its own
  bool in_oid = false;     // behind "::= {"
  std::string_view label;  // in an OID, with a number and more behind it
  for (token = lexer.next(); token.kind != TokenKind::End; last[1] = last[0], last[0] = token, token = lexer.next()) {
    if (token.kind == TokenKind::String) {
      if (token.quote == Token::Quote::NotClosed && file.open_quote.line == 0) file.open_quote = token.place;
      if (module != nullptr && last[0].text == "LAST-UPDATED" && module->last_updated.empty()) module->last_updated = token.text;
      continue;
    }
    if (module == nullptr) {
      if (token.text == "{") braced = last[0];
      const Token& head = last[0].text == "}" ? braced : last[0];
      if (token.text != "DEFINITIONS" || !(is_upper(head.text) || is_lower(head.text))) continue;
      module = &file.modules.emplace_back();
      module->name = head.text;
      module->place = head.place;
      module->begin = head.begin;
      module->end = text.size();
      depth = 0;
      continue;
    }
    if (token.text == "BEGIN") {
      ++depth;
    } else if (token.text == "END") {
      if (--depth <= 0) {
        module->end = token.end;
        module->ended = true;
        module = nullptr;
      }
    } else if (depth == 1 && token.text == "IMPORTS") {
      read_imports(lexer, *module);
    } else if (depth == 1) {
      if (token.text == "{" && last[0].text == "::=") in_oid = true, label = {};
      else if (token.text == "}") in_oid = false;
      if (in_oid && token.text != "(" && token.text != ")" && last[0].text == ")" && !label.empty())
        module->labels.emplace(label);
      if (in_oid && token.text == "(" && is_lower(last[0].text)) label = last[0].text;
      if (token.text == "MODULE-IDENTITY") module->smi_v2 = true;
      if (is_lower(last[0].text) && is_macro_word(token.text))
        module->definitions.try_emplace(std::string(last[0].text), last[0].place);
      if (is_lower(last[1].text) && last[0].text == "OBJECT" && token.text == "IDENTIFIER")
        module->definitions.try_emplace(std::string(last[1].text), last[1].place);
      if (is_upper(last[0].text) && token.text == "::=") module->types.try_emplace(std::string(last[0].text), last[0].place);
    }
  }
  return file;
}

std::string sortable_time(std::string_view last_updated) {
  if (last_updated.size() == 11) return "19" + std::string(last_updated);
  return std::string(last_updated);
}

bool may_be_mib(const std::filesystem::path& file) {
  static const std::set<std::string> kOther = {".zip", ".gz",   ".tgz", ".tar",  ".xz",   ".bz2", ".7z", ".rar",
                                               ".pdf", ".html", ".exe", ".json", ".yaml", ".xml", ".md"};
  return !file.filename().string().starts_with('.') && !kOther.contains(to_lower(file.extension().string()));
}

bool is_zip(const std::filesystem::path& file) { return to_lower(file.extension().string()) == ".zip"; }

std::vector<std::filesystem::path> list_files(const std::vector<std::filesystem::path>& paths,
                                              std::vector<std::string>& unreadable) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    std::error_code error;
    if (fs::is_regular_file(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<fs::path> found;
    auto entry = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error);
    if (error) {
      unreadable.push_back(path.string() + ": " + error.message());
      continue;
    }
    for (; entry != fs::recursive_directory_iterator() && files.size() + found.size() < kMaxMibFiles; entry.increment(error)) {
      if (error) break;
      const std::string name = entry->path().filename().string();
      std::error_code ignored;
      if (name.starts_with('.')) {
        if (entry->is_directory(ignored)) entry.disable_recursion_pending();
        continue;
      }
      if (entry.depth() > 16) entry.disable_recursion_pending();
      if (entry->is_regular_file(ignored) && (may_be_mib(entry->path()) || is_zip(entry->path()))) found.push_back(entry->path());
    }
    if (error) unreadable.push_back(path.string() + ": " + error.message());
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  std::set<fs::path> seen;
  std::erase_if(files, [&seen](const fs::path& file) { return !seen.insert(file.lexically_normal()).second; });
  return files;
}

Result<std::string> read_text(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return Error{Code::Io, file.string() + ": " + error.message()};
  if (size > kMaxMibFile)
    return Error{Code::Limit, file.string() + ": " + std::to_string(size) + " octets, more than a MIB file may have"};
  std::ifstream in(file, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(size))) {
    if (!in.is_open() || in.bad() || size != 0) return Error{Code::Io, file.string() + ": cannot be read"};
  }
  return text;
}

std::uint64_t file_key(const std::filesystem::path& file, std::string_view text) {
  const std::uint64_t parts[] = {kFirstKey, hash_bytes(file.string()),
                                 image_checksum({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})};
  return hash_bytes({reinterpret_cast<const char*>(parts), sizeof parts});
}

std::uint64_t content_key(std::uint64_t key, std::uint64_t file) {
  const std::uint64_t parts[] = {key, file};
  return hash_bytes({reinterpret_cast<const char*>(parts), sizeof parts});
}

}  // namespace bongsu::mib
