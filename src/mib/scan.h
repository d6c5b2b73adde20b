// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mib/lexer.h"

// Our own reading of MIB text: enough of it to know which modules a file holds, where each name stands, and which file of
// a module to take. It is lenient and never fails; Net-SNMP's parser judges.
namespace bongsu::mib {

struct ScannedImport {
  std::string symbol;
  std::string module;
  Place place;
};

struct ScannedModule {
  std::string name;
  Place place;
  std::size_t begin = 0;  // octets in the file
  std::size_t end = 0;    // behind END, or the file's end
  bool ended = false;     // END was found
  bool smi_v2 = false;    // has a MODULE-IDENTITY
  std::string last_updated;
  std::vector<ScannedImport> imports;
  std::map<std::string, Place, std::less<>> definitions;  // names that get an OID
  std::map<std::string, Place, std::less<>> types;
  std::set<std::string, std::less<>> labels;  // names given inside an OID: "{ enterprises vendor(9) products(1) 7 }"
};

struct ScannedFile {
  std::vector<ScannedModule> modules;
  Place open_quote;  // of a string that nothing closes; line 0 when all close
};

ScannedFile scan(std::string_view text);
// LAST-UPDATED in a form that sorts: years of two digits get 19 in front (RFC 2578 section 2).
std::string sortable_time(std::string_view last_updated);

// Whether a file of that name may be MIB text: not hidden, no program, no document.
bool may_be_mib(const std::filesystem::path& file);
bool is_zip(const std::filesystem::path& file);  // by its name
// The regular files of a folder and its folders, or the file itself, in the order of their names: those that may be MIB text,
// and ZIP archives. A path that cannot be read is said in `unreadable`.
constexpr std::uintmax_t kMaxMibFile = 64 << 20;
constexpr std::size_t kMaxMibFiles = 100'000;
std::vector<std::filesystem::path> list_files(const std::vector<std::filesystem::path>& paths,
                                              std::vector<std::string>& unreadable);
Result<std::string> read_text(const std::filesystem::path& file);
// Changes whenever a file's path or content does, or the way we compile.
std::uint64_t file_key(const std::filesystem::path& file, std::string_view text);
// Of all files in their order: begins with kFirstKey.
std::uint64_t content_key(std::uint64_t key, std::uint64_t file);
extern const std::uint64_t kFirstKey;

}  // namespace bongsu::mib
