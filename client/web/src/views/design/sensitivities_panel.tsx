import { useState } from "react";
import { explainDesign } from "../../api/calls";
import { ApiError } from "../../api/http";
import type { Sensitivities } from "../../api/types";
import { change, groupedNumber, percent, shortNumber } from "../../text/numbers";

// What a tenth more or less of each parameter and limit would change: asked for by a button, since the daemon searches.
export function SensitivitiesPanel({ path, point }: { readonly path: string; readonly point: string }): JSX.Element {
  const [state, setState] = useState<{ busy: boolean; error: string; found: Sensitivities | undefined }>({ busy: false, error: "", found: undefined });
  const ask = async () => {
    setState({ busy: true, error: "", found: undefined });
    try {
      const explanation = await explainDesign(path, point, true);
      setState({ busy: false, error: "", found: explanation.sensitivities });
    } catch (cause) {
      setState({ busy: false, error: cause instanceof ApiError ? cause.message : String(cause), found: undefined });
    }
  };
  const { busy, error, found } = state;
  return (
    <section className="panel flush" aria-label="Sensitivities">
      <header className="panel-head">
        <h2>Sensitivities</h2>
        <button disabled={busy} onClick={() => void ask()}>{busy ? "Searching…" : found ? "Again" : "Search near this design"}</button>
      </header>
      {busy && <p className="pad" role="status"><span className="spinner" aria-hidden="true" />The daemon searches near this design, for some seconds.</p>}
      {error && <p className="pad field-error" role="alert">{error}</p>}
      {!found && !busy && !error && <p className="pad hint">What the objective would change by with a tenth more or less of each parameter and limit.</p>}
      {found && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Sensitivities">
          <table>
            <caption>Change of the objective ({groupedNumber(found.samples)} samples; below {percent(found.resolution)}: none)</caption>
            <thead>
              <tr><th scope="col">Change of</th><th scope="col" className="number">From</th><th scope="col" className="number">To</th>
                <th scope="col" className="number">Predicted</th><th scope="col" className="number">Searched</th><th scope="col">Breaks</th></tr>
            </thead>
            <tbody>
              {found.rows.map(({ what, from, step }, i) => (
                <tr key={i}>
                  <th scope="row">{what}</th>
                  <td className="number">{shortNumber(from)}</td>
                  <td className="number">{shortNumber(step.value)}</td>
                  <td className="number">{change(step.predicted, found.resolution)}</td>
                  <td className={`number ${step.searched !== undefined && step.searched <= -found.resolution ? "better" : ""}`}>{change(step.searched, found.resolution)}</td>
                  <td>{step.broken_limits.join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {found.prices.filter(({ active }) => active).map(({ quantity, price }) => (
            <p key={quantity} className="pad hint">Price of the limit on {quantity}: {shortNumber(price)} (in log2, for one twice as wide).</p>
          ))}
        </div>
      )}
    </section>
  );
}
