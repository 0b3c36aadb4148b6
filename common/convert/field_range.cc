#include "common/convert/field_range.h"

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/hardware/template.h"
#include "common/workload/workload.h"
#include "oneloop/v1/template.pb.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {
namespace {

using google::protobuf::FieldDescriptor;

template <class T>
FieldRange Between(T least, T most) {
  return {absl::StrCat(least), absl::StrCat(most)};
}

template <class T>
FieldRange TypeRange() {
  return Between(std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max());
}

FieldRange RangeOfType(FieldDescriptor::CppType type) {
  switch (type) {
    case FieldDescriptor::CPPTYPE_INT32:
      return TypeRange<std::int32_t>();
    case FieldDescriptor::CPPTYPE_INT64:
      return TypeRange<std::int64_t>();
    case FieldDescriptor::CPPTYPE_UINT32:
      return TypeRange<std::uint32_t>();
    case FieldDescriptor::CPPTYPE_UINT64:
      return TypeRange<std::uint64_t>();
    case FieldDescriptor::CPPTYPE_FLOAT:
      return TypeRange<float>();
    default:
      return TypeRange<double>();
  }
}

}  // namespace

FieldRange RangeOf(const FieldDescriptor& field) {
  const google::protobuf::Descriptor* const message = field.containing_type();
  if (message == v1::Bounds::descriptor()) return Between<std::int64_t>(1, kMaxBound);
  if (message == v1::Layer::descriptor()) return Between<std::int64_t>(1, kMaxLayerCount);
  if (message == v1::WordBits::descriptor()) return Between<std::int64_t>(1, kMaxWordBits);
  if (message == v1::Parameter::descriptor()) return Between(kMinParameterValue, kMaxParameterValue);
  if (message == v1::Compute::descriptor()) return Between(kMinMacsPerCycle, kMaxMacsPerCycle);
  return RangeOfType(field.cpp_type());
}

}  // namespace oneloop
