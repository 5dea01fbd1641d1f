// The maps' flat projection, scaled for the network's latitude, and the positions in it.

/** Stations with a position. */
function located(subset) {
  return subset.filter((station) => station.lat !== null && station.lon !== null);
}

const LATITUDE = middle(located(stations).map((station) => station.lat)) ?? 48.86;
const LON_SCALE = Math.cos((LATITUDE * Math.PI) / 180); // length of a degree of longitude, relative to latitude

const MOST_REMOTE = 0.05; // of the stations

/** The middle one of some numbers in order of size, or undefined. */
function middle(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/**
 * The places that are not remote: at most ten times as far from the middle as half of them are. More than a few
 * remote places are another part of the network, so none is left out.
 */
function central(places) {
  const [x, y] = [middle(places.map((place) => place.x)), middle(places.map((place) => place.y))];
  const distances = places.map((place) => Math.hypot(place.x - x, place.y - y));
  const furthest = 10 * middle(distances) || Infinity;
  const near = places.filter((_, k) => distances[k] <= furthest);
  return places.length - near.length > Math.max(1, MOST_REMOTE * places.length) ? places : near;
}

/**
 * Centre and scale (pixels per degree of latitude) with which these positions fill a map, ignoring a few remote ones.
 * @param {{lon: number, lat: number}[]} positions
 */
function fit(positions, width, height) {
  const places = central(positions.map(({ lon, lat }) => ({ x: lon * LON_SCALE, y: lat })));
  const sorted = (values) => values.sort((a, b) => a - b);
  const xs = sorted(places.map((place) => place.x));
  const ys = sorted(places.map((place) => place.y));
  const at = (values, share) => values[Math.round(share * (values.length - 1))];
  const cut = places.length > 200 ? 0.004 : 0;
  const box = places.length
    ? [at(xs, cut), at(xs, 1 - cut), at(ys, cut), at(ys, 1 - cut)]
    : [1.53, 1.57, 48.82, 48.9];
  const room = 1.06;
  return {
    centre: { x: (box[0] + box[1]) / 2, y: (box[2] + box[3]) / 2 },
    scale: Math.min(
      width / Math.max((box[1] - box[0]) * room, 0.006),
      height / Math.max((box[3] - box[2]) * room, 0.006),
    ),
  };
}

/** Vega's signals and scales for a map: `x` and `y` are its centre, `k` its scale. */
function projection({ width, height, centre, scale }) {
  const range = (name, centre, size) => ({
    name,
    type: "linear",
    domain: { signal: `[${centre} - ${size} / 2 / k, ${centre} + ${size} / 2 / k]` },
    range: size,
    zero: false,
  });
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width,
    height,
    padding: 0,
    autosize: "none",
    signals: [
      { name: "x", value: centre.x },
      { name: "y", value: centre.y },
      { name: "k", value: scale },
    ],
    scales: [range("east", "x", "width"), range("north", "y", "height")],
  };
}
