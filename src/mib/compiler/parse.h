// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mib/image.h"
#include "sources.h"

namespace bongsu::mibc {

// Runs Net-SNMP's parser over the copies and puts what it understood into `image`; its complaints, with their places,
// join sources.problems. Once in a process: the parser keeps global state.
void parse(Sources& sources, mib::ImageBuilder& image);

}  // namespace bongsu::mibc
