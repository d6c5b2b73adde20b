// SPDX-License-Identifier: Apache-2.0
#include "mend.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "words.h"

namespace bongsu::mibc {

namespace {

using mib::Kind;
using mib::Token;
using mib::TokenKind;

constexpr std::size_t kMaxTokens = 6'000'000;  // of one module; the largest that vendors ship has a tenth of it
constexpr std::size_t kMaxProblems = 200;      // of one module

// One definition as the parser will read it: what it says, apart from where.
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

class Mender {
 public:
  Mender(std::string_view text, const mib::ScannedModule& module, const std::string& file, const Homes& homes,
         const Without& without)
      : module_(module), file_(file), homes_(homes), without_(without) {
    read_tokens(text);
  }

  Mended run() {
    read_header();
    while (!at_end()) read_statement();
    link();
    write();
    return std::move(out_);
  }

 private:
  // --- tokens

  void read_tokens(std::string_view text) {
    // The lexer counts lines from the file's first.
    mib::Lexer lexer(text.substr(0, module_.end));
    for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
      if (token.begin < module_.begin) continue;
      if (tokens_.size() >= kMaxTokens) {
        error(token.place, "the module is longer than any that is taken; what follows is left out");
        break;
      }
      if (token.quote == Token::Quote::Inner) warn(token.place, "quotes inside this text are not doubled; read as a part of it");
      if (token.quote == Token::Quote::NotClosed)
        error(token.place, "the text that starts here has no closing \"; it is ended before the next ::=");
      tokens_.push_back(token);
    }
    tokens_.push_back(lexer_end(lexer));
  }
  static Token lexer_end(mib::Lexer& lexer) {
    Token token = lexer.next();
    token.kind = TokenKind::End;
    token.text = {};
    return token;
  }
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool at_end() const { return at_ + 1 >= tokens_.size(); }
  void step() {
    if (!at_end()) ++at_;
  }

  // --- report

  void report(mib::Place place, bool warning, std::string text) {
    if (out_.problems.size() < kMaxProblems) out_.problems.push_back({file_, place.line, place.column, warning, std::move(text)});
    else if (out_.problems.size() == kMaxProblems)
      out_.problems.push_back({file_, place.line, place.column, warning, "more problems in this module are not told"});
  }
  void warn(mib::Place place, std::string text) { report(place, true, std::move(text)); }
  void error(mib::Place place, std::string text) { report(place, false, std::move(text)); }
  static std::string shown(const Token& token) {
    if (token.kind == TokenKind::End) return "the end of the module";
    if (token.kind == TokenKind::String) return "a text in quotes";
    return "'" + std::string(token.text.substr(0, 60)) + "'";
  }

  // --- the language

  // Whether a definition starts `ahead` tokens from here.
  bool starts(std::size_t ahead = 0) const {
    const Token& name = peek(ahead);
    const Token& next = peek(ahead + 1);
    if (name.kind != TokenKind::Word || next.kind == TokenKind::String) return false;
    if (name.text == "IMPORTS" || name.text == "EXPORTS") return true;
    if (is_clause(name)) return false;
    if (macro_of(next.text)) return true;
    if (next.text == "MACRO") return true;
    if (next.text == "OBJECT" && peek(ahead + 2).text == "IDENTIFIER") return peek(ahead + 3).text == "::=";
    // "::= {" ends a definition, whatever word stands before it.
    return next.text == "::=" && peek(ahead + 2).text != "{" && name.text != "IDENTIFIER" && name.text != "DEFINITIONS";
  }
  // The macro that a word means, a wrong case taken: "Object-Type".
  static std::optional<std::string_view> macro_of(std::string_view word) {
    if (mib::is_macro_word(word)) return word;
    if (word.size() < 9 || word.find('-') == std::string_view::npos) return std::nullopt;
    return language_word(word, mib::is_macro_word);
  }
  static bool is_clause(const Token& token) { return token.kind == TokenKind::Word && mib::is_clause_word(token.text); }
  std::string_view clause_here() {
    const Token& token = peek();
    if (token.kind != TokenKind::Word) return {};
    if (mib::is_clause_word(token.text)) return token.text;
    const auto meant = language_word(token.text, mib::is_clause_word);
    // A word of prose or a label is no clause: only where what follows fits one.
    if (!meant || (peek(1).kind != TokenKind::String && peek(1).kind != TokenKind::Word && peek(1).text != "{")) return {};
    warn(token.place, "'" + std::string(token.text) + "' is read as " + std::string(*meant));
    return *meant;
  }

  void read_header() {
    while (!at_end() && peek().text != "BEGIN") step();
    step();
  }

