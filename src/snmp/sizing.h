// SPDX-License-Identifier: Apache-2.0
// How much to ask a device for at once. What came of each request goes into its Dialect, which bounds the next one.
#pragma once

#include <cstddef>
#include <string>

#include "snmp/dialect.h"
#include "snmp/target.h"

namespace bongsu::snmp {

// The size of a request; a varbind counts once for each row.
struct Size {
  std::size_t names = 1;
  std::size_t rows = 1;  // repetitions of a GETBULK
  std::size_t varbinds() const { return names * rows; }
};

enum class Failure : std::uint8_t {
  Silent,  // no answer, while one to a smaller request came
  TooBig,
  Refused,  // another error, while a smaller request was answered without
  Cut,      // answered with `size.names` varbinds of more
  Unfit,    // an error that speaks of an object, or what cannot be read: perhaps not the size, and no evidence of it
};

// Borrows a line of the book for the call.
class Sizing {
 public:
  Sizing(DialectBook& book, DialectBook::Known& known, const Clock& clock) : book_(book), known_(known), clock_(clock) {}
  // Most varbinds to ask for next; SIZE_MAX where no bound is known. While the bound is searched for, it lies between what
  // was answered and what was not: then trying() holds for it.
  std::size_t most() const;
  bool trying(std::size_t varbinds) const;
  // A request of this size was answered.
  void succeeded(const Size& size) {
    const DialectBook::Entry& entry = known_.second;
    if (entry.failed_size != 0 && size.varbinds() >= entry.failed_size) disproved();
    if (entry.dialect.too_many != 0) learn(size.varbinds());
  }
  // `evidence`: what was asked and what came back.
  void failed(const Size& size, Failure how, const std::string& evidence);
  // When a day has passed since the last failure, or less where it was silence, which may have been loss: more is tried
  // again. True when GETBULK is worth a trial, too.
  bool retry();
  void bulk_is_useless(Trait trait, std::string evidence);
  // The target for a trial, which is not waited for as long as an answer that is needed, but where answers are lost.
  Target impatient(const Target& target) const;

 private:
  void learn(std::size_t varbinds);
  void disproved();
  bool searching() const;
  DialectBook& book_;
  DialectBook::Known& known_;
  const Clock& clock_;
};

}  // namespace bongsu::snmp
