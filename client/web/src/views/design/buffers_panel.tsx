import type { Explanation, Resource } from "../../api/types";
import { percent, shortBytes, shortNumber } from "../../text/numbers";

function amount(value: number | undefined, unit: string): string {
  if (value === undefined) return "-";
  return unit === "bytes" ? shortBytes(value) : unit === "words" && value === 1 ? "1 word" : `${shortNumber(value)} ${unit}`;
}

function named(resource: Resource): string {
  return resource.axis === "" ? resource.level : `${resource.level}, axis ${resource.axis}`;
}

// How full buffers and arrays are, which layers size them, and the limits of the job.
export function BuffersPanel({ explanation }: { readonly explanation: Explanation }): JSX.Element {
  return (
    <section className="panel flush" aria-label="Buffers and arrays">
      <header className="panel-head"><h2>Buffers and arrays</h2></header>
      <div className="scroll" tabIndex={0} role="region" aria-label="Buffers and arrays">
        <table>
          <thead>
            <tr>
              <th scope="col">Resource</th><th scope="col" className="number">There is</th>
              <th scope="col" className="number">Most needed</th><th scope="col" className="number">Full</th>
              <th scope="col">By</th><th scope="col" className="number">Next needs</th>
            </tr>
          </thead>
          <tbody>
            {explanation.resources.map((resource, i) => (
              <tr key={i}>
                <th scope="row">{named(resource)} <span className="unit">{resource.parameter || "fixed"}</span></th>
                <td className="number">{amount(resource.limit, resource.unit)}</td>
                <td className="number">{amount(resource.need, resource.unit)}</td>
                <td className="number">
                  <span className="share"><span className="share-bar" aria-hidden="true"><span style={{ width: `${100 * Math.min(1, resource.full)}%` }} /></span>{percent(resource.full)}</span>
                </td>
                <td>{resource.layers[0]}{resource.layer_count > 1 && <span className="faint"> and {resource.layer_count - 1} more</span>}</td>
                <td className="number">{amount(resource.next_need, resource.unit)}</td>
              </tr>
            ))}
            {explanation.limits.map(({ limit, figure, used }, i) => (
              <tr key={`limit ${i}`}>
                <th scope="row">limit {limit.network !== "" && `${limit.network}: `}{limit.quantity}</th>
                <td className="number">{limit.max > 0 ? `≤ ${shortNumber(limit.max)}` : `≥ ${shortNumber(limit.min)}`}</td>
                <td className="number">{shortNumber(figure)}</td>
                <td className="number">{percent(used)}</td>
                <td /><td />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
