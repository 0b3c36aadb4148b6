// Powers and logarithms of vectors, written for Highway's foreach_target: include it after hwy/highway.h. Nothing is
// fused, so that machines with and without fused operations give the same bits.
#if defined(ONELOOP_COMMON_MODEL_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ONELOOP_COMMON_MODEL_VECTOR_MATH_INL_H_
#undef ONELOOP_COMMON_MODEL_VECTOR_MATH_INL_H_
#else
#define ONELOOP_COMMON_MODEL_VECTOR_MATH_INL_H_
#endif

#include <cstdint>

#include "common/model/kernel/kernel_program.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace oneloop {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// At most a block's lanes, whatever the machine has.
using D = hn::CappedTag<double, kBlockLanes>;
using V = hn::Vec<D>;

constexpr double kLn2 = 0.693147180559945309417;

HWY_INLINE V Number(double value) { return hn::Set(D(), value); }
HWY_INLINE V TimesPlus(V a, V b, V c) { return hn::Add(hn::Mul(a, b), c); }

// 2^x for |x| < 1000: 2^n · 2^f with n whole and |f| ≤ 1/2; 2^f by its Taylor series, whose 14th term is below 2^-56.
HWY_INLINE V Exp2(V x) {
  // Adding 1.5 · 2^52 leaves the nearest whole number in the low bits.
  const V magic = Number(6755399441055744.0);
  const V shifted = hn::Add(x, magic);
  const V t = hn::Mul(hn::Sub(x, hn::Sub(shifted, magic)), Number(kLn2));
  const V t2 = hn::Mul(t, t);
  const V t4 = hn::Mul(t2, t2);
  const V t8 = hn::Mul(t4, t4);
  const V p23 = TimesPlus(t, Number(1.0 / 6), Number(1.0 / 2));
  const V p45 = TimesPlus(t, Number(1.0 / 120), Number(1.0 / 24));
  const V p67 = TimesPlus(t, Number(1.0 / 5040), Number(1.0 / 720));
  const V p89 = TimesPlus(t, Number(1.0 / 362880), Number(1.0 / 40320));
  const V pab = TimesPlus(t, Number(1.0 / 39916800), Number(1.0 / 3628800));
  const V pcd = TimesPlus(t, Number(1.0 / 6227020800), Number(1.0 / 479001600));
  const V low = TimesPlus(t4, TimesPlus(t2, p67, p45), TimesPlus(t2, p23, t));
  const V high = TimesPlus(t4, pcd, TimesPlus(t2, pab, p89));
  // One comes last, so that only the last rounding counts.
  const V power = hn::Add(TimesPlus(t8, high, low), Number(1.0));
  const hn::RebindToSigned<D> di;
  return hn::BitCast(D(), hn::Add(hn::BitCast(di, power), hn::ShiftLeft<52>(hn::BitCast(di, shifted))));
}

// log2 x for positive normal x: x = 2^n · m with m in [1/√2, √2), log2 m by the series of artanh((m − 1) / (m + 1)).
HWY_INLINE V Log2(V x) {
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, x);
  // The exponent, raised by one where the mantissa is at least √2.
  const auto above = hn::Set(di, std::int64_t{0x3FF0000000000000 - 0x3FE6A09E667F3BCD});
  const auto exponent = hn::ShiftRight<52>(hn::Add(bits, above));
  const V m = hn::BitCast(D(), hn::Sub(bits, hn::ShiftLeft<52>(hn::Sub(exponent, hn::Set(di, std::int64_t{0x3FF})))));
  // Whole numbers below 2^51 become doubles by their bits.
  const V magic = Number(6755399441055744.0);
  const auto biased = hn::Add(hn::Sub(exponent, hn::Set(di, std::int64_t{0x3FF})), hn::BitCast(di, magic));
  const V n = hn::Sub(hn::BitCast(D(), biased), magic);
  const V s = hn::Div(hn::Sub(m, Number(1.0)), hn::Add(m, Number(1.0)));
  const V s2 = hn::Mul(s, s);
  V sum = Number(1.0 / 21);
  for (const int k : {19, 17, 15, 13, 11, 9, 7, 5, 3, 1}) sum = TimesPlus(sum, s2, Number(1.0 / k));
  return TimesPlus(hn::Mul(s, sum), Number(2 / kLn2), n);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace oneloop
HWY_AFTER_NAMESPACE();

#endif  // ONELOOP_COMMON_MODEL_VECTOR_MATH_INL_H_
