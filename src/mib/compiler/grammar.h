// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mend.h"
#include "mib/lexer.h"

namespace bongsu::mibc {

// A part of a definition as the parser will read it: what it says, apart from where.
struct Piece {
  std::string text;
  std::uint32_t line;
};

struct Definition {
  std::string name;
  mib::Place place;
  bool object = false;   // gets an OID
  bool columns = false;  // a SEQUENCE: the type of a row, which says nothing that the row does not
  std::string parent;    // the first word of its OID; empty when it is a number
  mib::Place parent_place;
  std::vector<std::string> labels;  // names that its OID gives to what stands between
  std::vector<Piece> pieces;
  std::vector<std::pair<std::string, mib::Place>> types;  // names of types that its SYNTAX uses
  Facts facts;
};

// Problems of one module, the first of them.
class Report {
 public:
  Report(const std::string& file, std::vector<mib::Problem>& to) : file_(file), to_(to) {}
  void warn(mib::Place place, std::string text) { add(place, true, std::move(text)); }
  void error(mib::Place place, std::string text) { add(place, false, std::move(text)); }

 private:
  void add(mib::Place place, bool warning, std::string text);
  const std::string& file_;
  std::vector<mib::Problem>& to_;
};

// What a module says, read as leniently as is certain.
struct ReadModule {
  std::vector<Definition> definitions;
  std::map<std::string, std::size_t, std::less<>> by_name;  // definitions
  std::map<std::string, std::size_t, std::less<>> labels;   // and those whose OID gives a name inside
  std::vector<mib::ScannedImport> imports;
  std::uint32_t declared = 0;  // names that get an OID
};

class Grammar {
 public:
  // `without`: names that are passed over.
  Grammar(std::string_view text, const mib::ScannedModule& module, const std::set<std::string>& without, Report& report);
  ReadModule read();

 private:
  using Token = mib::Token;

  // --- tokens (grammar.cpp)
  void read_tokens(std::string_view text);
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool at_end() const { return at_ + 1 >= tokens_.size(); }
  void step() {
    if (!at_end()) ++at_;
  }
  void warn(mib::Place place, std::string text) { report_.warn(place, std::move(text)); }
  void error(mib::Place place, std::string text) { report_.error(place, std::move(text)); }
  static std::string shown(const Token& token);
  // Whether a definition starts `ahead` tokens from here.
  bool starts(std::size_t ahead = 0) const;
  // The macro that a word means, a wrong case taken: "Object-Type".
  static std::optional<std::string_view> macro_of(std::string_view word);
  static bool is_clause(const Token& token);
  std::string_view clause_here();

  // --- statements (grammar.cpp)
  void read_header();
  void read_statement();
  Definition begin();
  static void put(Definition& to, mib::Place place, std::string text);
  void read_imports();
  void skip_braces();
  // { parent 3 }, { iso org(3) 6 }; behind "::=", which is next. False, with the cause told, when it cannot be read.
  bool read_oid(Definition& made);
  bool fault(Definition& made, const std::string& what);
  void keep(Definition made);
  void read_type();
  void read_macro();
  // TRAP-TYPE: the enterprise, a zero and the number (RFC 3584 section 3.1); snmp's own traps are snmpTraps, one higher.
  void read_trap_number(Definition made, const std::string& enterprise, mib::Place place);

  // --- what stands in clauses (clauses.cpp)
  std::optional<std::string_view> read_text(std::string_view clause);
  void read_status(Definition& made);
  void read_access(Definition& made, std::string_view clause);
  // Words in braces: { a, IMPLIED b }. Types of SMIv1 and numbers among them are kept as they stand.
  std::vector<std::pair<std::string, bool>> read_list(std::string_view clause);
  // What stands in the braces of DEFVAL, as it stands there.
  std::string read_raw();
  // Writes the type into the pieces, its bounds into the facts.
  bool read_syntax(Definition& made);
  bool read_enums(Definition& made, std::string_view base);
  std::optional<std::int64_t> read_number();
  // ( 0..255 | 300 ), ( SIZE ( 4 | 16 ) ). True for a size.
  bool read_bounds(Definition& made);
  bool imported(std::string_view name) const;

  const mib::ScannedModule& module_;
  const std::set<std::string>& without_;
  Report& report_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  ReadModule out_;
};

}  // namespace bongsu::mibc
