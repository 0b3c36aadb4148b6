#include "tests/fuzz/message_input.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "common/base/random.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"

namespace oneloop {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

constexpr std::size_t kMostTextBytes = 256;
// Resources that the target's service has, or nearly.
constexpr std::array kTexts = {"projects/p",
                               "projects/-",
                               "projects/p/jobs/1",
                               "projects/-/jobs/1",
                               "projects/p/jobs/1/points/0",
                               "projects/p/jobs/1/designs/best",
                               "workloads/bert",
                               "templates/gemmini",
                               "calibrations/c",
                               "calibrations/gemmini_rtl",
                               "gemmini",
                               "gemmini_rtl",
                               "bert",
                               "pe_dim",
                               "accumulator_kib",
                               "scratchpad_kib",
                               "state=RUNNING AND label.chip=a1",
                               "end_time desc",
                               "L3[WIO] N1 - L2[WI] N1 - L1[O] N1 - L0[W] N1",
                               "c",
                               ""};

class SilentErrors : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, int, const std::string&) override {}
};

class Mutator {
 public:
  Mutator(unsigned seed, std::size_t (*mutate_bytes)(std::uint8_t*, std::size_t, std::size_t))
      : random_(seed), mutate_bytes_(mutate_bytes) {}

  // Changes one field of the message, or of a message in it.
  void Mutate(Message* message) {
    const auto* descriptor = message->GetDescriptor();
    if (descriptor->field_count() == 0) return;
    if (Message* child = AnyChild(message); child != nullptr && !OneIn(3)) {
      Mutate(child);
      return;
    }
    const FieldDescriptor* field = descriptor->field(Below(descriptor->field_count()));
    if (field->is_repeated()) {
      MutateRepeated(message, field);
    } else if (message->GetReflection()->HasField(*message, field) && OneIn(4)) {
      message->GetReflection()->ClearField(message, field);
    } else {
      Set(message, field, -1);
    }
  }

 private:
  int Below(int bound) { return static_cast<int>(random_.Below(static_cast<std::uint64_t>(bound))); }
  bool OneIn(int count) { return Below(count) == 0; }

