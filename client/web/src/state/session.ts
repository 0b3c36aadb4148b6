// Whether the daemon answers, and whom it takes the reader for.
import type { ServerInfo } from "../api/types";
import { ApiError } from "../api/http";
import { getServer, logOut as endSession } from "../api/calls";
import { Store } from "./store";

export type Connection = "connecting" | "connected" | "disconnected" | "logged out";

export const connection = new Store<Connection>("connecting");
export const server = new Store<ServerInfo | undefined>(undefined);

// Every answer and every failure of a poll comes by here.
export function noteAnswer(): void {
  if (connection.get() !== "connected") connection.set("connected");
}

export function noteError(error: ApiError): void {
  if (error.loggedOut) {
    server.set(undefined);
    connection.set("logged out");
  } else if (error.status === 0 || error.status === 502 || error.status === 503 || error.status === 504) {
    if (connection.get() !== "logged out") connection.set("disconnected");
  } else {
    noteAnswer();
  }
}

export async function meetServer(signal?: AbortSignal): Promise<void> {
  const info = await getServer(signal);
  const before = server.get();
  if (!before || JSON.stringify(before) !== JSON.stringify(info)) server.set(info);
  noteAnswer();
}

// The same, where to be logged out is an answer, too.
export async function askServer(signal: AbortSignal): Promise<void> {
  try {
    await meetServer(signal);
  } catch (cause) {
    if (!(cause instanceof ApiError) || !cause.loggedOut) throw cause;
    noteError(cause);
  }
}

export async function logOut(): Promise<void> {
  await endSession();
  server.set(undefined);
  connection.set("logged out");
}
