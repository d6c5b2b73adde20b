// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/form.h"
#include "http/reply.h"
#include "model/labels.h"
#include "model/source.h"

// How Prometheus' HTTP API says things (its documentation, "HTTP API", of release 3).
namespace bongsu::http {

// Its errorType, each with its status: 400, 422, 503, 499, 500, 404, 503.
enum class Fault { BadData, Execution, Timeout, Canceled, Internal, NotFound, Unavailable };
Reply fault(Fault kind, std::string_view text);
// An Error of the engine or of a source, while a query runs.
Reply fault(const Error& error);

// {"status":"success","data": and the end, with what there is to read the answer with.
inline constexpr std::string_view kSuccess = "{\"status\":\"success\",\"data\":";
struct Remarks {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};
std::string end_of_answer(const Remarks& remarks);
Reply success(std::string data, const Remarks& remarks = {});

// Seconds since 1970, as a decimal number, or RFC 3339; rounded to milliseconds. Error: Invalid.
Result<Time> parse_prometheus_time(std::string_view text);
// "1h30m", or seconds as a decimal number. Error: Invalid.
Result<Millis> parse_prometheus_duration(std::string_view text);
// Of a parameter; nothing when it is absent or empty. Error: Invalid, naming it.
Result<std::optional<Time>> time_of(const Form& form, std::string_view name);
Result<std::optional<Millis>> duration_of(const Form& form, std::string_view name);
Result<std::size_t> count_of(const Form& form, std::string_view name);  // SIZE_MAX where absent or 0

// The matchers of a series selector such as up{job="x"}. Error: Invalid, naming the parameter.
Result<std::vector<Matcher>> parse_series_selector(std::string_view name, std::string_view text);

inline constexpr std::size_t kTimestampRoom = 32;
char* write_timestamp(char* to, Time at);  // 1435781430.781, into at least kTimestampRoom octets
void append_timestamp(std::string& out, Time at);
void append_sample(std::string& out, Time at, double value);  // [1435781430.781,"1"]
void append_scalar(std::string& out, Time at, double value);  // the same, never with an exponent, as Go's %f
void append_labels(std::string& out, const Labels& labels);   // {"__name__":"up"}
void append_strings(std::string& out, const std::vector<std::string>& texts);
// Go's %e with the shortest digits: "1e+00".
std::string scientific(double value);

}  // namespace bongsu::http
