// Axes and rows that several charts share.

/** Whether the page is as narrow as a phone's. */
function narrow() {
  return innerWidth < 600;
}

/** What makes a picture as wide as its box, with all that belongs to it inside. */
function fitted(height) {
  return { width: "container", height, autosize: { type: "fit-x", contains: "padding" } };
}

/** The label of a time axis: Paris's hour, and the day at midnight. Vega calls it. */
function tickLabel(at) {
  return parisHour(at) === 0 ? paris(at, { weekday: "short", day: "numeric" }) : clock(at);
}

/**
 * A time axis with a mark at every third hour of Paris's clock (every sixth where it is narrow). Its scale is one
 * of numbers: Vega's time scales know UTC and the reader's own zone only, and mark whole hours of those.
 */
function timeAxis(points, step = narrow() ? 6 : 3) {
  const times = points.map((point) => point.at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const values = [];
  for (let at = Math.ceil(first / HOUR) * HOUR; at <= last; at += HOUR) {
    if (parisHour(at) % step === 0) values.push(at);
  }
  return {
    field: "at",
    type: "quantitative",
    title: null,
    scale: { domain: first < last ? [first, last] : [first - HOUR, last + HOUR], nice: false, zero: false },
    axis: {
      values,
      labelExpr: "tickLabel(datum.value)",
      grid: false,
      labelFlush: true,
      labelOverlap: "greedy",
    },
  };
}

/** A layer with the points that no line shows; none where there is none. */
function alonePoints(points, field, shade) {
  if (!points.some((point) => point.alone)) return [];
  return [
    {
      mark: { type: "point", color: shade, size: 40, filled: true, opacity: 1, tooltip: null },
      transform: [{ filter: "datum.alone" }],
      encoding: { y: { field, type: "quantitative" } },
    },
  ];
}

/** A line (with its area below) over the day. A single snapshot shows as a point. */
function dayLine({ points, field, shade, format = "d", title }) {
  return {
    ...fitted(190),
    data: {
      values: points.map((point) => ({
        ...point,
        tip: `${clockAndDay(point.at)}\n${title}: ${format === "%" ? percent(point[field]) : number(point[field])}`,
      })),
    },
    encoding: {
      x: timeAxis(points),
      y: {
        field,
        type: "quantitative",
        title: null,
        axis: { tickCount: 4, format },
        scale: { zero: true, nice: true },
      },
      tooltip: { field: "tip" },
    },
    layer: [
      { mark: { type: "area", color: shade, opacity: 0.18, interpolate: "linear", tooltip: null } },
      { mark: { type: "line", color: shade, strokeWidth: 2, tooltip: null } },
      ...alonePoints(points, field, shade),
      {
        mark: { type: "point", size: 160, opacity: 0, filled: true },
        transform: [{ filter: `isValid(datum.${field})` }],
      },
    ],
  };
}
