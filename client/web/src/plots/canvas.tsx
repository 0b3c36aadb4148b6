import { useLayoutEffect, useRef } from "react";

interface CanvasProps {
  readonly width: number; // in CSS pixels, as is what `draw` draws
  readonly height: number;
  readonly draw: (context: CanvasRenderingContext2D) => void;
}

// What a plot's marks are drawn on. It says nothing to a screen reader: the figure around it does.
export function Canvas({ width, height, draw }: CanvasProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const { current } = canvas;
    const context = current?.getContext("2d");
    if (!current || !context) return;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    // Setting a size clears a canvas and costs a frame, even when it is the same.
    if (current.width !== wide) current.width = wide;
    if (current.height !== high) current.height = high;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context);
  }, [width, height, draw]);
  return <canvas ref={canvas} className="plot-canvas" style={{ width, height }} aria-hidden="true" />;
}
