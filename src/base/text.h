// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bongsu {

// Device text is data: it leaves through one of these, by the kind of edge.
std::string escape_html(std::string_view text);      // & < > " ' and invalid UTF-8
std::string escape_terminal(std::string_view text);  // control characters and invalid UTF-8 as \xHH; nothing moves the cursor
void append_quoted(std::string& out, std::string_view text);  // in double quotes as Prometheus writes a label's value: \\ \" \n

// The text itself when it is valid UTF-8, else each wrong octet as U+FFFD.
std::string to_valid_utf8(std::string_view text);
bool is_valid_utf8(std::string_view text);

std::string to_hex(std::span<const std::uint8_t> octets);                  // "0a1b"
std::optional<std::uint8_t> hex_octet(std::string_view text);              // of its first two characters, which must be digits
std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);  // spaces and colons between octets are taken

// A whole word as a decimal number (inf and nan too); nothing when anything is left over.
std::optional<double> parse_number(std::string_view text);
std::optional<std::uint64_t> parse_unsigned(std::string_view text);
// The shortest text that reads back as the same double; "NaN", "+Inf", "-Inf" as Prometheus writes them.
std::string format_number(double value);
// The same into a room of at least kNumberRoom octets; gives the end, with no zero after it.
inline constexpr std::size_t kNumberRoom = 32;
char* write_number(char* to, double value);
// A finite number with the same digits and no exponent, however long that is; up to kPositionalRoom octets.
inline constexpr std::size_t kPositionalRoom = 352;
char* write_positional(char* to, double finite);

std::vector<std::string_view> split(std::string_view text, char mark);  // "a,,b" gives three, "" gives one
std::string_view trim(std::string_view text);                           // ASCII white space
std::string to_lower(std::string_view text);                            // ASCII

// Columns that a terminal needs for the text: 2 for Hangul, CJK and other wide characters, none for what joins the one before.
std::size_t shown_width(std::string_view text);

// "64MiB", "512KiB", "1GiB", "4096": octets.
std::optional<std::uint64_t> parse_size(std::string_view text);

// The candidate that a person most likely meant, or nothing when none is near (edit distance with transpositions).
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace bongsu
