// Requests to the daemon that served this page. Every GET remembers its ETag, so that asking again costs the daemon
// next to nothing when there is no news, and gives the very same object as before.

export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number, // of HTTP; 0 when there was no answer
    readonly violations: readonly FieldViolation[] = [],
    readonly retrySeconds = 0, // that the daemon asks to wait; 0 when it does not say
  ) {
    super(message);
    this.name = "ApiError";
  }

  get loggedOut(): boolean {
    return this.status === 401;
  }

  // The daemon's store has not come to the revision that was seen before: it is another one, or one from a backup.
  get anotherStore(): boolean {
    return this.violations.some(({ field }) => field === "after_revision");
  }

  // Worth asking again later, without a change by the user.
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

interface Remembered {
  readonly etag: string;
  readonly json: unknown;
}

// Of answers kept for their ETags.
const kMostRemembered = 64;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Api {
  private readonly remembered = new Map<string, Remembered>();
  private renewing: Promise<boolean> | undefined;

  // `renew` is called when the daemon knows the session no more, and says whether to ask again.
  constructor(private readonly fetch_: Fetch, private readonly renew: () => Promise<boolean> = () => Promise.resolve(false)) {}

  // The same object as the last time when nothing is new. Throws ApiError.
  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    const before = this.remembered.get(path);
    const headers: Record<string, string> = before ? { "If-None-Match": before.etag } : {};
    const response = await this.send(path, { headers, cache: "no-store", ...(signal ? { signal } : {}) });
    if (response.status === 304 && before) {
      this.remember(path, before);
      return before.json;
    }
    const json = await answer(response);
    const etag = response.headers.get("ETag");
    if (etag) this.remember(path, { etag, json });
    return json;
  }

  async change(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    const headers: Record<string, string> = { "X-OneLoop": "1" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const init: RequestInit = { method, headers, cache: "no-store" };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (signal) init.signal = signal;
    return answer(await this.send(path, init));
  }

  // What one user saw is not for the next.
  forget(): void {
    this.remembered.clear();
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    const response = await this.sendOnce(path, init);
    if (response.status !== 401) return response;
    // All that are refused at once wait for the same session.
    this.renewing ??= this.renew().finally(() => (this.renewing = undefined));
    return (await this.renewing) ? this.sendOnce(path, init) : response;
  }

  private async sendOnce(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.fetch_(path, { credentials: "same-origin", ...init });
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
      throw new ApiError("The daemon does not answer.", 0);
    }
  }

  private remember(path: string, what: Remembered): void {
    // The map's order is that of use: the first is the one that was not asked for the longest.
    this.remembered.delete(path);
    this.remembered.set(path, what);
    for (const oldest of this.remembered.keys()) {
      if (this.remembered.size <= kMostRemembered) break;
      this.remembered.delete(oldest);
    }
  }
}

async function answer(response: Response): Promise<unknown> {
  let json: unknown;
  try {
    json = await response.json();
  } catch {
    // A proxy in front answers in its own words while the daemon is away.
    throw new ApiError(`The answer is no JSON (HTTP ${response.status}).`, response.ok ? 0 : response.status);
  }
  if (response.ok) return json;
  throw errorOf(json, response.status);
}

export function errorOf(json: unknown, status: number): ApiError {
  const error = (json as { error?: Record<string, unknown> } | null)?.error ?? {};
  const violations = Array.isArray(error["field_violations"]) ? (error["field_violations"] as FieldViolation[]) : [];
  const delay = typeof error["retry_delay"] === "string" ? parseFloat(error["retry_delay"]) : 0;
  const message = typeof error["message"] === "string" && error["message"] !== "" ? error["message"] : `HTTP ${status}`;
  return new ApiError(message, status, violations, Number.isFinite(delay) ? delay : 0);
}
