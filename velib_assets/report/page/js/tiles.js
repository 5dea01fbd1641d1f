// A tile map of Paris's twenty arrondissements, coloured by the selected measure.

/** The arrondissements in their approximate positions; 0 is an empty cell. */
const TILES = [
  [0, 17, 18, 19, 0],
  [0, 8, 9, 10, 20],
  [16, 1, 2, 3, 11],
  [0, 7, 6, 4, 12],
  [0, 15, 14, 5, 13],
];

/** The measures that can colour the tiles: the fill rate, or a share of the arrondissement's stations. */
const MEASURES = {
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
};

let measure = "fill";

function measureSwitch(draw) {
  const options = Object.entries(MEASURES).map(([name, { label }]) => [name, t(label)]);
  return radioGroup({ title: t("show_on_tiles"), name: "measure", options, selected: measure }, (name) => {
    measure = name;
    draw();
  });
}

/** The row's tile as a list; empty for communes outside Paris. */
function tile(row, color, text) {
  const arrondissement = /^Paris (\d+)/.exec(row.arrondissement ?? "");
  const district = arrondissement ? Number(arrondissement[1]) : -1;
  const line = TILES.findIndex((numbers) => numbers.includes(district));
  if (line < 0) return [];
  const tip = [
    row.arrondissement,
    labelled(t("fill_rate"), percent(row.avg_fill_rate)),
    labelled(t("short"), number(row.shortage_count)),
    labelled(t("saturated"), number(row.saturation_count)),
  ].join("\n");
  const [column, label] = [TILES[line].indexOf(district), String(district)];
  return [{ line, column, label, text, tip, color, ink: textColourOn(color) }];
}

function tileHeight() {
  return narrow() ? 300 : 420;
}

function tileSpec(rows, { of, text }) {
  const highest = Math.max(0.05, ...rows.map(of));
  const colourOf = (value) =>
    measure === "fill"
      ? rampColour(fillColours(), value)
      : rampColour([colour("fill-50"), colour(measure)], value / highest);
  const values = rows.flatMap((row) => tile(row, colourOf(of(row)), text(row)));
  const direct = (field) => ({ field, type: "nominal", scale: null });
  const gridPosition = (field) => ({
    field,
    type: "ordinal",
    axis: null,
    scale: { paddingInner: 0.06, paddingOuter: 0, domain: [0, 1, 2, 3, 4] },
  });
  return {
    ...fitWidth(tileHeight()),
    data: { values },
    encoding: { x: gridPosition("column"), y: gridPosition("line"), tooltip: { field: "tip" } },
    layer: [
      {
        mark: { type: "rect", cornerRadius: 4, stroke: colour("line"), strokeWidth: 1 },
        encoding: { color: direct("color") },
      },
      {
        mark: { type: "text", fontSize: 12, dy: -10 },
        encoding: { text: { field: "label" }, color: direct("ink") },
      },
      {
        mark: { type: "text", fontSize: 16, fontWeight: 600, dy: 9 },
        encoding: { text: { field: "text" }, color: direct("ink") },
      },
    ],
  };
}