  void read_statement() {
    const Token token = peek();
    if (token.is("END")) {
      at_ = tokens_.size() - 1;
    } else if (token.is("IMPORTS")) {
      read_imports();
    } else if (token.is("EXPORTS")) {
      while (!at_end() && !peek().is(";")) step();
      step();
    } else if (!starts()) {
      error(token.place, shown(token) + " does not start a definition; left out up to the next that does");
      while (!at_end() && !starts() && !peek().is("END")) step();
    } else if (peek(1).is("MACRO")) {
      while (!at_end() && !peek().is("END")) step();
      step();
    } else if (peek(1).is("::=")) {
      read_type();
    } else if (peek(1).is("OBJECT")) {
      Definition made = begin();
      at_ += 3;
      if (read_oid(made)) keep(std::move(made));
    } else {
      read_macro();
    }
  }

  Definition begin() {
    Definition made;
    made.name = peek().text;
    made.place = made.facts.place = peek().place;
    put(made, peek().place, reserved(made.name) ? std::string(kReservedMark) + made.name : made.name);
    return made;
  }
  static void put(Definition& to, mib::Place place, std::string text) { to.pieces.push_back({std::move(text), place.line}); }

  void read_imports() {
    step();
    std::vector<Token> waiting;
    while (!at_end() && !peek().is(";")) {
      if (starts() && !peek().is("IMPORTS")) {
        warn(peek().place, "IMPORTS has no closing ';'; it is ended before " + shown(peek()));
        break;
      }
      if (peek().is("FROM")) {
        step();
        const Token from = peek();
        for (const Token& symbol : waiting) imports_.push_back({std::string(symbol.text), std::string(from.text), symbol.place});
        waiting.clear();
        step();
        // A module may be named with its OID behind it.
        if (peek().is("{")) skip_braces();
      } else {
        if (peek().kind == TokenKind::Word) waiting.push_back(peek());
        else if (!peek().is(",")) warn(peek().place, shown(peek()) + " stands in IMPORTS; passed over");
        step();
      }
    }
    if (peek().is(";")) step();
    for (const Token& symbol : waiting) warn(symbol.place, "'" + std::string(symbol.text) + "' is imported FROM nowhere");
  }

  void skip_braces() {
    int depth = 0;
    while (!at_end()) {
      if (peek().is("{")) ++depth;
      if (peek().is("}") && --depth <= 0) return step();
      if (starts() && depth <= 1 && peek(1).text != "::=") return;
      step();
    }
  }

  // { parent 3 }, { iso org(3) 6 }; behind "::=", which is next. False, with the cause told, when it cannot be read.
  bool read_oid(Definition& made) {
    if (!peek().is("::=")) return fault(made, "has no ::= before its number");
    step();
    if (!peek().is("{")) return fault(made, "has " + shown(peek()) + " where { parent number } must stand");
    std::vector<Piece> parts;
    const mib::Place open = peek().place;
    step();
    bool numbered = false;
    std::size_t count = 0;
    while (!at_end() && !peek().is("}")) {
      const Token part = peek();
      if (starts() || is_clause(part) || part.is("::=")) return fault(made, "has a number in braces that are not closed");
      if (part.kind == TokenKind::Number && part.text[0] != '-') {
        parts.push_back({std::string(part.text), part.place.line});
        numbered = true;
      } else if (part.kind == TokenKind::Word) {
        std::string_view label = part.text;
        if (peek(1).is(".") && peek(2).kind == TokenKind::Word) {  // MODULE.name
          step(), step();
          label = peek().text;
        }
        if (count == 0) made.parent = label, made.parent_place = part.place;
        std::string text = reserved(label) ? std::string(kReservedMark) + std::string(label) : std::string(label);
        numbered = false;
        if (peek(1).is("(") && peek(2).kind == TokenKind::Number) {
          text += "(" + std::string(peek(2).text) + ")";
          step(), step();
          if (peek(1).is(")")) step();
          numbered = true;
          if (count != 0 && !peek(1).is("}")) made.labels.emplace_back(label);
        }
        parts.push_back({std::move(text), part.place.line});
      } else if (part.is(",")) {
        warn(part.place, "a comma between the numbers of an OID; passed over");
        step();
        continue;
      } else {
        return fault(made, "has " + shown(part) + " in its number");
      }
      ++count;
      step();
    }
    step();
    if (count == 0) return fault(made, "has no number: { } is empty");
    if (!numbered) return fault(made, "has no number behind its parent");
    // A bare number in front is a root: 0 ccitt, 1 iso.
    if (made.parent.empty() && parts[0].text == "1") parts[0].text = "iso";
    if (made.pieces.size() == 1) put(made, made.place, "OBJECT IDENTIFIER");
    put(made, open, "::= {");
    for (Piece& part : parts) made.pieces.push_back(std::move(part));
    put(made, open, "}");
    made.object = true;
    return true;
  }

