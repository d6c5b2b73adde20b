# SPDX-License-Identifier: Apache-2.0
# How rooms, tests and tools are built. A room is one folder, one namespace, one static library.
#
# bongsu_layer(room...)   the rooms of one row of the map; each may use only rooms of rows already listed
# bongsu_room(name PUBLIC header... SOURCES file... DEPS room... LIBS target... [NO_UNITY file...])
# bongsu_test(name SOURCES file... DEPS room... [LIBS target...] [INSIDE room...] [SANITIZED] [DRIVER] [TIMEOUT s])   tests/<name>.
#                         A driver starts other programs and works little itself, so what it costs is compiling.
# bongsu_fuzz(name SOURCE file DEPS room... [INSIDE room...])   a libFuzzer target, replayed on its corpus by ctest
#
# Another room sees a room's PUBLIC headers alone, through a folder of links made for it, and only when it names the
# room in DEPS: DEPS are linked PRIVATE, so include folders do not travel. "No such file" means a broken layer.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(bongsu_flags INTERFACE)
target_compile_options(bongsu_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-missing-field-initializers -fno-omit-frame-pointer
  $<$<CONFIG:Release>:-O2;-g1>
  $<$<BOOL:${BONGSU_WERROR}>:-Werror>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-fstack-protector-strong>)
