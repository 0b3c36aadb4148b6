# Bundles the page and writes it as C++ source. Offline: everything comes from Debian packages (tools/install-deps).
#
#   cmake -D OUTPUT=FILE.cc -D WORK=FOLDER -D DEPFILE=FILE -P bundle.cmake
#
# OUTPUT implements server/http/web_assets.h; WORK holds what is made on the way; DEPFILE lists what was read.
cmake_minimum_required(VERSION 3.25)
set(source ${CMAKE_CURRENT_LIST_DIR})
set(libraries /usr/share/nodejs)
set(advice "install the packages of Debian 12 with `tools/install-deps build`, or, after an upgrade that is meant, change client/web/libraries.lock")

find_program(esbuild esbuild)
find_program(gzip gzip)
if(NOT esbuild OR NOT gzip)
  message(FATAL_ERROR "client/web: esbuild or gzip is missing; ${advice}")
endif()

# Exact versions.
file(STRINGS ${source}/libraries.lock lock REGEX "^[^#]")
set(locked)
set(documentation)
foreach(line IN LISTS lock)
  string(REPLACE " " ";" words "${line}")
  list(GET words 0 name)
  list(GET words 1 version)
  if(name STREQUAL "esbuild")
    execute_process(COMMAND ${esbuild} --version OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE)
  elseif(EXISTS ${libraries}/${name}/package.json)
    file(READ ${libraries}/${name}/package.json package)
    string(JSON found GET "${package}" version)
  else()
    set(found "missing")
  endif()
  if(NOT found STREQUAL version)
    message(FATAL_ERROR "client/web: ${name} is ${found}, but libraries.lock has ${version}; ${advice}")
  endif()
  list(APPEND locked ${name})
endforeach()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK}/assets)
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env NODE_PATH=${libraries}
    ${esbuild} ${source}/src/main.tsx --bundle --minify --target=es2020 --charset=utf8 --jsx=automatic --log-level=warning
    "--define:process.env.NODE_ENV=\"production\"" --legal-comments=none --metafile=${WORK}/meta.json --outfile=${WORK}/app.js
  WORKING_DIRECTORY ${source}
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "client/web: esbuild failed")
endif()

# What was read: to build again when it changes, and to see that it is all locked.
file(READ ${WORK}/meta.json meta)
string(JSON inputs GET "${meta}" inputs)
string(JSON count LENGTH "${inputs}")
math(EXPR last "${count} - 1")
set(read ${source}/index.html.in ${source}/favicon.svg ${source}/libraries.lock)
set(bundled)
foreach(i RANGE ${last})
  string(JSON path MEMBER "${inputs}" ${i})
  get_filename_component(path ${path} ABSOLUTE BASE_DIR ${source})
  list(APPEND read ${path})
  if(path MATCHES "^${libraries}/([^/]+)/")
    list(APPEND bundled ${CMAKE_MATCH_1})
  endif()
endforeach()
list(REMOVE_DUPLICATES bundled)
list(SORT bundled)
foreach(name IN LISTS bundled)
  if(NOT name IN_LIST locked)
    message(FATAL_ERROR "client/web: ${name} is in the bundle, but not in libraries.lock; ${advice}")
  endif()
endforeach()
string(REPLACE ";" " \\\n  " prerequisites "${read}")
file(WRITE ${DEPFILE} "${OUTPUT}: ${prerequisites}\n")

# Their licences ask to come along.
set(licenses "What the page of OneLoop is made of besides its own sources, and on which terms.\n")
foreach(name IN LISTS bundled)
  set(copyright /usr/share/doc/node-${name}/copyright)
  # Parts of another library's package.
  if(name STREQUAL "scheduler" OR NOT EXISTS ${copyright})
    set(copyright /usr/share/doc/node-react/copyright)
  endif()
  if(EXISTS ${copyright})
    file(READ ${copyright} text)
    string(APPEND licenses "\n==== ${name} ====\n\n${text}")
  endif()
endforeach()
file(WRITE ${WORK}/licenses.txt "${licenses}")

# Names with hashes: what has changed has another name, so that browsers keep the rest for ever.
function(hashed file name extension result)
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 10 hash)
  file(RENAME ${file} ${WORK}/assets/${name}-${hash}.${extension})
  set(${result} /assets/${name}-${hash}.${extension} PARENT_SCOPE)
endfunction()
file(COPY_FILE ${source}/favicon.svg ${WORK}/favicon.svg)
hashed(${WORK}/app.js app js script)
hashed(${WORK}/app.css app css style)
hashed(${WORK}/licenses.txt licenses txt licenses)
hashed(${WORK}/favicon.svg favicon svg favicon)
configure_file(${source}/index.html.in ${WORK}/index.html @ONLY)

# A file's bytes as a string literal.
function(literal file result)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" text "${hex}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

set(definitions)
set(entries)
set(number 0)
foreach(entry
    "/index.html|text/html; charset=utf-8|false"
    "${script}|text/javascript; charset=utf-8|true"
    "${style}|text/css; charset=utf-8|true"
    "${licenses}|text/plain; charset=utf-8|true"
    "${favicon}|image/svg+xml|true")
  string(REGEX MATCH "^([^|]*)[|]([^|]*)[|](.*)$" matched "${entry}")
  set(path ${CMAKE_MATCH_1})
  set(type "${CMAKE_MATCH_2}")
  set(immutable ${CMAKE_MATCH_3})
  set(file ${WORK}${path})
  execute_process(COMMAND ${gzip} -9 -n -c ${file} OUTPUT_FILE ${file}.gz RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "client/web: gzip failed on ${file}")
  endif()
  file(SHA256 ${file} etag)
  string(SUBSTRING ${etag} 0 32 etag)
  file(SIZE ${file} plain_size)
  file(SIZE ${file}.gz gzip_size)
  literal(${file} plain)
  literal(${file}.gz zipped)
  string(APPEND definitions "constexpr char kPlain${number}[] = \"${plain}\";\nconstexpr char kGzip${number}[] = \"${zipped}\";\n")
  string(APPEND entries "    WebAsset{\"${path}\", \"${type}\", {kPlain${number}, ${plain_size}}, {kGzip${number}, ${gzip_size}}, \"\\\"${etag}\\\"\", ${immutable}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Written by client/web/bundle.cmake.
#include \"server/http/web_assets.h\"

#include <array>

namespace oneloop {
namespace {

${definitions}
constexpr std::array<WebAsset, ${number}> kAssets = {
${entries}};

}  // namespace

std::span<const WebAsset> WebAssets() { return kAssets; }

}  // namespace oneloop
")
