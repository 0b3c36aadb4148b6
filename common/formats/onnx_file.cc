#include "common/formats/onnx_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/descriptor.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace oneloop {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::ZeroCopyInputStream;

// Below protobuf's own limit, so that this one speaks.
constexpr int kMostNesting = 90;
// Room for the length of a message that is not known yet. Readers take a padded number like any other.
constexpr std::size_t kLengthBytes = 5;

// The messages of ONNX as far as they are copied.
enum class Kind : std::uint8_t {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparse,
  kValueInfo,
  kType,
  kTensorType,
  kShape,
  kDim,
  kFunction,
  kOpset
};

// What becomes of a field of a message; what is in no row is left out.
enum class Use : std::uint8_t { kCopy, kNumbers, kDescend, kValues };
struct FieldRule {
  Kind kind;
  std::uint32_t field;
  Use use;
  Kind inner = Kind::kModel;
};

// Field numbers of onnx.proto.
constexpr FieldRule kRules[] = {
    {Kind::kModel, 1, Use::kCopy},
    {Kind::kModel, 8, Use::kDescend, Kind::kOpset},
    {Kind::kModel, 2, Use::kCopy},
    {Kind::kModel, 7, Use::kDescend, Kind::kGraph},
    {Kind::kModel, 25, Use::kDescend, Kind::kFunction},
    {Kind::kOpset, 1, Use::kCopy},
    {Kind::kOpset, 2, Use::kCopy},
    {Kind::kGraph, 1, Use::kDescend, Kind::kNode},
    {Kind::kGraph, 2, Use::kCopy},
    {Kind::kGraph, 5, Use::kDescend, Kind::kTensor},
    {Kind::kGraph, 15, Use::kDescend, Kind::kSparse},
    {Kind::kGraph, 11, Use::kDescend, Kind::kValueInfo},
    {Kind::kGraph, 12, Use::kDescend, Kind::kValueInfo},
    {Kind::kGraph, 13, Use::kDescend, Kind::kValueInfo},
    {Kind::kNode, 1, Use::kCopy},
    {Kind::kNode, 2, Use::kCopy},
    {Kind::kNode, 3, Use::kCopy},
    {Kind::kNode, 4, Use::kCopy},
    {Kind::kNode, 7, Use::kCopy},
    {Kind::kNode, 8, Use::kCopy},
    {Kind::kNode, 5, Use::kDescend, Kind::kAttribute},
    {Kind::kAttribute, 1, Use::kCopy},
    {Kind::kAttribute, 21, Use::kCopy},
    {Kind::kAttribute, 20, Use::kCopy},
    {Kind::kAttribute, 2, Use::kCopy},
    {Kind::kAttribute, 3, Use::kCopy},
    {Kind::kAttribute, 4, Use::kValues},
    {Kind::kAttribute, 5, Use::kDescend, Kind::kTensor},
    {Kind::kAttribute, 6, Use::kDescend, Kind::kGraph},
    {Kind::kAttribute, 7, Use::kValues},
    {Kind::kAttribute, 8, Use::kValues},
    {Kind::kAttribute, 9, Use::kValues},
    {Kind::kAttribute, 11, Use::kDescend, Kind::kGraph},
    {Kind::kAttribute, 22, Use::kDescend, Kind::kSparse},
    {Kind::kTensor, 1, Use::kNumbers},
    {Kind::kTensor, 2, Use::kCopy},
    {Kind::kTensor, 8, Use::kCopy},
    {Kind::kTensor, 14, Use::kCopy},
    {Kind::kTensor, 4, Use::kValues},
    {Kind::kTensor, 5, Use::kValues},
    {Kind::kTensor, 7, Use::kValues},
    {Kind::kTensor, 9, Use::kValues},
    {Kind::kTensor, 10, Use::kValues},
    {Kind::kTensor, 11, Use::kValues},
    {Kind::kSparse, 1, Use::kDescend, Kind::kTensor},
    {Kind::kSparse, 3, Use::kNumbers},
    {Kind::kValueInfo, 1, Use::kCopy},
    {Kind::kValueInfo, 2, Use::kDescend, Kind::kType},
    {Kind::kType, 1, Use::kDescend, Kind::kTensorType},
    {Kind::kTensorType, 1, Use::kCopy},
    {Kind::kTensorType, 2, Use::kDescend, Kind::kShape},
    {Kind::kShape, 1, Use::kDescend, Kind::kDim},
    {Kind::kDim, 1, Use::kCopy},
    {Kind::kDim, 2, Use::kCopy},
    {Kind::kFunction, 1, Use::kCopy},
    {Kind::kFunction, 4, Use::kCopy},
    {Kind::kFunction, 5, Use::kCopy},
    {Kind::kFunction, 6, Use::kCopy},
    {Kind::kFunction, 10, Use::kCopy},
    {Kind::kFunction, 13, Use::kCopy},
    {Kind::kFunction, 7, Use::kDescend, Kind::kNode},
    {Kind::kFunction, 9, Use::kDescend, Kind::kOpset},
    {Kind::kFunction, 11, Use::kDescend, Kind::kAttribute},
};

