# Made by oneloop 1.2.3 from projects/default/jobs/4/designs/56.
# Runs Timeloop on each layer of layers.txt, then compares: sh run.sh [timeloop-model]
set -eu
cd "$(dirname "$0")"
model=${1:-timeloop-model}
while read -r layer rest; do
  case $layer in '#'* | '') continue ;; esac
  mkdir -p "out/$layer"
  if ! "$model" arch.yaml ert.yaml art.yaml "$layer.problem.yaml" "$layer.mapping.yaml" -o "out/$layer" \
      </dev/null >"out/$layer/log.txt" 2>&1; then
    echo "$layer: $model failed; see out/$layer/log.txt" >&2
    exit 1
  fi
done <layers.txt
sh sum.sh
