// The map: each station where it lies, drawn by Vega on a plane true to Paris's latitude.

const LATITUDE = 48.86;
const NARROWING = Math.cos((LATITUDE * Math.PI) / 180); // how much shorter a degree of longitude is

const map = { view: null, box: null, width: 0, height: 0, centre: null, scale: null, least: 0 };

function mapHeight() {
  return narrow() ? 380 : 560;
}

/** The map's element; `shownStations` and `chosen` are what the filters and the card say. */
function renderMap() {
  map.view = null;
  map.height = mapHeight();
  const label = t("map_label", { n: stations.length });
  map.box = chart(mapSpec, { label, height: map.height, onview: mapReady });
  const button = (words, sign, act) => h("button", { type: "button", "aria-label": words, title: words, onclick: act }, sign);
  return h("div", { class: "map" }, map.box, h("div", { class: "map-buttons" },
    button(t("zoom_in"), "+", () => zoomBy(1.6)),
    button(t("zoom_out"), "−", () => zoomBy(1 / 1.6)),
    button(t("whole"), "⤢", () => showWhole())));
}

function mapSpec() {
  map.width = map.box.clientWidth;
  aim(placed(stations));
  map.least = map.scale * 0.8;
  const signal = (text) => ({ signal: text });
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width: map.width, height: map.height, padding: 0, autosize: "none",
    signals: [
      { name: "x", value: map.centre.x }, { name: "y", value: map.centre.y }, { name: "k", value: map.scale },
      { name: "swell", update: `${Math.max(0.5, Math.min(1, map.width / 760))} * clamp(pow(k / ${map.least * 1.25}, 0.9), 0.8, 6)` },
    ],
    data: [
      { name: "others", values: mapRows(stations.filter((station) => !isShown(station))) },
      { name: "shown", values: mapRows(shownStations()) },
      { name: "chosen", values: mapRows(chosenStation() ? [chosenStation()] : []) },
    ],
    scales: [
      { name: "fill", type: "linear", domain: [0, 0.25, 0.5, 0.75, 1], range: fillColours(), clamp: true },
      { name: "east", type: "linear", domain: signal("[x - width / 2 / k, x + width / 2 / k]"), range: "width", zero: false },
      { name: "north", type: "linear", domain: signal("[y - height / 2 / k, y + height / 2 / k]"), range: "height", zero: false },
    ],
    marks: [
      { type: "symbol", from: { data: "others" }, clip: true, interactive: false, encode: { update: {
        x: { scale: "east", field: "x" }, y: { scale: "north", field: "y" }, size: { value: 5 },
        fill: { value: colour("quiet") }, opacity: { value: 0.35 } } } },
      { type: "symbol", from: { data: "shown" }, clip: true, encode: { update: {
        x: { scale: "east", field: "x" }, y: { scale: "north", field: "y" }, shape: { field: "shape" },
        size: signal("datum.area * swell"), tooltip: { field: "tip" }, cursor: { value: "pointer" },
        fill: [
          { test: "datum.state === 'unknown'", value: "transparent" },
          { test: "datum.state === 'stale' || datum.state === 'closed'", value: colour("stale") },
          { test: "datum.state === 'short'", value: colour("short") },
          { test: "datum.state === 'saturated'", value: colour("saturated") },
          { scale: "fill", field: "fill_rate" }],
        stroke: { value: colour("outline") }, strokeWidth: { value: 0.6 }, opacity: { value: 0.95 } } } },
      { type: "symbol", from: { data: "chosen" }, clip: true, interactive: false, encode: { update: {
        x: { scale: "east", field: "x" }, y: { scale: "north", field: "y" }, shape: { value: "circle" },
        size: signal("max(260, datum.area * swell * 3)"), fill: { value: "transparent" },
        stroke: { value: colour("accent") }, strokeWidth: { value: 3 } } } },
    ],
  };
}

