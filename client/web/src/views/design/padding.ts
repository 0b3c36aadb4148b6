// What factors that divide would have needed, as text.
import type { Padding } from "../../api/types";

// "K 197→208 (+5.6 %)"; "" for none.
export function paddingText(padding: readonly Padding[]): string {
  return padding.map(({ dim, bound, padded }) => `${dim} ${bound}→${padded} (+${(100 * (padded / bound - 1)).toFixed(1)} %)`).join(", ");
}
