// SPDX-License-Identifier: Apache-2.0
// What commands make of the daemon's JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "app/commands.h"

namespace bongsu::app {

// A member as text: a string as it is, anything else as JSON, "" for nothing.
std::string text_of(const nlohmann::json& object, const char* key);
// A time in local clock time, with the date when it is not today's.
std::string when(const nlohmann::json& object, const char* key);
// The answer to GET, or with `body` to POST; prints what went wrong.
std::optional<std::string> answer_of(const AskOptions& options, const std::string& path,
                                     const std::optional<std::string>& body = {});
// Prints that the answer is not Bongsu's; gives the exit code.
int unreadable(const AskOptions& options);

}  // namespace bongsu::app
