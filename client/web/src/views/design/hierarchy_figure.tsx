import { useMemo } from "react";
import type { Resource, Template } from "../../api/types";
import { Figure } from "../../plots/figure";
import { keepsText } from "../../text/mapping";
import { groupedNumber, percent, shortBytes } from "../../text/numbers";
import { levelSizes, unitsOf, type LevelSize } from "./hierarchy";

const kLargestSide = 104; // px, of the largest level's square
const kSmallestSide = 7; // px: below it a square could not be seen
const kRow = 118;
const kCentre = 74;

function sideOf(total: number, largest: number): number {
  return Math.max(kSmallestSide, kLargestSide * Math.sqrt(total / largest));
}

// Of a level without a capacity.
function unsizedText(size: LevelSize): string {
  return size.keeps.length === 0 ? "no memory" : "unlimited";
}

function sizeText(size: LevelSize): string {
  if (size.capacity === undefined || size.total === undefined) return unsizedText(size);
  const one = size.words !== undefined ? `${groupedNumber(size.words)} word${size.words === 1 ? "" : "s"}` : shortBytes(size.capacity);
  return size.instances > 1 ? `${groupedNumber(size.instances)} × ${one} = ${shortBytes(size.total)}` : one;
}

// The levels as squares whose areas are in the proportion of their bytes, all instances together.
export function HierarchyFigure({ template, resources }: { readonly template: Template; readonly resources: readonly Resource[] }): JSX.Element {
  const sizes = useMemo(() => levelSizes(template, resources), [template, resources]);
  const largest = Math.max(1, ...sizes.map((size) => size.total ?? 0));
  const units = unitsOf(sizes);
  const height = kRow * sizes.length + 52;
  const summary = `${sizes.map((size) => `${size.name}: ${sizeText(size)}, ${keepsText(size.keeps.join(""))}`).join("; ")}; ` +
    `${groupedNumber(units)} multiply-accumulate units. Areas are in the proportion of bytes; what is filled is what the hungriest layer needs.`;
  return (
    <Figure title="Hierarchy" summary={summary} table={() => ({
      header: ["level", "keeps", "instances", "of one", "in all", "full"],
      rows: sizes.map((size) => [
        size.name, size.keeps.join(" "), groupedNumber(size.instances), size.capacity === undefined ? unsizedText(size) : shortBytes(size.capacity),
        size.total === undefined ? unsizedText(size) : shortBytes(size.total), size.full === undefined ? "-" : percent(size.full),
      ]),
    })}>
      <svg className="hierarchy" viewBox={`0 0 420 ${height}`} role="img" aria-label={`Memory hierarchy. ${summary}`}>
        {sizes.map((size, i) => (
          <LevelDrawing key={size.name} size={size} side={sideOf(size.total ?? (size.keeps.length === 0 ? 0 : largest), largest)} y={kRow * i + 4} last={i === sizes.length - 1} />
        ))}
        <g transform={`translate(0,${kRow * sizes.length + 4})`}>
          <rect x={kCentre - 20} width={40} height={26} className="units" rx={3} />
          <text x={kCentre} y={17} textAnchor="middle" className="level-name">MACs</text>
          <text x={145} y={17}>{groupedNumber(units)} unit{units === 1 ? "" : "s"}</text>
        </g>
      </svg>
    </Figure>
  );
}

interface LevelDrawingProps {
  readonly size: LevelSize;
  readonly side: number;
  readonly y: number;
  readonly last: boolean;
}

function LevelDrawing({ size, side, y }: LevelDrawingProps): JSX.Element {
  const left = kCentre - side / 2;
  const top = (kLargestSide - side) / 2;
  const filled = size.full === undefined ? 0 : side * Math.min(1, size.full);
  // Of many instances, as many lines as can be told apart.
  const columns = Math.min(size.instances, Math.floor(side / 5));
  const fans = size.fans.map(({ axis, copies, dims }) => `${groupedNumber(copies)} along ${axis} (${dims.join(" ")})`).join(", ");
  return (
    <g transform={`translate(0,${y})`}>
      {size.total === undefined ? (
        <rect x={left} y={top} width={side} height={side} className="level unlimited" />
      ) : (
        <>
          <rect x={left} y={top + side - filled} width={side} height={filled} className="level-fill" />
          <rect x={left} y={top} width={side} height={side} className="level" />
          {Array.from({ length: Math.max(0, columns - 1) }, (_, i) => (
            <line key={i} x1={left + ((i + 1) * side) / columns} x2={left + ((i + 1) * side) / columns} y1={top} y2={top + side} className="level-line" />
          ))}
        </>
      )}
      <line x1={kCentre} x2={kCentre} y1={kLargestSide / 2 + side / 2 + 2} y2={kRow + 2} className="wire" />
      <text x={145} y={38} className="level-name">{size.name}</text>
      <text x={145} y={55}>{sizeText(size)}{size.full !== undefined && `, ${percent(size.full)} full`}</text>
      <text x={145} y={71} className="muted">{keepsText(size.keeps.join(""))}</text>
      {fans !== "" && <text x={145} y={96} className="muted">↓ {fans}</text>}
    </g>
  );
}
