// SPDX-License-Identifier: Apache-2.0
// The parts of Boost.Asio that Bongsu speaks, in one place; compiled once (asio.cpp).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bongsu {
namespace asio = boost::asio;
}
