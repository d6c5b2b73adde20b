// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/params.h"
#include "model/source.h"

namespace bongsu::http {

// The parameters of a search for events, and the query that they make. Words of q are parted by white space.
// Errors: Invalid (too many words, from not before to).
std::vector<ParamSpec> event_params(bool with_kind);
Result<EventQuery> event_query(const Params& params);
std::string event_cursor(const EventPage& page);  // "" on the last page

}  // namespace bongsu::http
