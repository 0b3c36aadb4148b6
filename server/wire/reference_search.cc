#include "server/wire/reference_search.h"

#include "common/base/status.h"
#include "common/convert/files.h"
#include "oneloop/v1/library.pb.h"
#include "server/wire/search_build.h"

namespace oneloop {
namespace {

constexpr char kTemplate[] = R"(
name: reference
parameters:
  - {name: side, min: 2, max: 64}
  - {name: buffer_kib, min: 1, max: 512}
compute: {energy_pj: 0.6, macs_per_cycle: 1}
levels:
  - name: registers
    keeps: [W, O]
    temporal: [P, Q, R, S]
    capacity_words: 16
    energy_pj: 0.1 + 0.01 * side
  - name: rows
    keeps: [I]
    spatial:
      - {name: X, size: side, dims: [C, K, R]}
    capacity_words: 64
    words_per_cycle: 2
    energy_pj: 0.9
  - name: buffer
    keeps: [W, I, O]
    word_bits: {O: 32}
    spatial:
      - {name: Y, size: side, dims: [K, P, Q]}
    capacity_bytes: 1024 * buffer_kib
    words_per_cycle: side
    energy_pj: 0.5 + 0.02 * buffer_kib^0.5
    block_words: 4
  - name: dram
    keeps: [W, I, O]
    words_per_cycle: 8
    energy_pj: 100
    block_words: 64
area_mm2: 0.001 * side^2 + 0.004 * buffer_kib^0.95
)";

constexpr char kWorkload[] = R"(
name: reference
layers:
  - {name: strided, bounds: {R: 3, S: 3, P: 29, Q: 30, C: 13, K: 33, N: 2, Wstride: 2, Hstride: 2}}
  - {name: pointwise, bounds: {R: 1, S: 1, P: 14, Q: 14, C: 96, K: 40, N: 1}, count: 3}
  - {name: product, bounds: {R: 1, S: 1, P: 77, Q: 1, C: 64, K: 50, N: 1}}
)";

}  // namespace

absl::StatusOr<SearchList> ReferenceSearches() {
  v1::Library resolved;
  ASSIGN_OR_RETURN(*resolved.add_templates(), ReadTemplateText(kTemplate, "reference template"));
  ASSIGN_OR_RETURN(*resolved.add_workloads(), ReadWorkloadText(kWorkload, "reference workload"));
  v1::JobSpec descent;
  descent.set_starts(1);
  descent.set_steps(300);
  descent.set_round_period(50);
  descent.set_order_strategy(v1::SOFTMAX);
  descent.set_seed(1);
  v1::JobSpec bayesian;
  bayesian.set_algorithm(v1::BAYESIAN);
  bayesian.set_starts(1);
  bayesian.set_steps(40);
  SearchList searches;
  for (const v1::JobSpec& asked : {descent, bayesian}) {
    ASSIGN_OR_RETURN(const v1::JobSpec spec, WithDefaults(asked));
    ASSIGN_OR_RETURN(searches.emplace_back(), BuildSearch(spec, resolved));
  }
  return searches;
}

}  // namespace oneloop