  bool fault(Definition& made, const std::string& what) {
    if (!without_.definitions.contains(made.name)) error(peek().place, made.name + " " + what + "; it is left out");
    ++out_.declared;
    while (!at_end() && !starts() && !peek().is("END")) step();
    return false;
  }

  void keep(Definition made) {
    if (made.object) ++out_.declared;
    if (without_.definitions.contains(made.name)) return;
    const auto [at, fresh] = by_name_.try_emplace(made.name, definitions_.size());
    if (!fresh && definitions_[at->second].object == made.object) {
      warn(made.place, made.name + " is defined again; the first, in line " +
                           std::to_string(definitions_[at->second].place.line) + ", is taken");
      if (made.object) --out_.declared;
      return;
    }
    for (const std::string& label : made.labels) labels_.try_emplace(label, definitions_.size());
    definitions_.push_back(std::move(made));
  }

  void read_type() {
    Definition made = begin();
    const bool known = language_type(made.name);
    at_ += 2;
    put(made, made.place, "::=");
    if (peek().is("TEXTUAL-CONVENTION")) {
      put(made, peek().place, "TEXTUAL-CONVENTION");
      step();
      bool syntax = false;
      while (!at_end() && !syntax && !starts()) {
        const std::string_view clause = clause_here();
        const mib::Place place = peek().place;
        if (clause.empty()) {
          error(place, shown(peek()) + " stands between the clauses of " + made.name + "; passed over");
          step();
          continue;
        }
        step();
        if (clause == "DISPLAY-HINT") {
          if (const auto hint = read_text(clause)) put(made, place, "DISPLAY-HINT \"" + one_line(*hint) + "\"");
        } else if (clause == "STATUS") {
          read_status(made);
          put(made, place, "STATUS current DESCRIPTION \"\"");
        } else if (clause == "SYNTAX") {
          put(made, place, "SYNTAX");
          syntax = read_syntax(made);
        } else {
          read_text(clause);
        }
      }
      if (!syntax) {
        error(made.place, "type " + made.name + " has no SYNTAX; it is left out");
        return;
      }
    } else if (!read_syntax(made)) {
      while (!at_end() && !starts() && !peek().is("END")) step();
      return;
    }
    if (!known && !made.columns) keep(std::move(made));
  }

  static std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == '"' ? ' ' : c;
    return out;
  }

  std::optional<std::string_view> read_text(std::string_view clause) {
    if (peek().kind == TokenKind::String) {
      const std::string_view text = peek().text;
      step();
      // "one" "two": one text, cut in two.
      while (peek().kind == TokenKind::String) step();
      return text;
    }
    error(peek().place, std::string(clause) + " wants a text in quotes, not " + shown(peek()) + "; the clause is left out");
    while (!at_end() && !is_clause(peek()) && !peek().is("::=") && !starts()) step();
    return std::nullopt;
  }

  void read_status(Definition& made) {
    const Token word = peek();
    const auto status = status_of(word.text);
    if (status == mib::DefStatus::None) {
      error(word.place, "STATUS " + shown(word) + " of " + made.name + " is none of the language's; left unknown");
    } else if (!is_exact(word.text, status)) {
      warn(word.place, "STATUS '" + std::string(word.text) + "' is read as " + std::string(mib::to_string(status)));
    }
    made.facts.status = status;
    if (word.kind == TokenKind::Word && !is_clause(word)) step();
  }
  static bool is_exact(std::string_view word, mib::DefStatus status) { return word == mib::to_string(status); }

  void read_access(Definition& made, std::string_view clause) {
    const Token word = peek();
    made.facts.access = access_of(word.text);
    if (made.facts.access == mib::Access::None) {
      error(word.place,
            std::string(clause) + " " + shown(word) + " of " + made.name + " is none of the language's; left unknown");
    } else if (word.text != mib::to_string(made.facts.access)) {
      warn(word.place, std::string(clause) + " '" + std::string(word.text) + "' is read as " +
                           std::string(mib::to_string(made.facts.access)));
    }
    if (word.kind == TokenKind::Word && !is_clause(word)) step();
  }

