// SPDX-License-Identifier: Apache-2.0
#include "sources.h"

#include <algorithm>
#include <fstream>

namespace bongsu::mibc {

namespace {

// RFC 1213 says again what these say better; they are read first, so that an object's home is theirs.
constexpr std::string_view kHomes[] = {"SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-MIB", "IF-MIB", "IP-MIB", "TCP-MIB", "UDP-MIB"};

struct Candidate {
  Source source;
  mib::ScannedModule scanned;
};

// Newest first; then the fuller text; then the folder named first.
bool better(const Candidate& a, const Candidate& b) {
  const std::string at = mib::sortable_time(a.source.last_updated), bt = mib::sortable_time(b.source.last_updated);
  if (at != bt) return at > bt;
  if (a.source.declared != b.source.declared) return a.source.declared > b.source.declared;
  return a.source.order < b.source.order;
}

// What is certain to be meant: lines end in a newline, no control characters, an END. Each line keeps its number.
std::string mended(std::string_view text, const mib::ScannedModule& module) {
  std::string out(
      static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(module.begin), '\n')), '\n');
  for (const char c : text.substr(module.begin, module.end - module.begin)) {
    const auto octet = static_cast<unsigned char>(c);
    out += (octet < 0x20 && c != '\n' && c != '\t') || octet == 0x7f ? ' ' : c;
  }
  out += module.ended ? "\n" : "\nEND\n";
  return out;
}

int rank(const Source& source) {
  const auto home = std::find(std::begin(kHomes), std::end(kHomes), source.module);
  if (home != std::end(kHomes)) return static_cast<int>(home - std::begin(kHomes));
  return source.smi_v2 ? 100 : 200;
}

}  // namespace

Result<Sources> gather(const std::vector<std::filesystem::path>& paths, const std::filesystem::path& work) {
  Sources out;
  const auto report = [&out](const std::filesystem::path& file, mib::Place place, bool warning, std::string text) {
    out.problems.push_back({file.string(), place.line, place.column, warning, std::move(text)});
  };
  std::vector<std::string> unreadable;
  const auto files = mib::list_files(paths, unreadable);
  for (const std::string& path : unreadable) out.problems.push_back({"", 0, 0, false, path + "; check the path and its rights"});

  std::map<std::string, Candidate> chosen;
  out.key = mib::kFirstKey;
  for (std::size_t order = 0; order < files.size(); ++order) {
    const auto text = mib::read_text(files[order]);
    if (!text) {
      report(files[order], {}, false, text.error().text);
      continue;
    }
    out.key = mib::content_key(out.key, files[order], *text);
    mib::ScannedFile scanned = mib::scan(*text);
    if (scanned.modules.empty())
      report(files[order], {}, true, "no MIB module found (NAME DEFINITIONS ::= BEGIN ... END); left out");
    if (scanned.open_quote.line != 0 && !scanned.modules.empty()) {
      report(files[order], scanned.open_quote, false, "the text that starts here has no closing \"; what follows it is lost");
    }
    for (mib::ScannedModule& module : scanned.modules) {
      if (!module.ended && scanned.open_quote.line == 0)
        report(files[order], module.place, true, "module " + module.name + " has no END; read to the end of the file");
      Candidate candidate{.source = {.module = module.name,
                                     .file = files[order],
                                     .copy = {},
                                     .last_updated = module.last_updated,
                                     .declared = static_cast<std::uint32_t>(module.definitions.size()),
                                     .smi_v2 = module.smi_v2,
                                     .order = order},
                          .scanned = {}};
      candidate.scanned.begin = module.begin;
      candidate.scanned.end = module.end;
      candidate.scanned.ended = module.ended;
      const auto at = chosen.find(module.name);
      if (at == chosen.end()) {
        chosen.emplace(module.name, std::move(candidate));
        continue;
      }
      const bool newer = better(candidate, at->second);
      const Candidate& left = newer ? at->second : candidate;
      const Candidate& taken = newer ? candidate : at->second;
      report(left.source.file, {}, true,
             "module " + module.name + " is taken from " + taken.source.file.string() +
                 (taken.source.last_updated == left.source.last_updated ? "" : ", which is newer"));
      if (newer) at->second = std::move(candidate);
    }
  }

  // One file at a time is in memory.
  std::vector<Candidate*> by_file;
  for (auto& [name, candidate] : chosen) by_file.push_back(&candidate);
  std::sort(by_file.begin(), by_file.end(), [](const auto* a, const auto* b) {
    return std::pair(a->source.order, a->scanned.begin) < std::pair(b->source.order, b->scanned.begin);
  });
  std::string text;
  std::size_t held = files.size();
  for (Candidate* candidate : by_file) {
    Source& source = candidate->source;
    if (held != source.order) {
      auto again = mib::read_text(source.file);
      text = again ? std::move(*again) : std::string();
      held = source.order;
    }
    if (candidate->scanned.end > text.size()) {
      report(source.file, {}, false, "changed while it was read; left out");
      continue;
    }
    source.copy = work / std::to_string(out.modules.size());
    std::ofstream copy(source.copy, std::ios::binary);
    copy << mended(text, candidate->scanned);
    if (!copy.flush()) return Error{Code::Io, source.copy.string() + ": cannot be written; is the disk full?"};
    out.modules.push_back(source);
  }
  std::stable_sort(out.modules.begin(), out.modules.end(), [](const Source& a, const Source& b) { return rank(a) < rank(b); });
  return out;
}

}  // namespace bongsu::mibc
