#ifndef ONELOOP_SERVER_WORK_SEARCH_DIGEST_H_
#define ONELOOP_SERVER_WORK_SEARCH_DIGEST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/search/search_spec.h"

namespace oneloop {

using SearchList = std::vector<std::shared_ptr<const SearchSpec>>;

// Of the bits of all points of each search's first start, and of its proven bound: two programs on two machines that
// have the same digest of searches that use what there is find the same points. Not cryptographic.
std::uint64_t DigestOf(const SearchList& searches);

// The kind of vectors that searches here use, by Highway's name, for example "AVX2".
std::string InstructionSet();

// The same digest with each kind of vectors that this machine has, the one that searches use first. Changes which is
// used while it runs: to be called while no search does.
struct InstructionSetDigest {
  std::string instruction_set;
  std::uint64_t digest = 0;
};
std::vector<InstructionSetDigest> DigestsByInstructionSet(const SearchList& searches);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_SEARCH_DIGEST_H_
