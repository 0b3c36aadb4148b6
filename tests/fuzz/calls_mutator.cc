#include "calls.pb.h"
#include "tests/fuzz/message_input.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  oneloop::fuzz::Calls message;
  return oneloop::MutateMessageInput(data, size, max_size, seed, LLVMFuzzerMutate, &message);
}
