// Does a step again and again: after `interval` when it went well, after growing pauses while the daemon is away.
import { ApiError } from "./http";

export interface LoopOptions {
  readonly interval: () => number; // in ms, until the next step; Infinity to stop
  readonly onError: (error: ApiError) => void;
}

const kFirstPause = 1000;
const kLongestPause = 10_000;

// In ms, after so many failures in a row: doubled each time, then anywhere from half of that to all of it, so that a
// daemon that comes back does not see all pages at once. `random` is from 0 to 1.
export function pauseAfter(failures: number, retrySeconds: number, random: number): number {
  const pause = Math.min(kLongestPause, kFirstPause * 2 ** Math.max(0, failures - 1));
  return Math.max(1000 * retrySeconds, pause * (0.5 + 0.5 * random));
}

export class Loop {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private running = false;
  private again = false;
  private readonly abort = new AbortController();

  constructor(private readonly step: (signal: AbortSignal) => Promise<void>, private readonly options: LoopOptions) {
    void this.run();
  }

  // Does the step now, or once more when it is under way.
  hurry(): void {
    if (this.running) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    void this.run();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }

  private async run(): Promise<void> {
    const { signal } = this.abort;
    if (signal.aborted) return;
    this.running = true;
    this.again = false;
    let pause = this.options.interval();
    try {
      await this.step(signal);
      this.failures = 0;
      pause = this.options.interval();
    } catch (cause) {
      if (signal.aborted) return;
      const error = cause instanceof ApiError ? cause : new ApiError(String(cause), -1);
      pause = error.passing ? pauseAfter(++this.failures, error.retrySeconds, Math.random()) : Infinity;
      this.options.onError(error);
    }
    this.running = false;
    if (signal.aborted) return;
    if (this.again) void this.run();
    else if (Number.isFinite(pause)) this.timer = setTimeout(() => void this.run(), pause);
  }
}
