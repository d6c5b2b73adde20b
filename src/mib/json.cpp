// SPDX-License-Identifier: Apache-2.0
#include "mib/json.h"

namespace bongsu::mib {

namespace {

void text_or_null(JsonWriter& json, std::string_view key, std::string_view text) {
  json.key(key);
  if (text.empty()) json.null();
  else json.value(text);
}

void names(JsonWriter& json, std::string_view key, const std::vector<NamedRef>& refs) {
  json.key(key);
  if (refs.empty()) return static_cast<void>(json.null());
  json.begin_array();
  for (const NamedRef& ref : refs) json.value((ref.implied ? "IMPLIED " : "") + std::string(ref.name));
  json.end_array();
}

}  // namespace

std::string range_text(const Object& object) {
  std::string out;
  for (const ValueRange& range : object.ranges()) {
    out += (out.empty() ? "" : " | ") + std::to_string(range.low);
    if (range.high != range.low) out += ".." + std::to_string(range.high);
  }
  return out;
}

std::string index_text(const Object& object) {
  std::string out;
  for (const NamedRef& ref : object.index())
    out += (out.empty() ? "" : ", ") + std::string(ref.implied ? "IMPLIED " : "") + std::string(ref.name);
  return out;
}

void append_object(JsonWriter& json, const Object& object, bool whole) {
  json.begin_object().member("module", object.module).member("name", object.name).member("oid", object.oid().to_string());
  json.member("kind", to_string(object.kind));
  text_or_null(json, "syntax", to_string(object.type));
  text_or_null(json, "tc", object.convention);
  json.key("enums");
  if (const auto enums = object.enums(); enums.empty()) {
    json.null();
  } else {
    json.begin_array();
    for (const EnumItem& item : enums) json.begin_array().value(item.label).value(item.value).end_array();
    json.end_array();
  }
  text_or_null(json, "range", range_text(object));
  names(json, "index", object.kind == Kind::Row || whole ? object.index() : std::vector<NamedRef>());
  const auto augments = object.augments();
  text_or_null(json, "augments", augments ? augments->name : std::string_view());
  text_or_null(json, "access", to_string(object.access));
  text_or_null(json, "status", to_string(object.status));
  text_or_null(json, "units", object.units);
  text_or_null(json, "display_hint", object.hint);
  text_or_null(json, "defval", object.default_value);
  names(json, "objects", object.objects());
  if (whole) text_or_null(json, "description", object.description);
  json.end_object();
}

void append_module(JsonWriter& json, const ModuleInfo& module) {
  json.begin_object().member("name", module.name).member("file", module.file).member("last_updated", module.last_updated);
  json.member("declared", module.declared).member("objects", module.objects).end_object();
}

void append_problem(JsonWriter& json, const Problem& problem) {
  json.begin_object().member("file", problem.file).member("line", problem.line).member("column", problem.column);
  json.member("severity", problem.warning ? "warning" : "error").member("text", problem.text).end_object();
}

}  // namespace bongsu::mib
