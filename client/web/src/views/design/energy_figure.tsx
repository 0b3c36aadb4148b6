import type { Component } from "../../api/types";
import { Figure } from "../../plots/figure";
import { seriesColour, type Scheme } from "../../plots/colours";
import { tensorNames } from "../../text/mapping";
import { percent, shortNumber } from "../../text/numbers";

const kTensors = ["W", "I", "O"] as const;

// Energy by component, and in a level by tensor; beside it how much of the time each component bounds.
export function EnergyFigure({ components, scheme }: { readonly components: readonly Component[]; readonly scheme: Scheme }): JSX.Element {
  const outermostFirst = [...components].reverse();
  const largest = Math.max(...components.map(({ energy_uj }) => energy_uj), Number.MIN_VALUE);
  const first = [...components].sort((a, b) => b.energy_uj - a.energy_uj)[0];
  const slowest = [...components].sort((a, b) => b.bounds_latency_share - a.bounds_latency_share)[0];
  const summary = !first ? "" : `${first.name} takes the most energy, ${percent(first.energy_share)} of it` +
    (slowest && slowest.bounds_latency_share > 0 ? `; ${slowest.name} bounds ${percent(slowest.bounds_latency_share)} of the latency.` : ".");
  return (
    <Figure title="Energy by component" summary={summary} table={() => ({
      header: ["component", "energy (µJ)", "share", ...kTensors.map((tensor) => tensorNames(tensor)), "bounds of latency"],
      rows: outermostFirst.map(({ name, energy_uj, energy_share, tensors, bounds_latency_share }) => [
        name, shortNumber(energy_uj), percent(energy_share),
        ...kTensors.map((tensor) => shortNumber(tensors.find((one) => one.tensor === tensor)?.energy_uj)), percent(bounds_latency_share),
      ]),
    })}>
      <div className="bars">
        {outermostFirst.map((component) => {
          const parts = component.tensors.length > 0 ? component.tensors : [{ tensor: "", energy_uj: component.energy_uj }];
          return (
            <div className="bar-row" key={component.name}>
              <span className="bar-name">{component.name}</span>
              <span className="bar" aria-hidden="true">
                {parts.map(({ tensor, energy_uj }) => (
                  <span key={tensor} title={`${tensorNames(tensor) || "all"}: ${shortNumber(energy_uj)} µJ`}
                    style={{ width: `${(100 * energy_uj) / largest}%`, background: seriesColour(tensor === "" ? 7 : kTensors.indexOf(tensor as "W"), scheme) }} />
                ))}
              </span>
              <span className="bar-value">{shortNumber(component.energy_uj)} µJ <span className="faint">{percent(component.energy_share)}</span></span>
              <span className="bar-value" title="of the latency is in layers that it bounds">
                {component.bounds_latency_share > 0 ? `bounds ${percent(component.bounds_latency_share)}` : ""}
              </span>
            </div>
          );
        })}
        <div className="legend">
          {kTensors.map((tensor, i) => (
            <span key={tensor}><span className="swatch" style={{ background: seriesColour(i, scheme) }} aria-hidden="true" />{tensorNames(tensor)}</span>
          ))}
        </div>
      </div>
    </Figure>
  );
}
