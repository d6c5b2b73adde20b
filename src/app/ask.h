// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "snmp/dialect.h"

namespace bongsu::app {

using Fields = std::vector<std::pair<std::string, std::string>>;

// What a running daemon answers to GET, or with `body` to POST. Errors: Unavailable (no answer), Refused (with its reason).
Result<std::string> ask_daemon(const std::string& url, const std::string& path, const std::optional<std::string>& body = {});

// What it answers to octets. Errors likewise.
Result<std::string> send_octets(const std::string& url, const std::string& path, const Fields& query, const std::string& octets);

// What it answers to PUT of JSON or YAML. Errors likewise.
Result<std::string> put_at_daemon(const std::string& url, const std::string& path, const Fields& query, const std::string& body);

// What it answers to DELETE of a path whose last part is taken as it is. Errors likewise.
Result<std::string> delete_at_daemon(const std::string& url, const std::string& path, const Fields& query = {});

// What it answers to a form of Prometheus' API. Errors likewise; Invalid where it cannot take what was asked.
Result<std::string> ask_form(const std::string& url, const std::string& path, const Fields& fields);

// What a running daemon has learned of a device.
struct KnownDialect {
  std::string json;  // its whole answer
  std::string summary;
  std::vector<snmp::Observation> observations;
};
// Nothing when no daemon answers at `url`, or it does not know the device. Blocks, two seconds at most.
std::optional<KnownDialect> ask_dialect(const std::string& url, const std::string& device);

}  // namespace bongsu::app
