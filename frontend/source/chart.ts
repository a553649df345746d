// What a chart shows, as the server wrote it into `data-chart`.
export type Unit = "usd" | "records" | "count" | "seconds";

export interface Chart {
  kind: "line" | "bars";
  stacked: boolean;
  x: number[];
  series: { name: string; values: (number | null)[] }[];
  unit: Unit;
  limit: number | null;
}

// The chart that a text holds, null where it holds none or one without a moment.
export function readChart(text: string): Chart | null {
  try {
    const read: unknown = JSON.parse(text);
    const chart: Chart = { kind: "line", stacked: false, x: [], series: [], unit: "count", limit: null, ...(read as Partial<Chart>) };
    return chart.x.length ? chart : null;
  } catch {
    return null;
  }
}
