#ifndef ONELOOP_TESTS_FUZZ_MESSAGE_INPUT_H_
#define ONELOOP_TESTS_FUZZ_MESSAGE_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace oneloop {

// Inputs that are messages are kept in protobuf's text format, so that a person can read them.

// False for a text that is no such message, or none that could come over the wire.
bool ReadMessageInput(std::string_view input, google::protobuf::Message* message);

// Changes a few things of the message that is in `data` (anything else counts as an empty one) and puts the result in
// its place, in at most `max_size` bytes: what LLVMFuzzerCustomMutator does. `mutate_bytes` changes a text in place, in
// at most so many bytes, and returns its length: LLVMFuzzerMutate.
std::size_t MutateMessageInput(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed,
                               std::size_t (*mutate_bytes)(std::uint8_t*, std::size_t, std::size_t),
                               google::protobuf::Message* message);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_FUZZ_MESSAGE_INPUT_H_
