# The build's vocabulary: one helper per kind of target. Every target gets the warnings and sanitizers of
# oneloop_options; nothing here sets a global flag.

add_library(oneloop_options INTERFACE)
target_compile_features(oneloop_options INTERFACE cxx_std_20)
target_compile_options(oneloop_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor)
# The results are the same bits on every machine only if no compiler fuses a multiplication with an addition.
target_compile_options(oneloop_options INTERFACE -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(oneloop_options INTERFACE -Wthread-safety -Werror=thread-safety)
endif()
if(ONELOOP_WERROR)
  target_compile_options(oneloop_options INTERFACE -Werror)
endif()
add_library(oneloop_sanitize INTERFACE)
if(ONELOOP_SANITIZE)
  target_compile_options(oneloop_sanitize INTERFACE -fsanitize=${ONELOOP_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(oneloop_sanitize INTERFACE -fsanitize=${ONELOOP_SANITIZE})
endif()
if(ONELOOP_FUZZ)
  # Coverage for libFuzzer, without its main.
  target_compile_options(oneloop_sanitize INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(oneloop_sanitize INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_libraries(oneloop_options INTERFACE oneloop_sanitize)
target_include_directories(oneloop_options INTERFACE ${PROJECT_SOURCE_DIR})

# oneloop_library(<folder> SRCS <file>... [DEPS <public target>...] [PRIVATE_DEPS <target>...])
# makes oneloop_<folder>, alias oneloop::<folder>.
function(oneloop_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(oneloop_${name} STATIC ${ARG_SRCS})
  add_library(oneloop::${name} ALIAS oneloop_${name})
  target_link_libraries(oneloop_${name} PUBLIC ${ARG_DEPS} PRIVATE oneloop_options ${ARG_PRIVATE_DEPS})
  target_include_directories(oneloop_${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()

# oneloop_binary(<name> SRCS <file>... DEPS <target>...)
function(oneloop_binary name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE oneloop_options ${ARG_DEPS})
endfunction()

# oneloop_test(<file without .cc> DEPS <target>... [LABELS unit|integration|slow...])
# One executable per test file; it runs as one ctest entry. Without LABELS it is a unit test.
function(oneloop_test file)
  cmake_parse_arguments(ARG "" "" "DEPS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "_" prefix "${folder}")
  set(name ${prefix}_${file})
  add_executable(${name} ${file}.cc)
  target_link_libraries(${name} PRIVATE oneloop_options ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test_bin)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600)
  set_property(TEST ${name} PROPERTY ENVIRONMENT "ONELOOP_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
               "ONELOOP_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
endfunction()
