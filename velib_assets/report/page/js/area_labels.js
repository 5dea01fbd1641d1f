// Which areas have their name on a map at its scale: names never overlap, and stay in or near their area.

const LABEL_SIZES = [10, 16]; // pixels
const LINE_HEIGHT = 1.15;
const LABEL_OVERLAP = 1.35; // how much wider than the room in its area a name may be

const ruler = document.createElement("canvas").getContext("2d");

/** `12e` of `Paris 12e`, because 20 areas of Vélib's map need not all say Paris; other names are complete. */
function shortName(name) {
  const numbered = /^Paris (\d\S*)$/.exec(name);
  return numbered ? numbered[1] : name;
}

/**
 * The labels that fit on a map, as rows for Vega: the largest areas first.
 * @param {{centre: {x: number, y: number}, scale: number, width: number, height: number, covered: object[]}} map
 *   `covered` are the boxes of what lies over the map, in pixels
 * @param {(area: object) => string} [value] A second line, shown where it fits
 */
function areaLabels({ centre, scale, width, height, covered = [] }, value = null) {
  const taken = [...covered];
  const isFree = (box) =>
    taken.every(
      (other) =>
        box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom,
    );
  const labels = [];
  for (const area of [...areas].sort((a, b) => b.room - a.room)) {
    const room = area.room * scale;
    const [px, py] = [width / 2 + (area.x - centre.x) * scale, height / 2 - (area.y - centre.y) * scale];
    if (room < 6 || px < 0 || px > width || py < 0 || py > height) continue;
    const lines = [{ text: shortName(area.name), weight: "normal" }];
    if (value && room > LABEL_SIZES[0] * 1.4) lines.push({ text: value(area), weight: "bold" });
    const size = sizeThatFits(lines, room);
    if (!size) continue;
    const half = textWidth(lines, size) / 2;
    const rise = (lines.length * size * LINE_HEIGHT) / 2;
    const box = { left: px - half, right: px + half, top: py - rise, bottom: py + rise };
    if (box.left < 0 || box.right > width || box.top < 0 || box.bottom > height || !isFree(box)) continue;
    taken.push(box);
    lines.forEach((line, k) =>
      labels.push({ ...line, size, x: area.x, y: area.y, dy: (k - (lines.length - 1) / 2) * size * LINE_HEIGHT }),
    );
  }
  return labels;
}

/** The largest size at which the lines fit into the room, or null. */
function sizeThatFits(lines, room) {
  const [smallest, largest] = LABEL_SIZES;
  const wanted = Math.max(smallest, Math.min(largest, (room * 1.1) / (lines.length + 1)));
  const fitting = (wanted * 2 * room * LABEL_OVERLAP) / textWidth(lines, wanted);
  return fitting < smallest ? null : Math.min(wanted, fitting);
}

function textWidth(lines, size) {
  const family = getComputedStyle(document.body).fontFamily;
  return Math.max(
    ...lines.map(({ text, weight }) => {
      ruler.font = `${weight} ${size}px ${family}`;
      return ruler.measureText(text).width;
    }),
  );
}
