// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mib/tree.h"

// What a proposal is made of: what was seen, and lines of YAML.
namespace bongsu::discover {

// What was seen of one object.
struct Seen {
  mib::Object object;
  std::size_t values = 0, numbers = 0;  // texts that read as a number are among them
  double least = 0, most = 0;
  std::set<std::string> texts;
};

// Columns of one row, or scalars side by side.
struct Place {
  mib::Object parent;
  bool table = false;
  std::vector<Seen> objects;  // by number
  std::set<std::vector<std::uint32_t>> rows;
};

// The object's name where that leads to it, else its number; expressions take '-' in a name for a minus.
std::string reference(const mib::Object& object, bool scalar);
// As an expression: a text that holds a number is read as one.
std::string number_reference(const Seen& seen, bool scalar);
std::string yaml_text(std::string_view text);  // in single quotes
std::string metric_name(std::string_view name);

// One group of a profile, ready to be written.
struct GroupText {
  std::string yaml;
  std::size_t series = 0;
};

// What an object says of processors, memory and storage as a whole.
enum class PoolKind : std::uint8_t { Cpu, Memory, Storage };
enum class Part : std::uint8_t { Percent, FreePercent, Size, Used, Free };
struct PoolPart {
  PoolKind kind = PoolKind::Cpu;
  Part part = Part::Percent;
  std::string stem;   // the name less the words for the part: parts of one pool share it
  std::string bytes;  // " * 1024": what makes octets of it; "?" when nothing tells
  int rank = 0;       // of several averages of one processor the lowest counts
};
std::optional<PoolPart> pool_part(const Seen& seen);
// Groups of canonical metrics: cpu_usage_percent, memory_..., storage_... . `labels`: of a row, the first name left open as "@".
// Which objects they read goes to `taken`.
std::vector<GroupText> pool_groups(const Place& place, const std::string& name, const std::string& labels,
                                   const std::set<std::string>& given, std::set<std::uint32_t>& taken);

// Sensors of a table that has a column for the kind of each row ("voltsDC", "celsius"), one for the value, and maybe one each for
// scale and precision, as ENTITY-SENSOR-MIB has it. Empty when the table is no such one.
std::vector<std::string> typed_sensors(const Place& place, std::set<std::uint32_t>& taken);

}  // namespace bongsu::discover
