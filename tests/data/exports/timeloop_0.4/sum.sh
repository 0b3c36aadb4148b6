# Made by oneloop 1.2.3 from projects/default/jobs/4/designs/56.
# Sums cycles and energy of Timeloop's results in out/ over the layers, and compares with OneLoop's: sh sum.sh
# Leakage that this version of Timeloop leaves out is added to its energies.
# Exit status 1 when the cycles of all layers differ by more than 0.1 %, or their energy by more than 0.3 %.
set -eu
cd "$(dirname "$0")"
rows=$(while read -r layer runs cycles energy leakage; do
  case $layer in '#'* | '') continue ;; esac
  found=
  for stats in "out/$layer"/*.stats.txt; do
    if [ -f "$stats" ]; then found=$stats; fi
  done
  if [ -z "$found" ]; then
    echo "$layer: no stats.txt in out/$layer; sh run.sh makes it" >&2
    exit 1
  fi
  awk -v layer="$layer" -v runs="$runs" -v cycles="$cycles" -v energy="$energy" \
      -v leakage="$leakage" '
    /nergy \(total\)/ && $NF == "pJ" { parts += $(NF - 1) }
    $1 == "Cycles:" { theirs = $2 }
    END { print layer, runs, cycles, energy, theirs + 0, parts / 1e6 + leakage }' "$found"
done <layers.txt)
printf '%s\n' "$rows" | awk '
  function per_cent(theirs, ours) { return ours == 0 ? (theirs == 0 ? 0 : 100) : 100 * (theirs / ours - 1) }
  function row(name, runs, cycles, timeloop_cycles, energy, timeloop_energy) {
    printf "%-40s %8s %16.0f %16.0f %+9.4f %14.6g %14.6g %+9.4f\n", name, runs, cycles, timeloop_cycles,
      per_cent(timeloop_cycles, cycles), energy, timeloop_energy, per_cent(timeloop_energy, energy)
  }
  BEGIN { printf "%-40s %8s %16s %16s %9s %14s %14s %9s\n", "layer", "runs", "cycles", "timeloop", "%", "energy_uj",
    "timeloop", "%" }
  { row($1, $2, $3, $5, $4, $6); c += $2 * $3; e += $2 * $4; tc += $2 * $5; te += $2 * $6 }
  END {
    row("all", "", c, tc, e, te)
    dc = per_cent(tc, c); de = per_cent(te, e)
    exit (dc < -0.1 || dc > 0.1 || de < -0.3 || de > 0.3)
  }'