target_compile_definitions(bongsu_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_link_libraries(bongsu_flags INTERFACE Threads::Threads)
if(BONGSU_SANITIZE)
  target_compile_options(bongsu_flags INTERFACE -fsanitize=${BONGSU_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(bongsu_flags INTERFACE -fsanitize=${BONGSU_SANITIZE})
  if(BONGSU_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio's fences; gcc says of each that the thread sanitizer does not see it.
    target_compile_options(bongsu_flags INTERFACE -Wno-tsan)
  endif()
endif()
if(BONGSU_FUZZ)
  # clang 14 cannot give coroutines the prologue that -fsanitize=function reads.
  target_compile_options(bongsu_flags INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize=function)
endif()
find_program(BONGSU_MOLD mold)
if(BONGSU_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_link_options(bongsu_flags INTERFACE -fuse-ld=mold)
endif()

set(BONGSU_PUBLIC_DIR ${CMAKE_BINARY_DIR}/rooms/public)
set(BONGSU_INSIDE_DIR ${CMAKE_BINARY_DIR}/rooms/inside)
add_custom_target(headers COMMENT "each header compiles alone")

macro(bongsu_layer)
  foreach(room ${ARGN})
    add_subdirectory(${room})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY BONGSU_ROOMS_BELOW ${ARGN})
endmacro()

function(bongsu_check_deps name)
  get_property(below GLOBAL PROPERTY BONGSU_ROOMS_BELOW)
  foreach(dep ${ARGN})
    if(NOT dep IN_LIST below)
      message(FATAL_ERROR "room ${name} may not use ${dep}: it is not in a row below (src/CMakeLists.txt)")
    endif()
  endforeach()
endfunction()

function(bongsu_headers_alone room)
  set(sources)
  foreach(header ${ARGN})
    string(MAKE_C_IDENTIFIER ${header} id)
    set(source ${CMAKE_BINARY_DIR}/rooms/alone/${room}/${id}.cpp)
    if(NOT EXISTS ${source})
      file(WRITE ${source} "#include \"${room}/${header}\"\n#include \"${room}/${header}\"\n")
    endif()
    list(APPEND sources ${source})
  endforeach()
  add_library(headers_${room} OBJECT EXCLUDE_FROM_ALL ${sources})
  set_target_properties(headers_${room} PROPERTIES UNITY_BUILD OFF)
  target_compile_options(headers_${room} PRIVATE -O0 -g0 -U_FORTIFY_SOURCE)
  target_link_libraries(headers_${room} PRIVATE bongsu_${room}_inside)
  add_dependencies(headers headers_${room})
endfunction()

function(bongsu_room name)
  cmake_parse_arguments(ROOM "" "" "PUBLIC;SOURCES;DEPS;LIBS;NO_UNITY" ${ARGN})
  bongsu_check_deps(${name} ${ROOM_DEPS})

  file(MAKE_DIRECTORY ${BONGSU_PUBLIC_DIR}/${name}/${name} ${BONGSU_INSIDE_DIR}/${name})
  foreach(header ${ROOM_PUBLIC})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${header} ${BONGSU_PUBLIC_DIR}/${name}/${name}/${header} SYMBOLIC)
  endforeach()
  file(GLOB linked RELATIVE ${BONGSU_PUBLIC_DIR}/${name}/${name} ${BONGSU_PUBLIC_DIR}/${name}/${name}/*)
  foreach(header ${linked})
    if(NOT header IN_LIST ROOM_PUBLIC)
      file(REMOVE ${BONGSU_PUBLIC_DIR}/${name}/${name}/${header})
    endif()
  endforeach()
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${BONGSU_INSIDE_DIR}/${name}/${name} SYMBOLIC)

  # What the room itself and its tests from inside compile with.
  add_library(bongsu_${name}_inside INTERFACE)
  target_include_directories(bongsu_${name}_inside INTERFACE ${BONGSU_INSIDE_DIR}/${name})
  target_link_libraries(bongsu_${name}_inside INTERFACE bongsu_flags ${ROOM_LIBS})
  foreach(dep ${ROOM_DEPS})
    target_link_libraries(bongsu_${name}_inside INTERFACE bongsu_${dep})
  endforeach()

  add_library(bongsu_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(bongsu_${name} PRIVATE bongsu_${name}_inside)
  target_include_directories(bongsu_${name} INTERFACE ${BONGSU_PUBLIC_DIR}/${name})
  set_target_properties(bongsu_${name} PROPERTIES UNITY_BUILD ${BONGSU_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  if(ROOM_NO_UNITY)
    set_source_files_properties(${ROOM_NO_UNITY} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  file(GLOB all_headers RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS *.h)
  bongsu_headers_alone(${name} ${all_headers})
endfunction()

function(bongsu_link target)
  cmake_parse_arguments(T "" "" "DEPS;LIBS;INSIDE" ${ARGN})
  target_link_libraries(${target} PRIVATE bongsu_flags ${T_LIBS})
  foreach(dep ${T_DEPS})
    target_link_libraries(${target} PRIVATE bongsu_${dep})
  endforeach()
  foreach(dep ${T_INSIDE})
    target_link_libraries(${target} PRIVATE bongsu_${dep} bongsu_${dep}_inside)
  endforeach()
endfunction()

if(NOT TARGET sanitized_tests)
  add_custom_target(sanitized_tests)
  add_custom_target(fuzzers)
endif()

function(bongsu_test name)
  cmake_parse_arguments(T "SANITIZED;DRIVER" "TIMEOUT" "SOURCES;DEPS;LIBS;INSIDE" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(test_${name} ${T_SOURCES})
  bongsu_link(test_${name} DEPS ${T_DEPS} LIBS ${T_LIBS} GTest::gmock_main INSIDE ${T_INSIDE})
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(test_${name} PRIVATE BONGSU_SOURCE_DIR="${CMAKE_SOURCE_DIR}" BONGSU_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  if(T_DRIVER)
    target_compile_options(test_${name} PRIVATE $<$<CONFIG:Release>:-O0;-U_FORTIFY_SOURCE>)
  else()
    target_compile_options(test_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  set_target_properties(test_${name} PROPERTIES UNITY_BUILD ${BONGSU_UNITY} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} COST ${T_TIMEOUT})  # the longest begin first
  if(T_SANITIZED)
    add_dependencies(sanitized_tests test_${name})
    set_tests_properties(${name} PROPERTIES LABELS sanitized)
  endif()
endfunction()

# A fuzz target is clang's with BONGSU_FUZZ; otherwise a plain program that replays tests/fuzz/corpus/<name>/ and seeded
# mutations of it, so that every build runs it.
function(bongsu_fuzz name)
  cmake_parse_arguments(T "" "SOURCE" "DEPS;LIBS;INSIDE" ${ARGN})
  set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(BONGSU_FUZZ)
    add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${T_SOURCE})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers fuzz_${name})
  else()
    add_executable(fuzz_${name} ${T_SOURCE} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.cpp)
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${corpus})
    set_tests_properties(fuzz_${name} PROPERTIES LABELS sanitized TIMEOUT 120)
    add_dependencies(sanitized_tests fuzz_${name})
  endif()
  set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  bongsu_link(fuzz_${name} DEPS ${T_DEPS} LIBS ${T_LIBS} INSIDE ${T_INSIDE})
endfunction()

function(bongsu_tool name)
  cmake_parse_arguments(T "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  bongsu_link(${name} DEPS ${T_DEPS} LIBS ${T_LIBS})
endfunction()
