// Axes and layers that several charts share.

/** Whether the page is as narrow as on a phone. */
function narrow() {
  return innerWidth < 600;
}

/** Size options that make a chart as wide as its container, padding included. */
function fitWidth(height) {
  return { width: "container", height, autosize: { type: "fit-x", contains: "padding" } };
}

/** Label of a time axis: the local hour, or the day at midnight. Called by Vega. */
function tickLabel(at) {
  return localMinute(at) === 0 ? formatLocal(at, { weekday: "short", day: "numeric" }) : clock(at);
}

/**
 * A time axis with a tick every third hour of local time (every sixth on narrow pages); if the points have fewer than
 * two of these hours, at their first and last time. The scale is quantitative because Vega's time scales support only
 * UTC and the reader's own time zone.
 */
function timeAxis(points, step = narrow() ? 6 : 3) {
  const times = points.map((point) => point.at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const hours = [];
  for (let at = Math.ceil(first / QUARTER) * QUARTER; at <= last; at += QUARTER) {
    if (localMinute(at) % (60 * step) === 0) hours.push(at);
  }
  const values = hours.length > 1 ? hours : [...new Set([first, last])];
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

/** A layer that draws isolated points, which a line cannot show. */
function isolatedPoints(points, field, color) {
  if (!points.some((point) => point.isolated)) return [];
  return [
    {
      mark: { type: "point", color, size: 40, filled: true, opacity: 1, tooltip: null },
      transform: [{ filter: "datum.isolated" }],
      encoding: { y: { field, type: "quantitative" } },
    },
  ];
}

/** A line chart with a filled area over the day. A single snapshot is drawn as a point. */
function dayLineSpec({ points, field, color, format = "d", title }) {
  return {
    ...fitWidth(190),
    data: {
      values: points.map((point) => ({
        ...point,
        tip: `${clockAndDay(point.at)}\n${labelled(title, format === "%" ? percent(point[field]) : number(point[field]))}`,
      })),
    },
    encoding: {
      x: timeAxis(points),
      y: {
        field,
        type: "quantitative",
        title: null,
        axis: { tickCount: 4, format, ...(format === "d" && { tickMinStep: 1 }) },
        scale: { zero: true, nice: true },
      },
      tooltip: { field: "tip" },
    },
    layer: [
      { mark: { type: "area", color, opacity: 0.18, interpolate: "linear", tooltip: null } },
      { mark: { type: "line", color, strokeWidth: 2, tooltip: null } },
      ...isolatedPoints(points, field, color),
      {
        mark: { type: "point", size: 160, opacity: 0, filled: true },
        transform: [{ filter: `isValid(datum.${field})` }],
      },
    ],
  };
}
