// Interaction with the map: zooming, dragging, and opening the station under the pointer.

const CLICK_RADIUS = 6; // pixels that a click may move
/** Set centre and scale so that these stations fill the map, ignoring a few remote ones. */
function fitTo(subset) {
  Object.assign(map, fit(subset, map.width, map.height));
}

/** The fingers or the mouse on the map: pointer id to the last position. */
const pointers = new Map();

let moved = 0; // how far the pointers have moved since the first one came, in pixels

function mapReady(view) {
  map.view = view;
  pointers.clear();
  const canvas = map.box.querySelector("canvas");
  const place = (event) => ({ x: event.offsetX, y: event.offsetY });
  canvas.addEventListener("pointerdown", (event) => {
    if (!pointers.size) moved = 0;
    pointers.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pointers.has(event.pointerId)) movePointer(event.pointerId, place(event));
  });
  canvas.addEventListener("pointerup", (event) => {
    if (pointers.size === 1 && moved < CLICK_RADIUS) openNearest(event.offsetX, event.offsetY);
    pointers.delete(event.pointerId);
  });
  canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  const active = { passive: false };
  canvas.addEventListener("touchstart", keepTwoFingers, active);
  canvas.addEventListener("touchmove", keepTwoFingers, active);
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return; // let the page scroll; browsers report a pinch on a touchpad with ctrlKey
      event.preventDefault();
      zoomBy(Math.exp(-Math.max(-25, Math.min(25, event.deltaY)) / 100), place(event));
    },
    active,
  );
}

/** Keep the page from scrolling under two fingers. One finger scrolls the page, as `touch-action` says. */
function keepTwoFingers(event) {
  if (event.touches.length > 1) event.preventDefault();
}

/** Move the map with a pointer. Two fingers also zoom: the places under them stay under them. */
function movePointer(id, to) {
  const from = pointers.get(id);
  moved += Math.hypot(to.x - from.x, to.y - from.y);
  if (pointers.size === 1 && moved < CLICK_RADIUS) return;
  const other = [...pointers].find(([key]) => key !== id)?.[1];
  pointers.set(id, to);
  if (pointers.size > 2) return;
  const share = other ? 0.5 : 1; // of two fingers, each moves the middle by half its way
  map.centre.x -= (share * (to.x - from.x)) / map.scale;
  map.centre.y += (share * (to.y - from.y)) / map.scale;
  if (!other) {
    updateView();
    return;
  }
  const spread = (point) => Math.max(10, Math.hypot(point.x - other.x, point.y - other.y));
  zoomBy(spread(to) / spread(from), { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 });
}

const KEYS = {
  ArrowLeft: () => panBy(-1, 0),
  ArrowRight: () => panBy(1, 0),
  ArrowUp: () => panBy(0, 1),
  ArrowDown: () => panBy(0, -1),
  "+": () => zoomBy(1.6),
  "=": () => zoomBy(1.6),
  "-": () => zoomBy(1 / 1.6),
  0: () => showAll(),
};

/** Move and zoom the focused map by keyboard. */
function moveByKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}

/** Move the map by a fifth of its width. */
function panBy(east, north) {
  if (!map.view) return;
  const step = map.width / 5 / map.scale;
  map.centre = { x: map.centre.x + east * step, y: map.centre.y + north * step };
  updateView();
}

/** Open the card of the nearest matching station within 18 pixels of a point; announce it. */
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

/** Zoom; the place at `at` (pixels; by default the middle) stays where it is. */
function zoomBy(factor, at = { x: map.width / 2, y: map.height / 2 }) {
  if (!map.view) return;
  const scale = Math.max(map.minScale, Math.min(map.scale * factor, map.minScale * 60));
  const shift = 1 / map.scale - 1 / scale;
  map.centre.x += (at.x - map.width / 2) * shift;
  map.centre.y -= (at.y - map.height / 2) * shift;
  map.scale = scale;
  updateView();
}

function showAll() {
  fitTo(located(stations));
  updateView();
}

function updateView() {
  if (!map.view) return;
  map.view
    .signal("x", map.centre.x)
    .signal("y", map.centre.y)
    .signal("k", map.scale)
    .data("labels", areaLabels(map))
    .run();
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
  setMapWidth();
  map.view.width(map.width);
  updateView();
}
