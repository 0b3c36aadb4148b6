import { useMemo } from "react";
import type { Design, Explanation } from "../../api/types";
import { Figure } from "../../plots/figure";
import { paletteOf, seriesColour, type Scheme } from "../../plots/colours";
import { Scatter, type GuideLine, type Mark } from "../../plots/scatter";
import { counted, groupedNumber, percent, shortNumber } from "../../text/numbers";
import { peakOf, rooflineMarks } from "./roofline";

interface RooflineFigureProps {
  readonly design: Design;
  readonly explanation: Explanation;
  readonly scheme: Scheme;
  readonly onLayer: (layer: number) => void;
}

export function RooflineFigure({ design, explanation, scheme, onLayer }: RooflineFigureProps): JSX.Element {
  const components = explanation.components.map(({ name }) => name);
  const { marks, peak, reach } = useMemo(() => {
    const all = rooflineMarks(design.layers, explanation.layers);
    const top = peakOf(design.layers, explanation.layers);
    return {
      peak: top,
      reach: { x: [...all.map((mark) => mark.sustains)], y: [...all.map((mark) => mark.reaches), top] },
      marks: all.map((mark): Mark => ({
        key: `${mark.layer} ${mark.component}`,
        x: mark.sustains,
        y: mark.reaches,
        colour: seriesColour(components.indexOf(mark.component), scheme),
        strong: mark.bounds,
        lines: () => [
          design.layers[mark.layer]?.name ?? "",
          `${mark.component}${mark.bounds ? " bounds it" : ""}`,
          `alone would sustain ${shortNumber(mark.sustains)} MACs/cycle`,
          `reaches ${shortNumber(mark.reaches)} MACs/cycle`,
          `utilisation ${percent(explanation.layers[mark.layer]?.utilisation)}`,
        ],
      })),
    };
  }, [design, explanation, scheme]);
  const guides = useMemo((): GuideLine[] => {
    const { muted } = paletteOf(scheme);
    const least = Math.min(...reach.x, ...reach.y) / 4;
    const most = Math.max(...reach.x) * 4;
    return [{ colour: muted, points: [{ x: least, y: least }, { x: peak, y: peak }, { x: most, y: peak }] }];
  }, [reach, peak, scheme]);
  const counts = components.map((name) => ({ name, count: explanation.layers.filter((layer) => layer.bound_by === name).length }));
  const said = counts.filter(({ count }) => count > 0).map(({ name, count }) => `${name} bounds ${count}`).join(", ");
  const summary = `Of ${counted(design.layers.length, "layer")} ${said === "" ? "none is known to be bounded, since latencies are predicted" : said}; ` +
    `all units together do ${groupedNumber(peak)} MACs a cycle, of which ${percent(explanation.utilisation)} are used over the run. ` +
    "A large mark on the roof is what bounds its layer; the same layer's small marks are as far to the right as the others have to spare.";
  return (
    <Figure title="Roofline of every component" summary={summary} table={() => ({
      header: ["layer", "MACs/cycle", "utilisation", ...components.map((name) => `${name} alone`)],
      rows: design.layers.map((layer, i) => {
        const own = rooflineMarks([layer], explanation.layers.slice(i, i + 1));
        return [layer.name, shortNumber(own[0]?.reaches), percent(explanation.layers[i]?.utilisation),
          ...components.map((name) => shortNumber(own.find((mark) => mark.component === name)?.sustains))];
      }),
    })}>
      <Scatter label={`Roofline. ${summary}`} marks={marks} guides={guides} scheme={scheme}
        x={{ title: "MACs/cycle that the component alone sustains", log: true }} y={{ title: "MACs/cycle reached", log: true, reach: [peak] }}
        onPick={(mark) => onLayer(Number(mark.key.split(" ")[0]))} />
      <div className="legend">
        {components.map((name, i) => (
          <span key={name}><span className="swatch" style={{ background: seriesColour(i, scheme) }} aria-hidden="true" />{name}</span>
        ))}
      </div>
    </Figure>
  );
}