  Message* AnyChild(Message* message) {
    const Reflection* reflection = message->GetReflection();
    std::vector<const FieldDescriptor*> set;
    reflection->ListFields(*message, &set);
    std::vector<Message*> children;
    for (const FieldDescriptor* field : set) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) children.push_back(reflection->MutableMessage(message, field));
      for (int i = 0; field->is_repeated() && i < reflection->FieldSize(*message, field); ++i) {
        children.push_back(reflection->MutableRepeatedMessage(message, field, i));
      }
    }
    return children.empty() ? nullptr : children[random_.Below(children.size())];
  }

  void MutateRepeated(Message* message, const FieldDescriptor* field) {
    const Reflection* reflection = message->GetReflection();
    const int size = reflection->FieldSize(*message, field);
    const int choice = Below(4);
    if (size > 1 && choice == 0) {
      reflection->SwapElements(message, field, Below(size), Below(size));
    } else if (size > 0 && choice == 1) {
      reflection->SwapElements(message, field, Below(size), size - 1);
      reflection->RemoveLast(message, field);
    } else if (size > 0 && choice == 2) {
      Set(message, field, Below(size));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message* added = reflection->AddMessage(message, field);
      if (size > 0 && OneIn(2)) added->CopyFrom(reflection->GetRepeatedMessage(*message, field, Below(size)));
      Mutate(added);
    } else {
      Add(message, field);
    }
  }

  // `index`: of a repeated field's element, else -1.
  void Set(Message* message, const FieldDescriptor* field, int index) {
    const Reflection* reflection = message->GetReflection();
    const bool repeated = index >= 0;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Mutate(repeated ? reflection->MutableRepeatedMessage(message, field, index)
                        : reflection->MutableMessage(message, field));
        return;
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string text =
            repeated ? reflection->GetRepeatedString(*message, field, index) : reflection->GetString(*message, field);
        text = Text(std::move(text), field->type() == FieldDescriptor::TYPE_STRING);
        repeated ? reflection->SetRepeatedString(message, field, index, text)
                 : reflection->SetString(message, field, text);
        return;
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double value = Number(repeated ? reflection->GetRepeatedDouble(*message, field, index)
                                             : reflection->GetDouble(*message, field));
        repeated ? reflection->SetRepeatedDouble(message, field, index, value)
                 : reflection->SetDouble(message, field, value);
        return;
      }
      default:
        if (!repeated) SetWhole(message, field);
    }
  }

  void SetWhole(Message* message, const FieldDescriptor* field) {
    const Reflection* reflection = message->GetReflection();
    const std::int64_t value = Whole();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection->SetInt32(message, field, static_cast<std::int32_t>(value));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection->SetInt64(message, field, value);
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection->SetUInt32(message, field, static_cast<std::uint32_t>(value));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection->SetUInt64(message, field, static_cast<std::uint64_t>(value));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection->SetBool(message, field, OneIn(2));
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection->SetEnumValue(
            message, field,
            OneIn(8) ? static_cast<int>(value)
                     : field->enum_type()->value(Below(field->enum_type()->value_count()))->number());
      default:
        return;
    }
  }

  void Add(Message* message, const FieldDescriptor* field) {
    const Reflection* reflection = message->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection->AddString(message, field, Text("", field->type() == FieldDescriptor::TYPE_STRING));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection->AddDouble(message, field, Number(0));
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection->AddInt32(message, field, static_cast<std::int32_t>(Whole()));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection->AddInt64(message, field, Whole());
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection->AddEnumValue(message, field, Below(8));
      default:
        return;
    }
  }

  std::int64_t Whole() {
    constexpr std::array<std::int64_t, 14> kValues = {0,
                                                      1,
                                                      -1,
                                                      2,
                                                      3,
                                                      7,
                                                      16,
                                                      64,
                                                      1000,
                                                      1000001,
                                                      1LL << 31,
                                                      1LL << 53,
                                                      std::numeric_limits<std::int64_t>::max(),
                                                      std::numeric_limits<std::int64_t>::min()};
    return OneIn(3) ? Below(300) : kValues[random_.Below(kValues.size())];
  }

  double Number(double before) {
    constexpr std::array kValues = {0.0,
                                    1.0,
                                    -1.0,
                                    0.5,
                                    2.0,
                                    4.0,
                                    8.0,
                                    16.0,
                                    32.0,
                                    64.0,
                                    128.0,
                                    1e-310,
                                    1e300,
                                    0.001,
                                    1e6,
                                    -0.0,
                                    std::numeric_limits<double>::infinity(),
                                    std::numeric_limits<double>::quiet_NaN()};
    switch (Below(4)) {
      case 0:
        return before * 2;
      case 1:
        return before / 3 + 1;
      default:
        return kValues[random_.Below(kValues.size())];
    }
  }

  std::string Text(std::string text, bool utf8) {
    if (OneIn(2)) return kTexts[random_.Below(kTexts.size())];
    const std::size_t size = std::min(text.size(), kMostTextBytes);
    text.resize(kMostTextBytes);
    text.resize(mutate_bytes_(reinterpret_cast<std::uint8_t*>(text.data()), size, kMostTextBytes));
    if (utf8) {
      std::replace_if(
          text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }, '?');
    }
    return text;
  }

  Random random_;
  std::size_t (*const mutate_bytes_)(std::uint8_t*, std::size_t, std::size_t);
};

}  // namespace

bool ReadMessageInput(std::string_view input, Message* message) {
  TextFormat::Parser parser;
  SilentErrors errors;
  parser.RecordErrorsTo(&errors);
  parser.SetRecursionLimit(50);
  google::protobuf::io::ArrayInputStream stream(input.data(), static_cast<int>(input.size()));
  if (!parser.Parse(&stream, message)) return false;
  std::string wire;
  return message->SerializeToString(&wire) && message->ParseFromString(wire);
}

std::size_t MutateMessageInput(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed,
                               std::size_t (*mutate_bytes)(std::uint8_t*, std::size_t, std::size_t), Message* message) {
  if (!ReadMessageInput({reinterpret_cast<const char*>(data), size}, message)) message->Clear();
  Mutator mutator(seed, mutate_bytes);
  for (unsigned i = 0; i <= seed % 3; ++i) mutator.Mutate(message);
  std::string text;
  if (!TextFormat::PrintToString(*message, &text) || text.size() > max_size) return size;
  std::copy(text.begin(), text.end(), data);
  return text.size();
}

}  // namespace oneloop
