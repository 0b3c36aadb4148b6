// Numbers as the command line prints them (client/numbers.h).

const kWholeLimit = 999999.5;

// 4 significant digits, scientific from a million up ("1.285e7") and below 0.001; "-" for what is not there.
export function shortNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "-";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const magnitude = Math.abs(value);
  if (magnitude === 0) return "0";
  if (magnitude >= 1000 && magnitude < kWholeLimit) return value.toFixed(0);
  if (magnitude >= 1e-3 && magnitude < 1000) return trimZeros(value.toPrecision(4));
  const [mantissa = "", exponent = ""] = value.toExponential(3).split("e");
  return `${mantissa}e${Number(exponent)}`;
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// A share in per cent, never below the value: "26 %", "1.8 %", "0.04 %".
export function percentUp(share: number | undefined): string {
  if (share === undefined || Number.isNaN(share)) return "-";
  const percent = 100 * share;
  if (!Number.isFinite(percent)) return "inf %";
  if (percent === 0) return "0 %";
  const decimals = percent >= 10 ? 0 : percent >= 1 ? 1 : 2;
  const scale = 10 ** decimals;
  return `${(Math.ceil(percent * scale) / scale).toFixed(decimals)} %`;
}

// A share in per cent to the nearest: "99.6 %".
export function percent(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return "-";
  return `${trimZeros((100 * share).toPrecision(3))} %`;
}

// A relative change: "+16.7 %", "-9.79 %", "none" below `resolution`.
export function change(share: number | undefined, resolution: number): string {
  if (share === undefined) return "-";
  if (Math.abs(share) < resolution) return "none";
  return `${share > 0 ? "+" : ""}${(100 * share).toPrecision(3)} %`;
}

// A count with digits in groups of three: "10,430".
export function groupedNumber(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

// A count with its noun: "1 design", "19 designs".
export function counted(value: number, noun: string): string {
  return `${groupedNumber(value)} ${noun}${value === 1 ? "" : "s"}`;
}

// A count or rate with an SI prefix: "950", "1.24k", "3.4M".
export function siNumber(value: number): string {
  const prefixes = ["", "k", "M", "G", "T", "P", "E"];
  let scaled = value;
  let prefix = 0;
  // 999.5 would be printed as 1000.
  while (Math.abs(scaled) >= 999.5 && prefix + 1 < prefixes.length) {
    scaled /= 1000;
    ++prefix;
  }
  return trimZeros(scaled.toPrecision(3)) + (prefixes[prefix] ?? "");
}

// "3 s", "4 min 10 s", "2 h 5 min", "1 d 3 h".
export function shortDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

// A capacity: "1 word", "96 B", "142 KiB", "1.5 MiB".
export function shortBytes(bytes: number): string {
  if (bytes < 1024) return `${trimZeros(bytes.toPrecision(4))} B`;
  if (bytes < 1024 ** 2) return `${trimZeros((bytes / 1024).toPrecision(4))} KiB`;
  return `${trimZeros((bytes / 1024 ** 2).toPrecision(4))} MiB`;
}

// A moment, in the reader's time zone: "14:03:07" on the same day, "2026-11-27 14:03" otherwise.
export function shortTime(time: Date, now: Date): string {
  const two = (value: number) => value.toString().padStart(2, "0");
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.toDateString() === now.toDateString()) return `${clock}:${two(time.getSeconds())}`;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}
