// SPDX-License-Identifier: Apache-2.0
// What commands make of the daemon's JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "base/time.h"

namespace bongsu::app {

// A member as text: a string as it is, anything else as JSON, "" for nothing.
std::string text_of(const nlohmann::json& object, const char* key);
// A time in local clock time, with the date when it is not today's.
std::string when(const nlohmann::json& object, const char* key);
std::string when(Time at);
// The answer to GET, or with `body` to POST; prints what went wrong.
std::optional<std::string> answer_of(const AskOptions& options, const std::string& path,
                                     const std::optional<std::string>& body = {});
// "; did you mean \"web1\"?", or nothing.
std::string meant(std::string_view word, const std::vector<std::string>& known);
// The names of all devices of the daemon; nothing where it does not answer.
std::optional<std::vector<std::string>> device_names(const AskOptions& options);
// Whether the daemon has the device; where not, says so on stderr with the nearest that it has. True where it cannot say.
bool device_is_known(const AskOptions& options, const std::string& name);
// Prints that the answer is not Bongsu's; gives the exit code.
int unreadable(const AskOptions& options);

}  // namespace bongsu::app
