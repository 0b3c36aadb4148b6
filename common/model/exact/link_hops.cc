#include "common/model/exact/link_hops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

namespace oneloop {
namespace {

// What a copy asks for: its place in each direction of the input, or by dimension of another tensor.
using Wanted = std::array<std::int64_t, kNumDims>;

struct Copy {
  Wanted wanted;
  std::int64_t number;
};

std::vector<Copy> CopiesOf(Tensor tensor, bool shared, std::span<const CopyDigit> digits) {
  std::vector<Copy> copies = {{}};
  std::int64_t stride = 1;
  for (const CopyDigit& digit : digits) {
    const std::size_t inner = copies.size();
    for (std::int64_t k = 1; k < digit.factor; ++k) {
      for (std::size_t i = 0; i < inner; ++i) {
        Copy copy = copies[i];
        copy.number += k * stride;
        // Digits of one dimension on several axes make different tiles, of the input by how far they move it.
        if (!shared) {
          copy.wanted[0] = copy.number;
        } else if (tensor == Tensor::kI && DirectionOf(digit.dim) >= 0) {
          copy.wanted[ToIndex(DirectionOf(digit.dim))] += k * digit.step;
        } else if (tensor != Tensor::kI && IsRelevant(tensor, digit.dim)) {
          copy.wanted[ToIndex(digit.dim)] += k * digit.step;
        }
        copies.push_back(copy);
      }
    }
    stride *= digit.factor;
  }
  return copies;
}

// From the middle of the first column to all copies of one group, which are in ascending order of their numbers.
double MeshHops(std::span<const Copy> group, std::int64_t row, std::int64_t rows) {
  struct Column {
    std::int64_t first;
    std::int64_t last;
  };
  std::map<std::int64_t, Column> columns;
  for (const Copy& copy : group) {
    const std::int64_t place = copy.number / row;
    const auto [column, is_new] = columns.try_emplace(copy.number % row, Column{place, place});
    if (!is_new) column->second.last = place;
  }
  const double middle = static_cast<double>(rows - 1) / 2;
  double hops = static_cast<double>(columns.rbegin()->first);
  for (const auto& [place, column] : columns) {
    hops += std::max(0.0, middle - static_cast<double>(column.first)) +
            std::max(0.0, static_cast<double>(column.last) - middle);
  }
  return hops;
}

}  // namespace

double SpreadHops(double copies, double sharing) {
  const double side = std::sqrt(copies);
  const double shared_side = std::sqrt(sharing);
  return side * shared_side + 0.5 * (side - shared_side) - side / shared_side + 0.5;
}

std::vector<SharingClass> MeshClasses(Tensor tensor, bool shared, std::span<const CopyDigit> digits, std::int64_t row,
                                      std::int64_t rows) {
  if (digits.empty()) return {{1, 1, 0}};
  std::vector<Copy> copies = CopiesOf(tensor, shared, digits);
  std::sort(copies.begin(), copies.end(),
            [](const Copy& a, const Copy& b) { return std::pair(a.wanted, a.number) < std::pair(b.wanted, b.number); });
  std::map<std::size_t, SharingClass> classes;
  for (std::size_t first = 0; first < copies.size();) {
    std::size_t last = first + 1;
    while (last < copies.size() && copies[last].wanted == copies[first].wanted) ++last;
    SharingClass& of =
        classes.try_emplace(last - first, SharingClass{static_cast<double>(last - first), 0, 0}).first->second;
    of.words += 1;
    of.hops += MeshHops({copies.data() + first, last - first}, row, rows);
    first = last;
  }
  std::vector<SharingClass> list;
  for (auto& [sharing, of] : classes) {
    of.hops /= of.words;
    list.push_back(of);
  }
  return list;
}

}  // namespace oneloop
