// SPDX-License-Identifier: Apache-2.0
#include "mib/scan.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "base/hash.h"
#include "mib/image.h"

namespace bongsu::mib {

// Raise the word when the compiler comes to read the same text otherwise.
const std::uint64_t kFirstKey = hash_bytes("compiler 1", kHashSeed + kImageVersion);

namespace {

struct Token {
  std::string_view text;
  Place place;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool string = false;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Place open_quote;

  bool next(Token& token) {
    skip();
    if (at_ >= text_.size()) return false;
    token.place = here();
    token.begin = at_;
    token.string = text_[at_] == '"';
    if (token.string) {
      const std::size_t close = text_.find('"', at_ + 1);
      if (close == std::string_view::npos && open_quote.line == 0) open_quote = token.place;
      const std::size_t end = std::min(close, text_.size());
      token.text = text_.substr(at_ + 1, end - at_ - 1);
      for (; at_ < std::min(end + 1, text_.size()); ++at_) count(at_);
    } else {
      const auto word = [this](std::size_t i) {
        const char c = text_[i];
        if (c == '-') return i + 1 >= text_.size() || text_[i + 1] != '-';
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      };
      std::size_t end = at_;
      while (end < text_.size() && word(end)) ++end;
      if (end == at_) end = text_.compare(at_, 3, "::=") == 0 ? at_ + 3 : at_ + 1;
      token.text = text_.substr(at_, end - at_);
      at_ = end;
    }
    token.end = at_;
    return true;
  }

 private:
  void skip() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '-' && at_ + 1 < text_.size() && text_[at_ + 1] == '-') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (static_cast<unsigned char>(c) <= ' ') {
        count(at_++);
      } else {
        return;
      }
    }
  }
  void count(std::size_t at) {
    if (text_[at] != '\n') return;
    ++line_;
    start_ = at + 1;
  }
  Place here() const { return {line_, static_cast<std::uint32_t>(at_ - start_ + 1)}; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::uint32_t line_ = 1;
};

bool is_lower(std::string_view word) { return !word.empty() && word[0] >= 'a' && word[0] <= 'z'; }
bool is_upper(std::string_view word) { return !word.empty() && word[0] >= 'A' && word[0] <= 'Z'; }

bool assigns_oid(std::string_view word) {
  static const std::set<std::string_view> kMacros = {"OBJECT-TYPE",        "OBJECT-IDENTITY",   "NOTIFICATION-TYPE",
                                                     "TRAP-TYPE",          "MODULE-IDENTITY",   "OBJECT-GROUP",
                                                     "NOTIFICATION-GROUP", "MODULE-COMPLIANCE", "AGENT-CAPABILITIES"};
  return word.size() >= 9 && word[0] >= 'A' && word[0] <= 'T' && kMacros.contains(word);
}

// Reads the IMPORTS clause up to its semicolon, or to the first word that cannot belong to it.
void read_imports(Lexer& lexer, ScannedModule& module) {
  std::vector<ScannedImport> waiting;
  Token token;
  while (lexer.next(token) && token.text != ";" && token.text != "::=") {
    if (token.text == "FROM") {
      if (!lexer.next(token)) return;
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
  int depth = 0;  // of BEGIN: a macro has its own
  for (; lexer.next(token); last[1] = last[0], last[0] = token) {
    if (token.string) {
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
      if (token.text == "MODULE-IDENTITY") module->smi_v2 = true;
      if (is_lower(last[0].text) && assigns_oid(token.text))
        module->definitions.try_emplace(std::string(last[0].text), last[0].place);
      if (is_lower(last[1].text) && last[0].text == "OBJECT" && token.text == "IDENTIFIER")
        module->definitions.try_emplace(std::string(last[1].text), last[1].place);
      if (is_upper(last[0].text) && token.text == "::=") module->types.try_emplace(std::string(last[0].text), last[0].place);
    }
  }
  file.open_quote = lexer.open_quote;
  return file;
}

std::string sortable_time(std::string_view last_updated) {
  if (last_updated.size() == 11) return "19" + std::string(last_updated);
  return std::string(last_updated);
}

std::vector<std::filesystem::path> list_files(const std::vector<std::filesystem::path>& paths,
                                              std::vector<std::string>& unreadable) {
  namespace fs = std::filesystem;
  static const std::set<std::string> kOther = {".zip", ".gz",  ".tgz",  ".tar", ".xz",   ".bz2",  ".7z",
                                               ".rar", ".pdf", ".html", ".exe", ".json", ".yaml", ".xml"};
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
      if (entry->is_regular_file(ignored) && !kOther.contains(entry->path().extension().string())) found.push_back(entry->path());
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

std::uint64_t content_key(std::uint64_t key, const std::filesystem::path& file, std::string_view text) {
  const std::uint64_t parts[] = {key, hash_bytes(file.string()),
                                 image_checksum({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})};
  return hash_bytes({reinterpret_cast<const char*>(parts), sizeof parts});
}

}  // namespace bongsu::mib
