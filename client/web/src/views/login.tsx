import { useState, type FormEvent } from "react";
import { logIn } from "../api/calls";
import { ApiError } from "../api/http";
import { meetServer } from "../state/session";

// In the place of any view, whose address stays: after logging in the reader is where he wanted to go.
export function LoginView(): JSX.Element {
  const [token, setToken] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      await logIn(token.trim());
      await meetServer();
    } catch (cause) {
      setError(cause instanceof ApiError ? cause.message : String(cause));
      setBusy(false);
    }
  };
  return (
    <form className="panel login" onSubmit={(event) => void submit(event)}>
      <h1>Log in</h1>
      <p>With a token of this daemon: on its machine that in <code>local.token</code> in its data directory, for others one that its operator makes:</p>
      <pre tabIndex={0}>oneloopd token create --data_dir DIR --user ada --scope user --project default --expires 30d</pre>
      <label htmlFor="token">Token</label>
      <input id="token" type="password" autoComplete="current-password" placeholder="olt_…" required value={token}
        aria-invalid={error !== ""} aria-describedby="token-error" onChange={(event) => setToken(event.target.value)} />
      <p id="token-error" className="field-error" role="alert">{error}</p>
      <button className="primary" disabled={busy || token.trim() === ""}>{busy ? "Logging in…" : "Log in"}</button>
      <p className="hint">The token is sent to this daemon alone, and forgotten when this page is closed or loaded again; a session of up to 12 hours stays.</p>
    </form>
  );
}