/** Stations as the map draws them: those whose place is known, the states to look at last, so on top. */
function mapRows(some) {
  const order = (station) => STATES.indexOf(station.state);
  return placed(some).sort((a, b) => order(a) - order(b) || (b.capacity || 0) - (a.capacity || 0)).map((station) => ({
    id: station.id, state: station.state, fill_rate: station.fill_rate, x: station.lon * NARROWING, y: station.lat,
    area: (14 + 1.3 * Math.min(station.capacity || 0, 80)) * (station.state === "ok" ? 1 : 1.15),
    shape: SHAPES[station.state],
    tip: `${station.name === null ? station.id : station.name}\n${t(`state_${station.state}`)} · ${percent(station.fill_rate, 0)}\n${t("bikes")} ${number(station.bikes)} · ${t("ebikes")} ${number(station.ebikes)} · ${t("docks")} ${number(station.docks)}`,
  }));
}

function placed(some) {
  return some.filter((station) => station.lat !== null && station.lon !== null);
}

/** Set centre and scale so that these stations fill the map. A few far ones do not shrink it. */
function aim(some) {
  const sorted = (values) => values.sort((a, b) => a - b);
  const xs = sorted(some.map((station) => station.lon * NARROWING));
  const ys = sorted(some.map((station) => station.lat));
  const at = (values, share) => values[Math.round(share * (values.length - 1))];
  const cut = some.length > 200 ? 0.004 : 0;
  const box = some.length ? [at(xs, cut), at(xs, 1 - cut), at(ys, cut), at(ys, 1 - cut)] : [1.53, 1.57, 48.82, 48.9];
  const room = 1.06;
  map.centre = { x: (box[0] + box[1]) / 2, y: (box[2] + box[3]) / 2 };
  map.scale = Math.min(
    map.width / Math.max((box[1] - box[0]) * room, 0.006), map.height / Math.max((box[3] - box[2]) * room, 0.006));
}

function mapReady(view) {
  map.view = view;
  const canvas = map.box.querySelector("canvas");
  let from = null;
  canvas.addEventListener("pointerdown", (event) => {
    from = { x: event.clientX, y: event.clientY, centre: { ...map.centre }, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from || !(event.buttons & 1)) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.moved && Math.hypot(dx, dy) < 6) return;
    from.moved = true;
    map.centre = { x: from.centre.x - dx / map.scale, y: from.centre.y + dy / map.scale };
    moveMap();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (from && !from.moved) pickNear(event.offsetX, event.offsetY);
    from = null;
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // else the page scrolls
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2);
  }, { passive: false });
}

/** Open the card of the shown station nearest to a point of the map, if one is near. */
function pickNear(px, py) {
  let best = null;
  let least = 18;
  for (const station of placed(shownStations())) {
    const x = map.width / 2 + (station.lon * NARROWING - map.centre.x) * map.scale;
    const y = map.height / 2 - (station.lat - map.centre.y) * map.scale;
    const distance = Math.hypot(x - px, y - py);
    if (distance < least) [best, least] = [station, distance];
  }
  if (best) openCard(best.id, false);
}

function zoomBy(factor) {
  if (!map.view) return;
  map.scale = Math.max(map.least, Math.min(map.scale * factor, map.least * 60));
  moveMap();
}

function showWhole() {
  aim(placed(stations));
  moveMap();
}

function moveMap() {
  if (!map.view) return;
  map.view.signal("x", map.centre.x).signal("y", map.centre.y).signal("k", map.scale).run();
}

/** After a filter or another choice of station. `refit` aims at what is shown. */
function updateMap({ refit = false } = {}) {
  if (!map.view) return;
  const chosen = chosenStation();
  map.view.data("others", mapRows(stations.filter((station) => !isShown(station))));
  map.view.data("shown", mapRows(shownStations()));
  map.view.data("chosen", mapRows(chosen ? [chosen] : []));
  if (refit) aim(placed(shownStations().length ? shownStations() : stations));
  moveMap();
}

/** Bring the chosen station into the map's frame. */
function centreOn(station) {
  if (!map.view || station.lat === null || station.lon === null) return;
  const x = Math.abs(station.lon * NARROWING - map.centre.x) * map.scale;
  const y = Math.abs(station.lat - map.centre.y) * map.scale;
  if (x > map.width / 2 - 20 || y > map.height / 2 - 20) map.centre = { x: station.lon * NARROWING, y: station.lat };
}

/** The map's frame follows the page's width. */
function resizeMap() {
  if (!map.view || map.box.clientWidth === map.width) return;
  map.width = map.box.clientWidth;
  map.view.width(map.width).run();
}
