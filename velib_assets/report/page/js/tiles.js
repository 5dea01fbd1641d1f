// Paris as a tile map: twenty tiles, coloured by what the reader chooses.

/** The arrondissements, roughly where they lie; 0 is no tile. The Seine runs below the third line. */
const TILES = [
  [0, 17, 18, 19, 0],
  [0, 8, 9, 10, 20],
  [16, 1, 2, 3, 11],
  [0, 7, 6, 4, 12],
  [0, 15, 14, 5, 13],
];

/** What the tiles can be coloured by: a share of the arrondissement's stations, or its fill rate. */
const MEASURES = {
  fill: { words: "fill_rate", of: (row) => row.avg_fill_rate, text: (row) => percent(row.avg_fill_rate, 0) },
  short: {
    words: "short",
    of: (row) => row.shortage_count / row.station_count,
    text: (row) => number(row.shortage_count),
  },
  saturated: {
    words: "saturated",
    of: (row) => row.saturation_count / row.station_count,
    text: (row) => number(row.saturation_count),
  },
};

let measure = "fill";

function measureSwitch(draw) {
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, t("show_on_tiles")),
    Object.entries(MEASURES).map(([name, { words }]) =>
      h(
        "label",
        { class: "check" },
        h("input", {
          type: "radio",
          name: "measure",
          value: name,
          checked: name === measure,
          onchange: () => {
            measure = name;
            draw();
          },
        }),
        t(words),
      ),
    ),
  );
}

/** A row's tile, in a list; none for a commune outside Paris. */
function tile(row, shade, text) {
  const arrondissement = /^Paris (\d+)/.exec(row.arrondissement ?? "");
  const district = arrondissement ? Number(arrondissement[1]) : -1;
  const line = TILES.findIndex((numbers) => numbers.includes(district));
  if (line < 0) return [];
  const tip = [
    row.arrondissement,
    `${t("fill_rate")}: ${percent(row.avg_fill_rate)}`,
    `${t("short")}: ${number(row.shortage_count)}`,
    `${t("saturated")}: ${number(row.saturation_count)}`,
  ].join("\n");
  const [column, label] = [TILES[line].indexOf(district), String(district)];
  return [{ line, column, label, text, tip, shade, ink: inkOn(shade) }];
}

function tileHeight() {
  return narrow() ? 300 : 420;
}

function tileSpec(rows, { of, text }) {
  const most = Math.max(0.05, ...rows.map(of));
  const shadeOf = (value) =>
    measure === "fill"
      ? onRamp(fillColours(), value)
      : onRamp([colour("fill-50"), colour(measure)], value / most);
  const values = rows.flatMap((row) => tile(row, shadeOf(of(row)), text(row)));
  const given = (field) => ({ field, type: "nominal", scale: null });
  const lined = (field) => ({
    field,
    type: "ordinal",
    axis: null,
    scale: { paddingInner: 0.06, paddingOuter: 0, domain: [0, 1, 2, 3, 4] },
  });
  return {
    ...fitted(tileHeight()),
    data: { values },
    encoding: { x: lined("column"), y: lined("line"), tooltip: { field: "tip" } },
    layer: [
      {
        mark: { type: "rect", cornerRadius: 4, stroke: colour("line"), strokeWidth: 1 },
        encoding: { color: given("shade") },
      },
      {
        mark: { type: "text", fontSize: 12, dy: -10 },
        encoding: { text: { field: "label" }, color: given("ink") },
      },
      {
        mark: { type: "text", fontSize: 16, fontWeight: 600, dy: 9 },
        encoding: { text: { field: "text" }, color: given("ink") },
      },
    ],
  };
}
