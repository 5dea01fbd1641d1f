// The maps' areas: shapes drawn from the stations' positions, coloured by a KPI and labelled.

/** The measures that can colour the areas, as far as the feed has them: the fill rate, or a share of the area's stations. */
const MEASURES = knownOnly({
  fill: { label: "fill_rate", of: (row) => row.avg_fill_rate, text: (row) => percent(row.avg_fill_rate, 0) },
  short: {
    label: "short",
    of: (row) => row.shortage_count / row.station_count,
    text: (row) => number(row.shortage_count),
  },
  saturated: {
    label: "saturated",
    of: (row) => row.saturation_count / row.station_count,
    text: (row) => number(row.saturation_count),
  },
});

function knownOnly({ fill, short, saturated }) {
  return { ...(known.fill_rate && { fill }), short, ...(known.saturated && { saturated }) };
}

/** The areas' rows by name. A network without areas has one row, and one shape with its own name. */
const areaRows = new Map(
  kpiRows("kpi_saturation_par_arrondissement").map((row) => [
    row.arrondissement ?? (hasAreas ? null : system.name),
    row,
  ]),
);

/** The areas with their outlines as SVG paths around an origin, in degrees of latitude. */
const areas = report.areas.map((area) => {
  const origin = { x: area.label[0] * LON_SCALE, y: area.label[1] };
  const steps = (ring) =>
    Array.from({ length: ring.length / 2 }, (_, k) => {
      const [x, y] = [ring[2 * k] * LON_SCALE - origin.x, ring[2 * k + 1] - origin.y];
      return `${x.toFixed(5)},${y.toFixed(5)}`;
    });
  return {
    name: area.name,
    ...origin,
    room: area.room,
    path: area.rings.map((ring) => `M${steps(ring).join("L")}Z`).join(""),
    row: areaRows.get(area.name),
  };
});

/** The corners of all areas, to fit a map to. */
function areaCorners() {
  return report.areas.flatMap(({ rings }) =>
    rings.flatMap((ring) =>
      Array.from({ length: ring.length / 2 }, (_, k) => ({ lon: ring[2 * k], lat: ring[2 * k + 1] })),
    ),
  );
}

/** The value of a measure that has the last colour: the highest, at least 5%. The fill rate's is 1; higher ones look full. */
function highest(measure) {
  const { of } = MEASURES[measure];
  return measure === "fill" ? 1 : Math.max(0.05, ...areas.map(({ row }) => (row ? of(row) : 0)));
}

/** The colours from the lowest to the highest value of a measure. */
function measureColours(measure) {
  return measure === "fill" ? fillColours() : [colour("fill-50"), colour(measure)];
}

/** Vega's rows for the areas; without a measure, or without a known value, they have no colour. */
function areaValues(measure) {
  const [colours, most] = measure ? [measureColours(measure), highest(measure)] : [[], 1];
  return areas.map(({ name, x, y, path, row }) => {
    const value = measure && row ? MEASURES[measure].of(row) : null;
    return {
      name,
      x,
      y,
      path,
      color: value === null ? colour("surface") : rampColour(colours, value / most),
      tip: row ? areaTip(row) : `${name}\n${t("no_operating")}`,
    };
  });
}

function areaTip(row) {
  return [
    areaName(row.arrondissement),
    labelled(t("stations_count"), number(row.station_count)),
    known.fill_rate && labelled(t("fill_rate"), percent(row.avg_fill_rate)),
    labelled(t("short"), number(row.shortage_count)),
    known.saturated && labelled(t("saturated"), number(row.saturation_count)),
  ]
    .filter(Boolean)
    .join("\n");
}

/** Marks that draw the rows of data set "areas" and, above everything else, those of "labels". */
function areaMarks(opacity) {
  return {
    type: "path",
    from: { data: "areas" },
    clip: true,
    encode: {
      update: {
        x: { scale: "east", field: "x" },
        y: { scale: "north", field: "y" },
        path: { field: "path" },
        scaleX: { signal: "k" },
        scaleY: { signal: "-k" },
        fill: { field: "color" },
        fillOpacity: { value: opacity },
        stroke: { value: colour("border") },
        strokeWidth: { value: 1 },
        strokeJoin: { value: "round" },
        tooltip: { field: "tip" },
      },
    },
  };
}

/** Two marks for the rows of data set "labels": an outline of the letters that keeps them readable, and the letters. */
function labelMarks() {
  const text = (changes) => ({
    type: "text",
    from: { data: "labels" },
    clip: true,
    interactive: false,
    encode: {
      update: {
        x: { scale: "east", field: "x" },
        y: { scale: "north", field: "y" },
        dy: { field: "dy" },
        text: { field: "text" },
        fontSize: { field: "size" },
        fontWeight: { field: "weight" },
        align: { value: "center" },
        baseline: { value: "middle" },
        ...changes,
      },
    },
  });
  return [
    text({
      stroke: { value: colour("surface") },
      strokeWidth: { value: 3.5 },
      strokeJoin: { value: "round" },
      strokeOpacity: { value: 0.85 },
      fill: { value: "transparent" },
    }),
    text({ fill: { value: colour("ink") } }),
  ];
}

/** A group of radio buttons for the measure. `nothing` offers no measure as well. */
function measureSwitch(name, selected, select, nothing = false) {
  const options = Object.entries(MEASURES).map(([measure, { label }]) => [measure, t(label)]);
  if (nothing) options.push(["", t("no_colour")]);
  return radioGroup({ title: t("colour_areas"), name, options, selected }, select);
}

/** The legend of a measure's colours. */
function measureLegend(measure) {
  if (!measure || !areas.length) return null;
  const bar = h("span", { class: `ramp-bar ${measure}`, "aria-hidden": "true" });
  const ends =
    measure === "fill"
      ? [t("empty_end"), t("full_end")]
      : [percent(0, 0), t("of_the_stations", { share: percent(highest(measure), 0) })];
  return h(
    "span",
    { class: "ramp" },
    labelled(t("areas_by", { measure: t(MEASURES[measure].label) }), ""),
    ends[0],
    bar,
    ends[1],
  );
}