  // Words in braces: { a, IMPLIED b }. Types of SMIv1 and numbers among them are kept as they stand.
  std::vector<std::pair<std::string, bool>> read_list(std::string_view clause) {
    std::vector<std::pair<std::string, bool>> list;
    if (!peek().is("{")) {
      error(peek().place, std::string(clause) + " wants { ... }, not " + shown(peek()) + "; the clause is left out");
      return list;
    }
    step();
    bool implied = false, comma = true;
    while (!at_end() && !peek().is("}")) {
      if (is_clause(peek()) || peek().is("::=") || starts()) {
        error(peek().place, "the list of " + std::string(clause) + " is not closed; it is ended before " + shown(peek()));
        return list;
      }
      if (peek().is("IMPLIED")) {
        implied = true;
      } else if (peek().is(",")) {
        comma = true;
      } else if (peek().kind == TokenKind::Word) {
        if (!comma) warn(peek().place, "a comma is missing before '" + std::string(peek().text) + "'; read as if it stood there");
        list.emplace_back(peek().text, implied);
        implied = comma = false;
      } else {
        warn(peek().place, shown(peek()) + " in the list of " + std::string(clause) + " is passed over");
      }
      step();
    }
    step();
    return list;
  }

  // What stands in the braces of DEFVAL, as it stands there.
  std::string read_raw() {
    std::string out;
    if (!peek().is("{")) {
      warn(peek().place, "DEFVAL wants { ... }, not " + shown(peek()) + "; the clause is left out");
      if (!is_clause(peek()) && !peek().is("::=") && !starts()) step();
      return out;
    }
    step();
    for (int depth = 1; !at_end(); step()) {
      if (peek().is("{")) ++depth;
      if (peek().is("}") && --depth == 0) break;
      if (is_clause(peek()) || peek().is("::=") || starts()) return out;
      if (!out.empty() && !peek().is(",")) out += ' ';
      if (peek().kind == TokenKind::String) out += '"' + std::string(peek().text) + '"';
      else out += peek().text;
    }
    step();
    return out;
  }

  void read_macro() {
    Definition made = begin();
    const std::string_view macro = *macro_of(peek(1).text);
    if (macro != peek(1).text) warn(peek(1).place, "'" + std::string(peek(1).text) + "' is read as " + std::string(macro));
    step(), step();
    Facts& facts = made.facts;
    facts.kind = kind_of_macro(macro);
    const bool conformance = facts.kind == Kind::Compliance || facts.kind == Kind::Capabilities;
    const bool object_type = macro == "OBJECT-TYPE", trap = macro == "TRAP-TYPE";
    bool has_syntax = false, described = false;
    std::vector<Piece> syntax;
    std::string enterprise;
    mib::Place enterprise_place;
    while (!peek().is("::=")) {
      if (at_end() || starts() || peek().is("END")) return static_cast<void>(fault(made, "ends without ::= and its number"));
      const Token token = peek();
      const std::string_view clause = clause_here();
      if (clause.empty()) {
        if (!conformance) error(token.place, shown(token) + " stands between the clauses of " + made.name + "; passed over");
        do step();
        while (!at_end() && !is_clause(peek()) && !peek().is("::=") && !starts() && !peek().is("END") &&
               (conformance || peek().kind != TokenKind::Word));
        continue;
      }
      step();
      if (clause == "DESCRIPTION") {
        const auto text = read_text(clause);
        if (text && !described) facts.description = *text;
        described = true;
      } else if (conformance) {
        if (clause == "STATUS" && facts.status == mib::DefStatus::None) read_status(made);
      } else if (clause == "SYNTAX") {
        std::vector<Piece> before = std::move(made.pieces);
        made.pieces.clear();
        const bool first = !has_syntax;
        const bool good = read_syntax(made);
        if (first && good) syntax = std::move(made.pieces), has_syntax = true;
        made.pieces = std::move(before);
      } else if (clause == "UNITS") {
        if (const auto text = read_text(clause)) facts.units = *text;
      } else if (clause == "ACCESS" || clause == "MAX-ACCESS" || clause == "MIN-ACCESS") {
        read_access(made, clause);
      } else if (clause == "STATUS") {
        read_status(made);
      } else if (clause == "INDEX") {
        facts.refs = read_list(clause);
        facts.kind = Kind::Row;
      } else if (clause == "AUGMENTS") {
        const auto list = read_list(clause);
        if (!list.empty()) facts.augments = list[0].first;
        facts.kind = Kind::Row;
      } else if (clause == "OBJECTS" || clause == "VARIABLES" || clause == "NOTIFICATIONS") {
        auto list = read_list(clause);
        if (facts.kind == Kind::Notification) facts.refs = std::move(list);
      } else if (clause == "DEFVAL") {
        facts.default_value = read_raw();
      } else if (clause == "ENTERPRISE") {
        if (peek().is("{")) step();
        enterprise = peek().text;
        enterprise_place = peek().place;
        step();
        if (peek().is("}")) step();
      } else if (clause == "NUM-ENTRIES") {
        step();
      } else if (peek().kind == TokenKind::String) {
        step();  // REFERENCE, LAST-UPDATED, ORGANIZATION, CONTACT-INFO, REVISION
      }
    }
    if (object_type) {
      if (!has_syntax) {
        error(made.place, made.name + " has no SYNTAX that can be read; its name and number are kept");
        put(made, made.place, "OBJECT IDENTIFIER");
      } else {
        put(made, made.place, "OBJECT-TYPE SYNTAX");
        for (Piece& piece : syntax) made.pieces.push_back(std::move(piece));
        // What the parser must see; the facts say what it is.
        put(made, made.place, "ACCESS not-accessible STATUS current");
      }
    } else if (trap) {
      return read_trap_number(std::move(made), enterprise, enterprise_place);
    } else {
      put(made, made.place, "OBJECT IDENTIFIER");
    }
    made.object = true;
    if (read_oid(made)) keep(std::move(made));
  }