const FieldRule* FindRule(Kind kind, std::uint32_t field) {
  for (const FieldRule& rule : kRules) {
    if (rule.kind == kind && rule.field == field) return &rule;
  }
  return nullptr;
}

// At least what protobuf's objects take, with their place in a list.
std::size_t ObjectBytes(Kind kind) {
  switch (kind) {
    case Kind::kNode:
    case Kind::kGraph:
    case Kind::kFunction:
    case Kind::kAttribute:
    case Kind::kTensor:
    case Kind::kSparse:
      return 320;
    default:
      return 96;
  }
}

// Copies a model field by field, without what is not needed of it.
class Slimmer {
 public:
  Slimmer(CodedInputStream* in, std::string* out) : in_(*in), out_(*out) {}

  absl::Status CopyModel() { return CopyFields(Kind::kModel, 0); }

 private:
  enum WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  static absl::Status Broken() {
    return absl::InvalidArgumentError("is no ONNX model, or was cut short; fetch the file again");
  }

  absl::Status Charge(std::size_t bytes) {
    used_ += bytes;
    if (used_ <= kMostOnnxMemoryBytes) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("needs more than ", kMostOnnxMemoryBytes >> 20,
                     " MiB without its weights, the most that is read; keep weights in initializers of the graph"));
  }

  absl::Status CopyFields(Kind kind, int depth) {
    if (depth > kMostNesting) {
      return absl::InvalidArgumentError(absl::StrCat("nests messages deeper than ", kMostNesting, " levels"));
    }
    RETURN_IF_ERROR(Charge(ObjectBytes(kind)));
    for (std::uint32_t tag = in_.ReadTag(); tag != 0; tag = in_.ReadTag()) {
      RETURN_IF_ERROR(CopyField(kind, tag, depth));
    }
    // A tag of 0 that is not the end is no tag.
    return in_.ConsumedEntireMessage() ? absl::OkStatus() : Broken();
  }

  absl::Status CopyField(Kind kind, std::uint32_t tag, int depth) {
    const FieldRule* const rule = FindRule(kind, tag >> 3);
    std::uint64_t number = 0;
    switch (tag & 7) {
      case kVarint:
        if (!in_.ReadVarint64(&number)) return Broken();
        if (rule == nullptr) return absl::OkStatus();
        PutVarint(tag);
        PutVarint(number);
        return Charge(16);
      case kFixed64:
      case kFixed32:
        return CopyBytes(rule == nullptr ? nullptr : &tag, (tag & 7) == kFixed64 ? 8 : 4);
      case kBytes:
        break;
      default:
        return Broken();
    }
    if (!in_.ReadVarint64(&number) || number > static_cast<std::uint64_t>(in_.BytesUntilLimit())) return Broken();
    const int size = static_cast<int>(number);
    const bool is_left_out =
        rule == nullptr || (rule->use == Use::kValues && static_cast<std::size_t>(size) > kMostOnnxValueBytes);
    if (is_left_out) return in_.Skip(size) ? absl::OkStatus() : Broken();
    if (rule->use == Use::kDescend) return CopyMessage(rule->inner, tag, size, depth);
    // Numbers of one byte each, packed, become eight bytes each.
    RETURN_IF_ERROR(Charge(64 + (rule->use == Use::kCopy ? 2 : 9) * static_cast<std::size_t>(size)));
    PutVarint(tag);
    PutVarint(number);
    return CopyBytes(nullptr, size, true);
  }

  absl::Status CopyMessage(Kind kind, std::uint32_t tag, int size, int depth) {
    PutVarint(tag);
    const std::size_t place = out_.size();
    out_.append(kLengthBytes, '\0');
    const CodedInputStream::Limit outer = in_.PushLimit(size);
    RETURN_IF_ERROR(CopyFields(kind, depth + 1));
    in_.PopLimit(outer);
    std::uint64_t length = out_.size() - place - kLengthBytes;
    for (std::size_t i = 0; i < kLengthBytes; ++i, length >>= 7) {
      out_[place + i] = static_cast<char>((length & 0x7F) | (i + 1 < kLengthBytes ? 0x80 : 0));
    }
    return absl::OkStatus();
  }

  // The next bytes of the file: after `tag`, or without one where `wanted`; otherwise they are passed over.
  absl::Status CopyBytes(const std::uint32_t* tag, int size, bool wanted = false) {
    if (tag == nullptr && !wanted) return in_.Skip(size) ? absl::OkStatus() : Broken();
    if (tag != nullptr) PutVarint(*tag);
    const std::size_t place = out_.size();
    out_.resize(place + static_cast<std::size_t>(size));
    if (!in_.ReadRaw(out_.data() + place, size)) return Broken();
    return Charge(16);
  }

  void PutVarint(std::uint64_t number) {
    std::array<std::uint8_t, 10> bytes;
    const std::uint8_t* const end = CodedOutputStream::WriteVarint64ToArray(number, bytes.data());
    out_.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(end - bytes.data()));
  }

  CodedInputStream& in_;
  std::string& out_;
  std::size_t used_ = 0;
};

