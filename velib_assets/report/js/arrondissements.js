// kpi_saturation_par_arrondissement: Paris as a tile map, and every arrondissement and commune ranked.

/** Column and row of each arrondissement, 1 to 20: roughly where they lie, the Seine between rows 3 and 4. */
const TILES = {
  1: [1, 2], 2: [2, 2], 3: [3, 2], 4: [3, 3], 5: [3, 4], 6: [2, 3], 7: [1, 3], 8: [1, 1], 9: [2, 1], 10: [3, 1],
  11: [4, 2], 12: [4, 3], 13: [4, 4], 14: [2, 4], 15: [1, 4], 16: [0, 2], 17: [1, 0], 18: [2, 0], 19: [3, 0], 20: [4, 1],
};

/** What the tiles can be coloured by: a share of the arrondissement's stations, or its fill rate. */
const MEASURES = {
  fill: { words: "fill_rate", of: (row) => row.avg_fill_rate, text: (row) => percent(row.avg_fill_rate, 0) },
  short: { words: "short", of: (row) => row.shortage_count / row.station_count, text: (row) => number(row.shortage_count) },
  saturated: { words: "saturated", of: (row) => row.saturation_count / row.station_count, text: (row) => number(row.saturation_count) },
};

let measure = "fill";

function renderArrondissements() {
  const rows = kpiRows("kpi_saturation_par_arrondissement");
  const name = "kpi_saturation_par_arrondissement";
  const holder = h("div", { class: "tiles-holder" });
  const draw = () => {
    forgetCharts(holder);
    fill(holder, chart(() => tileSpec(rows, MEASURES[measure]), { label: t("tiles_label"), height: tileHeight() + 10 }));
  };
  if (rows.length) draw();
  return figure({
    id: name, title: t("arrondissements_title"), name,
    lead: rows.length ? arrondissementsLead(rows) : null,
    picture: rows.length ? h("div", { class: "side-by-side" },
      h("div", {}, measureSwitch(draw), holder),
      ranked(rows)) : null,
    exports: [name],
  });
}

function arrondissementsLead(rows) {
  const known = rows.filter((row) => row.avg_fill_rate !== null).sort((a, b) => a.avg_fill_rate - b.avg_fill_rate);
  if (!known.length) return null;
  const [low, high] = [known[0], known[known.length - 1]];
  return t("arrondissements_lead", {
    low: percent(low.avg_fill_rate), lowest: place(low.arrondissement),
    high: percent(high.avg_fill_rate), highest: place(high.arrondissement),
  });
}

function measureSwitch(draw) {
  return h("fieldset", { class: "choice" }, h("legend", {}, t("show_on_tiles")),
    Object.entries(MEASURES).map(([name, { words }]) => h("label", { class: "check" },
      h("input", { type: "radio", name: "measure", value: name, checked: name === measure, onchange: () => { measure = name; draw(); } }),
      t(words))));
}

/** In the view's own order: the most stations short or saturated first. */
function ranked(rows) {
  return table([
    { title: t("arrondissement"), row: true, cell: (row) => place(row.arrondissement) },
    { title: t("stations_count"), numeric: true, wide: true, cell: (row) => data(row.station_count, number(row.station_count)) },
    { title: t("fill_rate"), numeric: true, cell: (row) => data(row.avg_fill_rate, percent(row.avg_fill_rate)) },
    { title: t("short"), numeric: true, cell: (row) => data(row.shortage_count, number(row.shortage_count)) },
    { title: t("saturated"), numeric: true, cell: (row) => data(row.saturation_count, number(row.saturation_count)) },
  ], rows, { caption: t("arrondissements_title"), first: 12 });
}

function tileHeight() {
  return narrow() ? 300 : 420;
}

function tileSpec(rows, { of, text }) {
  const values = rows.flatMap((row) => {
    const number_ = Number((/^Paris (\d+)/.exec(row.arrondissement || "") || [])[1]);
    if (!TILES[number_]) return [];
    const [column, line] = TILES[number_];
    return [{ column, line, label: String(number_), value: of(row), text: text(row),
      tip: `${row.arrondissement}\n${t("fill_rate")}: ${percent(row.avg_fill_rate)}\n${t("short")}: ${number(row.shortage_count)}\n${t("saturated")}: ${number(row.saturation_count)}` }];
  });
  const fills = measure === "fill";
  const range = fills ? fillColours() : [colour("fill-50"), colour(measure)];
  const most = Math.max(0.05, ...values.map((tile) => tile.value));
  const dark = isDark();
  const strong = fills ? "(datum.value < 0.2 || datum.value > 0.8)" : `datum.value > ${most * 0.55}`;
  const ink = { condition: { test: strong, value: dark ? "#10151b" : "#ffffff" }, value: colour("ink") };
  const position = {
    x: { field: "column", type: "ordinal", axis: null, scale: { paddingInner: 0.06, paddingOuter: 0, domain: [0, 1, 2, 3, 4] } },
    y: { field: "line", type: "ordinal", axis: null, scale: { paddingInner: 0.06, paddingOuter: 0, domain: [0, 1, 2, 3, 4] } },
  };
  return {
    width: "container", height: tileHeight(), autosize: { type: "fit-x", contains: "padding" },
    data: { values },
    encoding: { ...position, tooltip: { field: "tip" } },
    layer: [
      { mark: { type: "rect", cornerRadius: 4, stroke: colour("line"), strokeWidth: 1 }, encoding: {
        color: { field: "value", type: "quantitative", legend: null,
          scale: fills ? { interpolate: "rgb", domain: [0, 0.25, 0.5, 0.75, 1], range } : { interpolate: "rgb", domain: [0, most], range } } } },
      { mark: { type: "text", fontSize: 12, dy: -10, opacity: 0.85 }, encoding: { text: { field: "label" }, color: ink } },
      { mark: { type: "text", fontSize: 16, fontWeight: 600, dy: 9 }, encoding: { text: { field: "text" }, color: ink } },
    ],
  };
}
