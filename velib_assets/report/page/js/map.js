// The station map: Vega draws each station at its position, above the areas.

const map = {
  view: null,
  box: null,
  width: 0,
  height: 0,
  centre: null,
  scale: null,
  minScale: 0,
  measure: hasAreas ? Object.keys(MEASURES)[0] : "",
};

const SAMPLE = 200; // stations that are compared with all others
const CROWDED = 6; // pixels between stations, and fewer, at which symbols have their usual size
const LARGEST = 3.5;
const TYPICAL_CAPACITY = 25; // of stations in a network that gives no capacities

function mapHeight() {
  return narrow() ? 380 : 560;
}

/** Create the map with its zoom buttons. */
function renderMap() {
  map.view = null;
  map.height = mapHeight();
  const label = t("map_label", { n: stations.length });
  map.box = chart(mapSpec, { label, height: map.height, onview: mapReady });
  const button = (label, sign, act) =>
    h("button", { type: "button", "aria-label": label, title: label, onclick: act }, sign);
  return h(
    "div",
    { class: "map", role: "group", tabindex: "0", "aria-label": t("map_keys"), onkeydown: moveByKey },
    map.box,
    h(
      "div",
      { class: "map-buttons" },
      button(t("zoom_in"), "+", () => zoomBy(1.6)),
      button(t("zoom_out"), "−", () => zoomBy(1 / 1.6)),
      button(t("whole"), "⤢", () => showAll()),
    ),
  );
}

/** Take over the width of the page, and where the buttons cover the map. */
function setMapWidth() {
  map.width = map.box.clientWidth;
  map.covered = [{ left: map.width - 58, right: map.width, top: 0, bottom: 145 }];
}

function mapSpec() {
  setMapWidth();
  fitTo(located(stations));
  map.minScale = map.scale * 0.8;
  const { signals, scales, ...rest } = projection(map);
  const signal = (text) => ({ signal: text });
  return {
    ...rest,
    signals: [
      ...signals,
      {
        name: "growth",
        update: `${Math.max(0.5, Math.min(1, map.width / 760)) * roominess()} * clamp(pow(k / ${map.minScale * 1.25}, 0.9), 0.8, 6)`,
      },
    ],
    data: [
      { name: "areas", values: areaValues(map.measure) },
      { name: "others", values: mapRows(stations.filter((station) => !isShown(station))) },
      { name: "shown", values: mapRows(shownStations()) },
      { name: "chosen", values: mapRows(chosenStation() ? [chosenStation()] : []) },
      { name: "labels", values: areaLabels(map) },
    ],
    scales: [
      ...scales,
      { name: "fill", type: "linear", domain: [0, 0.25, 0.5, 0.75, 1], range: fillColours(), clamp: true },
    ],
    marks: [
      areaMarks(0.5),
      {
        type: "symbol",
        from: { data: "others" },
        clip: true,
        interactive: false,
        encode: {
          update: {
            x: { scale: "east", field: "x" },
            y: { scale: "north", field: "y" },
            size: { value: 5 },
            fill: { value: colour("quiet") },
            opacity: { value: 0.35 },
          },
        },
      },
      {
        type: "symbol",
        from: { data: "shown" },
        clip: true,
        encode: {
          update: {
            x: { scale: "east", field: "x" },
            y: { scale: "north", field: "y" },
            shape: { field: "shape" },
            size: signal("datum.area * growth"),
            tooltip: { field: "tip" },
            cursor: { value: "pointer" },
            fill: [
              { test: "datum.state === 'unknown'", value: "transparent" },
              { test: "datum.state === 'stale' || datum.state === 'closed'", value: colour("stale") },
              { test: "datum.state === 'short'", value: colour("short") },
              { test: "datum.state === 'saturated'", value: colour("saturated") },
              { test: "!isValid(datum.fill_rate)", value: colour("accent") },
              { scale: "fill", field: "fill_rate" },
            ],
            stroke: { value: colour("outline") },
            strokeWidth: { value: 0.6 },
            opacity: { value: 0.95 },
          },
        },
      },
      {
        type: "symbol",
        from: { data: "chosen" },
        clip: true,
        interactive: false,
        encode: {
          update: {
            x: { scale: "east", field: "x" },
            y: { scale: "north", field: "y" },
            shape: { value: "circle" },
            size: signal("max(260, datum.area * growth * 3)"),
            fill: { value: "transparent" },
            stroke: { value: colour("accent") },
            strokeWidth: { value: 3 },
          },
        },
      },
      ...labelMarks(),
    ],
  };
}

/** How much larger the symbols are where stations are far apart: by the pixels to the nearest other station. */
function roominess() {
  if (IS_VELIB) return 1;
  const places = located(stations).map(({ lon, lat }) => ({ x: lon * LON_SCALE, y: lat }));
  const sample = places.filter((_, k) => k % Math.ceil(places.length / SAMPLE) === 0);
  const nearest = sample.map((place) => {
    const distances = places.map((other) => Math.hypot(other.x - place.x, other.y - place.y));
    return Math.min(...distances.filter((distance) => distance > 0));
  });
  const pixels = (middle(nearest.filter(Number.isFinite)) ?? Infinity) * map.scale;
  return Math.max(1, Math.min(LARGEST, pixels / CROWDED));
}

/** Colour the areas by another measure; empty for none. */
function colourMap(measure, legend) {
  map.measure = measure;
  setChildren(legend, mapLegend());
  if (map.view) map.view.data("areas", areaValues(measure)).run();
}

/** Convert located stations to the map's rows. The states that need attention come last, so they are on top. */
function mapRows(subset) {
  const order = (station) => STATES.indexOf(station.state);
  return located(subset)
    .sort((a, b) => order(a) - order(b) || (b.capacity || 0) - (a.capacity || 0))
    .map((station) => ({
      id: station.id,
      state: station.state,
      fill_rate: station.fill_rate,
      x: station.lon * LON_SCALE,
      y: station.lat,
      area: (14 + 1.3 * Math.min(station.capacity || (known.capacity ? 0 : TYPICAL_CAPACITY), 80)) * (station.state === "ok" ? 1 : 1.15),
      shape: SHAPES[station.state],
      tip: stationTip(station),
    }));
}

function stationTip(station) {
  const state = [t(`state_${station.state}`), known.fill_rate && percent(station.fill_rate, 0)];
  const counts = ["bikes", "ebikes", "docks"]
    .filter((field) => known[field])
    .map((field) => `${t(field)} ${number(station[field])}`);
  return [stationName(station), state.filter(Boolean).join(" · "), counts.join(" · ")].join("\n");
}

/** Redraw after a change of filters or selection. With `refit`, zoom to the matching stations. */
function updateMap({ refit = false } = {}) {
  if (!map.view) return;
  const chosen = chosenStation();
  map.view.data("others", mapRows(stations.filter((station) => !isShown(station))));
  map.view.data("shown", mapRows(shownStations()));
  map.view.data("chosen", mapRows(chosen ? [chosen] : []));
  if (refit) fitTo(located(shownStations().length ? shownStations() : stations));
  updateView();
}
