// Interaction with the map: zooming, dragging, and opening the station under the pointer.

function located(subset) {
  return subset.filter((station) => station.lat !== null && station.lon !== null);
}

/** Set centre and scale so that these stations fill the map, ignoring a few remote ones. */
function fitTo(subset) {
  const sorted = (values) => values.sort((a, b) => a - b);
  const xs = sorted(subset.map((station) => station.lon * LON_SCALE));
  const ys = sorted(subset.map((station) => station.lat));
  const at = (values, share) => values[Math.round(share * (values.length - 1))];
  const cut = subset.length > 200 ? 0.004 : 0;
  const box = subset.length
    ? [at(xs, cut), at(xs, 1 - cut), at(ys, cut), at(ys, 1 - cut)]
    : [1.53, 1.57, 48.82, 48.9];
  const room = 1.06;
  map.centre = { x: (box[0] + box[1]) / 2, y: (box[2] + box[3]) / 2 };
  map.scale = Math.min(
    map.width / Math.max((box[1] - box[0]) * room, 0.006),
    map.height / Math.max((box[3] - box[2]) * room, 0.006),
  );
}

function mapReady(view) {
  map.view = view;
  const canvas = map.box.querySelector("canvas");
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, centre: { ...map.centre }, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag || !(event.buttons & 1)) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 6) return;
    drag.moved = true;
    map.centre = { x: drag.centre.x - dx / map.scale, y: drag.centre.y + dy / map.scale };
    updateView();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) openNearest(event.offsetX, event.offsetY);
    drag = null;
  });
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return; // let the page scroll
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2);
    },
    { passive: false },
  );
}

/** Open the card of the nearest matching station within 18 pixels of a point. */
function openNearest(px, py) {
  let nearest = null;
  let limit = 18;
  for (const station of located(shownStations())) {
    const x = map.width / 2 + (station.lon * LON_SCALE - map.centre.x) * map.scale;
    const y = map.height / 2 - (station.lat - map.centre.y) * map.scale;
    const distance = Math.hypot(x - px, y - py);
    if (distance < limit) [nearest, limit] = [station, distance];
  }
  if (nearest) openCard(nearest.id, false);
}

function zoomBy(factor) {
  if (!map.view) return;
  map.scale = Math.max(map.minScale, Math.min(map.scale * factor, map.minScale * 60));
  updateView();
}

function showAll() {
  fitTo(located(stations));
  updateView();
}

function updateView() {
  if (!map.view) return;
  map.view.signal("x", map.centre.x).signal("y", map.centre.y).signal("k", map.scale).run();
}

/** Centre the map on a station if it is outside the visible part. */
function centreOn(station) {
  if (!map.view || station.lat === null || station.lon === null) return;
  const x = Math.abs(station.lon * LON_SCALE - map.centre.x) * map.scale;
  const y = Math.abs(station.lat - map.centre.y) * map.scale;
  if (x > map.width / 2 - 20 || y > map.height / 2 - 20)
    map.centre = { x: station.lon * LON_SCALE, y: station.lat };
}

/** Resize the map with the page. */
function resizeMap() {
  if (!map.view || map.box.clientWidth === map.width) return;
  map.width = map.box.clientWidth;
  map.view.width(map.width).run();
}