// What is often found in the place of a model.
absl::Status CheckFirstBytes(std::string_view bytes) {
  if (bytes.empty()) return absl::InvalidArgumentError("is empty; fetch the file again");
  if (bytes.starts_with("version https://git-lfs")) {
    return absl::InvalidArgumentError("is a Git LFS pointer, not the model; run `git lfs pull` where it came from");
  }
  if (bytes.starts_with("\x1f\x8b")) return absl::InvalidArgumentError("is compressed; run gunzip on it first");
  if (bytes.starts_with("PK\x03\x04")) return absl::InvalidArgumentError("is a zip archive; unpack it first");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<onnx::ModelProto>> ReadStream(ZeroCopyInputStream* stream, int size) {
  std::string slim;
  {
    const void* first = nullptr;
    int first_size = 0;
    if (stream->Next(&first, &first_size)) {
      RETURN_IF_ERROR(CheckFirstBytes({static_cast<const char*>(first), static_cast<std::size_t>(first_size)}));
      stream->BackUp(first_size);
    } else {
      RETURN_IF_ERROR(CheckFirstBytes(""));
    }
    CodedInputStream in(stream);
    in.SetTotalBytesLimit(std::numeric_limits<int>::max());
    const CodedInputStream::Limit none = in.PushLimit(size);
    RETURN_IF_ERROR(Slimmer(&in, &slim).CopyModel());
    in.PopLimit(none);
  }
  auto model = std::make_unique<onnx::ModelProto>();
  if (!model->ParseFromString(slim)) return absl::InvalidArgumentError("is no ONNX model");
  if (!model->has_graph()) return absl::InvalidArgumentError("is no ONNX model: it has no graph");
  return model;
}

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<onnx::ModelProto>> ReadOnnxFile(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info = {};
  if (!file.is_open() || fstat(file.number(), &info) != 0) return ReadFileError(path, errno);
  if (S_ISDIR(info.st_mode)) return ReadFileError(path, EISDIR);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is no regular file; copy the model into one"));
  }
  if (info.st_size > std::numeric_limits<int>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": larger than 2 GiB, which no ONNX model is; keep the weights in external data"));
  }
  google::protobuf::io::FileInputStream stream(file.number());
  auto model = ReadStream(&stream, static_cast<int>(info.st_size));
  if (stream.GetErrno() != 0) return ReadFileError(path, stream.GetErrno());
  if (!model.ok()) return InFile(path, model.status());
  return model;
}

absl::StatusOr<std::unique_ptr<onnx::ModelProto>> ReadOnnxBytes(std::string_view bytes, const std::string& path) {
  const int size = static_cast<int>(bytes.size());
  google::protobuf::io::ArrayInputStream stream(bytes.data(), size);
  auto model = ReadStream(&stream, size);
  if (!model.ok()) return InFile(path, model.status());
  return model;
}

}  // namespace oneloop
