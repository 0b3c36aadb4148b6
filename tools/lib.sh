# What the scripts of this folder share. Source it: it changes to the repository's root.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# Another checkout of the same sources finds the results of this one in the compiler cache.
export CCACHE_BASEDIR=${CCACHE_BASEDIR-$PWD}

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# How many compilers run at once: one per core, while each has 1 GiB of memory. ONELOOP_JOBS overrides it.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null || true)
  [[ -n $memory && $memory -lt $cores ]] && cores=$((memory > 1 ? memory : 1))
  echo "${ONELOOP_JOBS:-$cores}"
}

# configure PRESET [CMAKE ARGUMENT...]: quiet unless it fails; through ccache where there is one.
configure() {
  local preset=$1 log
  shift
  if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER-ccache}
    export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  fi
  mkdir -p build
  log=build/configure-$preset.log
  cmake --preset "$preset" "$@" >"$log" 2>&1 || { cat "$log" >&2; fail "cmake --preset $preset failed; tools/install-deps installs the packages that a build needs"; }
}

# compile PRESET [TARGET...]: everything without targets.
compile() {
  local preset=$1
  shift
  cmake --build "build/$preset" -j "$(jobs)" ${1:+--target "$@"}
}
