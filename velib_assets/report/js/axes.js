// Axes and rows that several charts share.

/** The label of a time axis: Paris's hour, and the day at midnight. Vega calls it. */
function tickLabel(at) {
  return parisHour(at) === 0 ? paris(at, { weekday: "short", day: "numeric" }) : clock(at);
}

/** A time axis with a mark at every third hour of Paris's clock (every sixth where it is narrow). */
function timeAxis(points) {
  const times = points.map((point) => point.at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const step = innerWidth < 600 ? 6 : 3;
  const values = [];
  for (let at = Math.ceil(first / HOUR) * HOUR; at <= last; at += HOUR) {
    if (parisHour(at) % step === 0) values.push(at);
  }
  return {
    field: "at", type: "temporal", scale: { type: "utc" }, title: null,
    axis: { values, labelExpr: "tickLabel(datum.value)", grid: false, labelFlush: true, labelOverlap: "greedy" },
  };
}

/** A line (with its area below) over the day. A single snapshot shows as a point. */
function dayLine({ points, field, shade, format = "d", title }) {
  const few = points.filter((point) => point[field] !== null).length < 3;
  return {
    width: "container", height: 190, autosize: { type: "fit-x", contains: "padding" },
    data: { values: points.map((point) => ({ ...point, tip: `${clockAndDay(point.at)}\n${title}: ${format === "%" ? percent(point[field]) : number(point[field])}` })) },
    encoding: {
      x: timeAxis(points),
      y: { field, type: "quantitative", title: null, axis: { tickCount: 4, format }, scale: { zero: true, nice: true } },
      tooltip: { field: "tip" },
    },
    layer: [
      { mark: { type: "area", color: shade, opacity: 0.18, interpolate: "linear", tooltip: null } },
      { mark: { type: "line", color: shade, strokeWidth: 2, point: few ? { color: shade, size: 60 } : false, tooltip: null } },
      { mark: { type: "point", size: 160, opacity: 0, filled: true }, transform: [{ filter: `isValid(datum.${field})` }] },
    ],
  };
}
