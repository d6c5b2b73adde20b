// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/varbind.h"

namespace bongsu::agent {

// The objects of one device as they were at one moment, from text in snmprec form: a line is `OID|type|value`, where the
// type is a BER tag in decimal and a letter after it tells how the value is written:
//   none  as it is        x   hexadecimal        xx  hexadecimal of hexadecimal
//   e     with escapes: \n \r \t \a \b \f \v \0 \\ \' \" and \xHH
// Rows may come in any order and with CR; of two rows with one OID the last counts. Rows that cannot be an SNMP object
// (a placeholder for a value, a number that does not fit its type, a name in an OID) are skipped and counted.
struct Recording {
  struct Skipped {
    std::size_t line = 0;  // from 1
    std::string why;
  };
  static constexpr std::size_t kNotesKept = 10;

  std::vector<Varbind> objects;  // in OID order, each OID once
  std::size_t duplicates = 0;    // rows replaced by a later one
  std::size_t skipped = 0;       // rows that are not objects; blank lines and lines that begin with # are not rows
  std::vector<Skipped> notes;    // the first few of them

  // Takes any text.
  static Recording parse(std::string_view text);
  // Errors: NotFound, Io; Limit above 256 MiB; Invalid when the file has rows and not one of them is an object.
  static Result<Recording> read(const std::filesystem::path& file);
};

}  // namespace bongsu::agent