  // TRAP-TYPE: the enterprise, a zero and the number (RFC 3584 section 3.1); snmp's own traps are snmpTraps, one higher.
  void read_trap_number(Definition made, const std::string& enterprise, mib::Place place) {
    step();
    const bool braces = peek().is("{");
    if (braces) step();
    if (enterprise.empty() || peek().kind != TokenKind::Number) {
      fault(made, enterprise.empty() ? "names no ENTERPRISE" : "has " + shown(peek()) + " where its number must stand");
      return;
    }
    const std::uint64_t number = parse_unsigned(peek().text).value_or(0);
    step();
    if (braces && peek().is("}")) step();
    made.parent_place = place;
    made.object = true;
    put(made, made.place, "OBJECT IDENTIFIER ::= {");
    if (enterprise == "snmp" && number < 6) {
      put(made, place, "iso 3 6 1 6 3 1 1 5 " + std::to_string(number + 1));
      made.parent = "iso";
    } else {
      put(made, place, enterprise + " 0 " + std::to_string(number));
      made.parent = enterprise;
    }
    put(made, made.place, "}");
    keep(std::move(made));
  }

  static Kind kind_of_macro(std::string_view macro) {
    if (macro == "NOTIFICATION-TYPE" || macro == "TRAP-TYPE") return Kind::Notification;
    if (macro == "OBJECT-GROUP" || macro == "NOTIFICATION-GROUP") return Kind::Group;
    if (macro == "MODULE-COMPLIANCE") return Kind::Compliance;
    if (macro == "AGENT-CAPABILITIES") return Kind::Capabilities;
    if (macro == "MODULE-IDENTITY") return Kind::Module;
    if (macro == "OBJECT-TYPE") return Kind::Scalar;
    return Kind::Node;
  }

  // --- SYNTAX

  // Writes the type into the pieces, its bounds into the facts.
  bool read_syntax(Definition& made) {
    while (peek().is("[")) {  // [APPLICATION 1] IMPLICIT
      while (!at_end() && !peek().is("]")) step();
      step();
    }
    if (peek().is("IMPLICIT") || peek().is("EXPLICIT")) step();
    const Token base = peek();
    if (base.kind != TokenKind::Word) {
      error(base.place, "SYNTAX of " + made.name + " is " + shown(base) + ", which is no type");
      return false;
    }
    step();
    std::string word(base.text);
    if (word == "SEQUENCE") {
      if (peek().is("OF")) {
        step();
        put(made, base.place, "SEQUENCE OF " + std::string(peek().text));
        step();
        made.facts.kind = Kind::Table;
        return true;
      }
      skip_braces();
      made.columns = true;
      return true;
    }
    if (word == "CHOICE") {
      skip_braces();
      put(made, base.place, "OCTET STRING");
      return true;
    }
    if (word == "OCTET" || word == "OBJECT" || word == "BIT") {
      const std::string_view second = word == "OBJECT" ? "IDENTIFIER" : "STRING";
      if (to_lower(peek().text) == to_lower(second)) step();
      else warn(base.place, "'" + word + "' is read as " + word + " " + std::string(second));
      word = word == "BIT" ? "BITS" : word + " " + std::string(second);
    } else if (const auto meant = language_word(word, language_type);
               meant && !language_type(word) && !by_name_.contains(word) && !imported(word)) {
      warn(base.place, "type '" + word + "' is read as " + std::string(*meant));
      word = *meant;
    } else if (peek().is(".") && peek(1).kind == TokenKind::Word) {  // MODULE.Type
      step();
      word = peek().text;
      step();
    }
    if (!language_type(word) && word.find(' ') == std::string::npos) made.types.emplace_back(word, base.place);
    put(made, base.place, word);
    bool listed = false;
    for (;;) {
      if (peek().is("{")) {
        if (!read_enums(made, word)) return false;
        listed = true;
      } else if (peek().is("(")) {
        const mib::Place place = peek().place;
        const bool size = read_bounds(made);
        if (listed && !made.facts.ranges.empty()) {
          warn(place, "bounds behind a list of numbers are passed over");
          made.facts.ranges.clear();
        } else if (!made.facts.ranges.empty()) {
          put(made, place, bounds_text(made.facts.ranges, size));
        }
      } else if (peek().is("SIZE") && peek(1).is("(")) {
        const mib::Place place = peek().place;
        step();
        read_bounds(made);
        warn(place, "SIZE stands without brackets around it; read as if they were there");
        if (!made.facts.ranges.empty()) put(made, place, bounds_text(made.facts.ranges, true));
      } else {
        return true;
      }
    }
  }

