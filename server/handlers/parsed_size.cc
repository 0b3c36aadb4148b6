#include "server/handlers/parsed_size.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/limit_error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace oneloop {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// What stands beside an object: the allocator's header and the pointer in a list that doubles as it grows.
constexpr std::int64_t kObjectOverhead = 32;
constexpr std::int64_t kStringBytes = 32 + kObjectOverhead;
// Of a map's entry beside its key and value: a node, and its share of the table.
constexpr std::int64_t kMapEntryBytes = 96;
// A number in a list that doubles as it grows, and an unknown field.
constexpr std::int64_t kNumberBytes = 16;
constexpr int kMostNesting = 100;

class Scanner {
 public:
  Scanner(CodedInputStream* input, std::int64_t most_bytes) : input_(*input), most_bytes_(most_bytes) {}

  // False for bytes that are no message, or once the estimate is too large.
  bool Scan(const Descriptor& type, int depth) {
    if (depth > kMostNesting) return false;
    while (const std::uint32_t tag = input_.ReadTag()) {
      if (!ScanField(type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag)), tag, depth)) return false;
      if (is_too_large()) return false;
    }
    // An empty one has a size, too.
    return !is_too_large() && input_.ConsumedEntireMessage();
  }
  void Add(std::int64_t bytes) { estimate_ += bytes; }
  bool is_too_large() const { return estimate_ > most_bytes_; }

 private:
  bool ScanField(const FieldDescriptor* field, std::uint32_t tag, int depth) {
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_VARINT: {
        std::uint64_t value = 0;
        Add(kNumberBytes);
        return input_.ReadVarint64(&value);
      }
      case WireFormatLite::WIRETYPE_FIXED64:
        Add(kNumberBytes);
        return input_.Skip(8);
      case WireFormatLite::WIRETYPE_FIXED32:
        Add(kNumberBytes);
        return input_.Skip(4);
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
        std::uint32_t length = 0;
        if (!input_.ReadVarint32(&length) || length > static_cast<std::uint32_t>(INT32_MAX)) return false;
        return ScanDelimited(field, static_cast<int>(length), depth);
      }
      default:
        // Groups, which this API never had.
        return false;
    }
  }

  bool ScanDelimited(const FieldDescriptor* field, int length, int depth) {
    if (field != nullptr && field->type() == FieldDescriptor::TYPE_MESSAGE) {
      const Message* const prototype = MessageFactory::generated_factory()->GetPrototype(field->message_type());
      Add(field->is_map() ? kMapEntryBytes : kObjectOverhead + static_cast<std::int64_t>(prototype->SpaceUsedLong()));
      const CodedInputStream::Limit limit = input_.PushLimit(length);
      const bool ok = Scan(*field->message_type(), depth + 1);
      input_.PopLimit(limit);
      return ok;
    }
    const bool packed = field != nullptr && field->is_packable();
    // The smallest number takes a byte on the wire.
    Add(packed ? length * kNumberBytes : kStringBytes + length);
    return input_.Skip(length);
  }

  CodedInputStream& input_;
  const std::int64_t most_bytes_;
  std::int64_t estimate_ = 0;
};

}  // namespace

absl::Status CheckParsedSize(const Message& prototype, google::protobuf::io::ZeroCopyInputStream* bytes,
                             std::int64_t most_bytes) {
  CodedInputStream input(bytes);
  Scanner scanner(&input, most_bytes);
  scanner.Add(static_cast<std::int64_t>(prototype.SpaceUsedLong()));
  if (scanner.Scan(*prototype.GetDescriptor(), 0)) return absl::OkStatus();
  if (!scanner.is_too_large()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the request is not a valid ", prototype.GetDescriptor()->full_name()));
  }
  constexpr std::int64_t kMebibyte = 1 << 20;
  return LimitError("request_memory",
                    absl::StrCat("the request would take more than ", most_bytes / kMebibyte,
                                 " MiB of memory once it is read; send fewer rows, layers or labels in one call"),
                    absl::InfiniteDuration());
}

}  // namespace oneloop
