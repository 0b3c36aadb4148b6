import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../api/http";
import { Loop } from "../api/loop";
import { noteAnswer, noteError } from "./session";

export interface Polled<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined; // of the last attempt
  readonly refresh: () => void;
}

// Of a page that nobody looks at.
const kHiddenInterval = 15_000;

// Asks by `step`, which gets what it gave before, and again after `interval(data)` ms: Infinity for what no longer
// changes. Begins anew when `key` changes, and then shows nothing of before, unless only what is after a "#" in it has
// changed. Asks nothing while it is "".
export function usePoll<T>(
  key: string,
  step: (before: T | undefined, signal: AbortSignal) => Promise<T>,
  interval: (data: T | undefined) => number,
): Polled<T> {
  const [state, setState] = useState<{ key: string; data: T | undefined; error: ApiError | undefined }>(
    { key, data: undefined, error: undefined });
  const latest = useRef({ step, interval });
  latest.current = { step, interval };
  const loop = useRef<Loop>();

  useEffect(() => {
    if (key === "") return undefined;
    let data: T | undefined;
    const running = new Loop(
      async (signal) => {
        const next = await latest.current.step(data, signal).catch((cause) => {
          if (data === undefined || !(cause instanceof ApiError) || !cause.anotherStore) throw cause;
          return latest.current.step(undefined, signal);
        });
        noteAnswer();
        if (signal.aborted) return;
        data = next;
        setState((old) =>
          old.key === key && old.data === next && old.error === undefined ? old : { key, data: next, error: undefined });
      },
      {
        interval: () => {
          const pause = latest.current.interval(data);
          return document.hidden && Number.isFinite(pause) ? Math.max(pause, kHiddenInterval) : pause;
        },
        onError: (error) => {
          noteError(error);
          setState((old) => ({ key, data: data ?? (resourceOf(old.key) === resourceOf(key) ? old.data : undefined), error }));
        },
      });
    loop.current = running;
    const wake = () => {
      if (!document.hidden && Number.isFinite(latest.current.interval(data))) running.hurry();
    };
    document.addEventListener("visibilitychange", wake);
    window.addEventListener("online", wake);
    return () => {
      running.stop();
      document.removeEventListener("visibilitychange", wake);
      window.removeEventListener("online", wake);
    };
  }, [key]);

  const refresh = useCallback(() => loop.current?.hurry(), []);
  return resourceOf(state.key) === resourceOf(key) ? { ...state, refresh } : { data: undefined, error: undefined, refresh };
}

function resourceOf(key: string): string {
  return key.split("#")[0] ?? "";
}

// Once, and again only when `key` changes.
export function useOnce<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): Polled<T> {
  return usePoll<T>(key, (_, signal) => ask(signal), () => Infinity);
}