  bool imported(std::string_view name) const {
    return std::any_of(imports_.begin(), imports_.end(), [&](const auto& i) { return i.symbol == name; });
  }

  static std::string bounds_text(const std::vector<std::pair<std::int64_t, std::int64_t>>& ranges, bool size) {
    std::string out = size ? "(SIZE (" : "(";
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      // The parser keeps 32 bits with a sign; objects get their own bounds back from the facts.
      const auto fit = [](std::int64_t n) { return std::to_string(std::clamp<std::int64_t>(n, INT32_MIN, INT32_MAX)); };
      out += (i == 0 ? "" : " | ") + fit(ranges[i].first) + ".." + fit(ranges[i].second);
    }
    return out + (size ? "))" : ")");
  }

  bool read_enums(Definition& made, std::string_view base) {
    const mib::Place open = peek().place;
    step();
    std::string out = "{ ";
    bool first = true, comma = true;
    while (!at_end() && !peek().is("}")) {
      const Token label = peek();
      if (is_clause(label) && !peek(1).is("(")) {
        error(label.place, "the list of numbers of " + made.name + " is not closed; it is ended before " + shown(label));
        break;
      }
      if (label.is(",")) {
        comma = true;
        step();
        continue;
      }
      if (label.kind != TokenKind::Word && label.kind != TokenKind::Number) {
        warn(label.place, shown(label) + " in the list of numbers of " + made.name + " is passed over");
        step();
        continue;
      }
      step();
      if (!peek().is("(")) {
        if (starts() || peek().is("::=")) return false;
        warn(label.place, "'" + std::string(label.text) + "' has no number in the list of " + made.name + "; passed over");
        continue;
      }
      step();
      const auto value = read_number();
      if (!value || *value > INT32_MAX || *value < INT32_MIN) {
        warn(label.place,
             "'" + std::string(label.text) + "' has no number of 32 bits in the list of " + made.name + "; passed over");
        while (!at_end() && !peek().is(")") && !peek().is("}") && !starts()) step();
      } else {
        if (!comma) warn(label.place, "a comma is missing before '" + std::string(label.text) + "'; read as if it stood there");
        if (!first) out += ", ";
        first = comma = false;
        if (reserved(label.text) || label.kind == TokenKind::Number) out += kReservedMark;
        out += std::string(label.text) + "(" + std::to_string(*value) + ")";
      }
      if (peek().is(")")) step();
    }
    if (peek().is("}")) step();
    if (first) {
      warn(open, "the list of numbers of " + made.name + " is empty; passed over");
      return true;
    }
    if (base == "OCTET STRING") made.pieces.back().text = "BITS";
    put(made, open, out + " }");
    return true;
  }

  std::optional<std::int64_t> read_number() {
    const Token token = peek();
    std::int64_t value = 0;
    if (token.kind == TokenKind::Number) {
      const auto [end, ec] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
      step();
      if (ec == std::errc::result_out_of_range) return token.text[0] == '-' ? INT64_MIN : INT64_MAX;
      return value;
    }
    if (token.kind == TokenKind::Bits) {
      const bool hex = token.text.back() == 'H' || token.text.back() == 'h';
      const std::string_view digits = token.text.substr(1, token.text.size() - 3);
      std::uint64_t bits = 0;
      const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, hex ? 16 : 2);
      step();
      if (ec != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
      return static_cast<std::int64_t>(std::min<std::uint64_t>(bits, INT64_MAX));
    }
    if (token.is("MIN") || token.is("MAX")) {
      step();
      return token.is("MIN") ? INT32_MIN : INT32_MAX;
    }
    return std::nullopt;
  }

  // ( 0..255 | 300 ), ( SIZE ( 4 | 16 ) ). True for a size.
  bool read_bounds(Definition& made) {
    int depth = 0;
    bool size = false, broken = false;
    const mib::Place place = peek().place;
    std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
    while (!at_end()) {
      if (peek().is("(")) {
        ++depth;
        step();
      } else if (peek().is(")")) {
        step();
        if (--depth == 0) break;
      } else if (peek().is("SIZE") || peek().text == "Size" || peek().text == "size") {
        size = true;
        step();
      } else if (peek().is("|") || peek().is(",")) {
        step();
      } else if (is_clause(peek()) || peek().is("::=") || starts()) {
        broken = true;
        break;
      } else if (const auto low = read_number()) {
        std::int64_t high = *low;
        if (peek().text.starts_with("..")) {
          step();
          const auto read = read_number();
          broken = broken || !read;
          high = read.value_or(high);
        } else if (peek().kind == TokenKind::Number && peek().text[0] == '-') {  // 0-255
          high = -*read_number();
          warn(place, "bounds are written with '-'; read as '..'");
        }
        if (high < *low) {
          warn(place, "bounds of " + made.name + " are the wrong way round; turned");
          ranges.emplace_back(high, *low);
        } else {
          ranges.emplace_back(*low, high);
        }
      } else {
        broken = true;
        step();
      }
    }
    if (broken) warn(place, "bounds of " + made.name + " cannot be read whole; passed over");
    else if (made.facts.ranges.empty()) made.facts.ranges = std::move(ranges);
    return size;
  }

  // --- names

  // Finds each import's module, and drops what hangs under a name that nothing defines.
  void link() {
    std::map<std::string, std::vector<std::size_t>, std::less<>> missing;  // module, imports
    for (std::size_t i = 0; i < imports_.size(); ++i) {
      const auto& import = imports_[i];
      if (language_word_or_macro(import.symbol)) continue;
      if (homes_.defines(import.module, import.symbol) && import.module != module_.name) {
        known_.emplace(import.symbol, import.module);
        continue;
      }
      const std::string_view home = homes_.home_of(import.symbol, folder_, import.module);
      if (!home.empty() && home != module_.name) {
        known_.emplace(import.symbol, home);
        warn(import.place, import.symbol + " is not in module " + import.module +
                               (homes_.has_module(import.module) ? "" : ", which is not loaded") + "; taken from " +
                               std::string(home));
      } else if (homes_.has_module(import.module)) {
        if (!by_name_.contains(import.symbol))
          error(import.place,
                "imported name " + import.symbol + " is not in module " + import.module + "; import it from where it is defined");
      } else {
        missing[import.module].push_back(i);
      }
    }
    for (const auto& [module, which] : missing) {
      std::string names;
      for (std::size_t i = 0; i < which.size() && i < 3; ++i) names += (i == 0 ? "" : ", ") + imports_[which[i]].symbol;
      if (which.size() > 3) names += " and " + std::to_string(which.size() - 3) + " more";
      error(imports_[which[0]].place,
            "imported module " + module + " is not there; add its file, or what is built on " + names + " stays unnamed");
    }
    drop_unrooted();
    for (const Definition& definition : definitions_) {
      for (const auto& [type, place] : definition.types) {
        if (by_name_.contains(type) || known_.contains(type) || imported(type) || is_row_type(type)) continue;
        const std::string_view home = homes_.well_known_home(type);
        if (home.empty() || home == module_.name) continue;
        known_.emplace(type, home);
        warn(place, "type " + type + " is used without an import; taken from " + std::string(home));
      }
    }
  }
  // The module that IMPORTS says a name is of.
  std::string_view asked_for(std::string_view name) const {
    const auto import = std::find_if(imports_.begin(), imports_.end(), [&](const auto& i) { return i.symbol == name; });
    return import == imports_.end() ? std::string_view() : std::string_view(import->module);
  }
  bool is_row_type(std::string_view type) const {
    std::string row(type);
    if (row.empty()) return false;
    if (row[0] >= 'A' && row[0] <= 'Z') row[0] = static_cast<char>(row[0] | 0x20);
    return by_name_.contains(row);
  }
  void drop_unrooted() {
    enum State : char { Unknown, Asked, Rooted, Lost };
    std::vector<State> states(definitions_.size(), Unknown);
    struct Cause {
      mib::Place place;
      std::string first;
      std::size_t count = 0;
    };
    std::map<std::string, Cause, std::less<>> causes;
    for (std::size_t start = 0; start < definitions_.size(); ++start) {
      std::vector<std::size_t> path;
      std::size_t here = start;
      State end = Rooted;
      std::string cause;
      for (;;) {
        const Definition& definition = definitions_[here];
        if (!definition.object || states[here] == Rooted) break;
        if (states[here] == Lost || states[here] == Asked) {
          if (states[here] == Asked) error(definition.parent_place, definition.name + " hangs below itself; it is left out");
          end = Lost;
          break;
        }
        states[here] = Asked;
        path.push_back(here);
        const std::string& parent = definition.parent;
        if (parent.empty() || parent == "iso" || parent == "ccitt" || parent == "joint-iso-ccitt") break;
        const auto own = by_name_.find(parent);
        if (own != by_name_.end() && definitions_[own->second].object && own->second != here) {
          here = own->second;
          continue;
        }
        if (known_.contains(parent) && !without_.parents.contains(parent)) break;
        if (const auto labelled = labels_.find(parent); labelled != labels_.end() && labelled->second != here) {
          here = labelled->second;
          continue;
        }
        if (const auto home = homes_.home_of(parent, folder_, asked_for(parent));
            !home.empty() && home != module_.name && !without_.parents.contains(parent)) {
          known_.emplace(parent, home);
          warn(definition.parent_place, parent + " is used without an import; taken from " + std::string(home));
          break;
        }
        end = Lost;
        cause = parent;
        break;
      }
      for (const std::size_t i : path) states[i] = end;
      if (!cause.empty()) {
        const Definition& first = definitions_[path.back()];
        causes.try_emplace(cause, Cause{first.parent_place, first.name, 0});
      }
    }
    std::vector<Definition> rooted;
    for (std::size_t i = 0; i < definitions_.size(); ++i) {
      if (!definitions_[i].object || states[i] != Lost) rooted.push_back(std::move(definitions_[i]));
      else lost_.push_back(definitions_[i].name);
    }
    for (const auto& [parent, cause] : causes)
      error(cause.place,
            cause.first + " is left out: its parent " + parent +
                (without_.parents.contains(parent) ? " of module " + known_.find(parent)->second + " hangs nowhere itself"
                                                   : " is defined nowhere that is loaded"));
    if (!causes.empty() && lost_.size() > causes.size())
      error(module_.place, std::to_string(lost_.size() - causes.size()) + " names of module " + module_.name +
                               " are left out with them, since their numbers hang below (" + lost_.front() + " to " +
                               lost_.back() + ")");
    definitions_ = std::move(rooted);
  }

  // --- text for the parser

  void write() {
    std::string& text = out_.text;
    std::uint32_t line = 1;
    const auto put_at = [&](std::uint32_t at, std::string_view piece) {
      while (line < at) text += '\n', ++line;
      if (!text.empty() && text.back() != '\n') text += ' ';
      text += piece;
    };
    put_at(module_.place.line, module_.name);
    text += " DEFINITIONS ::= BEGIN";
    std::set<std::string_view> own;
    for (const Definition& definition : definitions_) own.insert(definition.name);
    std::map<std::string, std::vector<std::string>> by_module;
    for (const auto& [symbol, module] : known_) {
      if (own.contains(symbol)) continue;
      by_module[module].push_back(reserved(symbol) ? std::string(kReservedMark) + symbol : symbol);
    }
    if (!by_module.empty()) {
      text += " IMPORTS";
      for (const auto& [module, symbols] : by_module) {
        for (std::size_t i = 0; i < symbols.size(); ++i) text += (i == 0 ? " " : ", ") + symbols[i];
        text += " FROM " + module;
        out_.needs.insert(module);
      }
      text += ";";
    }
    for (Definition& definition : definitions_) {
      if (const auto at = known_.find(definition.parent); at != known_.end() && !own.contains(definition.parent))
        out_.parents.emplace(*at);
      out_.lines.emplace_back(std::max(line, definition.place.line), definition.name);
      for (std::string& label : definition.labels) out_.labels.insert(std::move(label));
      for (const Piece& piece : definition.pieces) put_at(piece.line, piece.text);
      // The next begins on a line of its own, so that a complaint's line says whose it is.
      text += '\n';
      ++line;
      out_.facts.insert_or_assign(definition.name, std::move(definition.facts));
    }
    text += "\nEND\n";
  }

  const mib::ScannedModule& module_;
  const std::string& file_;
  const std::filesystem::path folder_ = std::filesystem::path(file_).parent_path();
  const Homes& homes_;
  const Without& without_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::vector<mib::ScannedImport> imports_;
  std::vector<Definition> definitions_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::map<std::string, std::size_t, std::less<>> labels_;
  std::map<std::string, std::string, std::less<>> known_;  // imported name, its module
  std::vector<std::string> lost_;
  Mended out_;
};

}  // namespace

Mended mend(std::string_view text, const mib::ScannedModule& module, const std::string& file, const Homes& homes,
            const Without& without) {
  return Mender(text, module, file, homes, without).run();
}

}  // namespace bongsu::mibc
