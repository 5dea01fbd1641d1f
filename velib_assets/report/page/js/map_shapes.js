// The map's symbols and their legend. Each state has its own shape, so colour is never the only cue.

/** Paths in a square of -1..1, for Vega and for the legend. */
const SHAPES = {
  ok: "M-.9,0A.9,.9,0,1,1,.9,0A.9,.9,0,1,1,-.9,0Z",
  unknown: "M-.9,0A.9,.9,0,1,1,.9,0A.9,.9,0,1,1,-.9,0Z",
  short: "M-1.15,-.9L1.15,-.9L0,1.2Z",
  saturated: "M-1,-1L1,-1L1,1L-1,1Z",
  stale: "M0,-1.3L1.3,0L0,1.3L-1.3,0Z",
  closed: "M-1,-.55L-.55,-1L0,-.45L.55,-1L1,-.55L.45,0L1,.55L.55,1L0,.45L-.55,1L-1,.55L-.45,0Z",
};

const STATES = ["ok", "unknown", "closed", "stale", "saturated", "short"]; // drawn in this order

SHAPES.unrated = SHAPES.ok; // in operation, with an unknown fill rate

/** A state's symbol as an icon. */
function shapeIcon(state) {
  return svg(
    "svg",
    { viewBox: "-1.6 -1.6 3.2 3.2", class: `shape ${state}`, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: SHAPES[state] }),
  );
}

function mapLegend() {
  const here = new Set(stations.map((station) => station.state));
  const unrated = stations.some((station) => station.state === "ok" && station.fill_rate === null);
  return h(
    "div",
    { class: "legend" },
    known.fill_rate &&
      h(
        "span",
        { class: "ramp" },
        labelled(t("stations_count"), ""),
        t("empty_end"),
        h("span", { class: "ramp-bar", "aria-hidden": "true" }),
        t("full_end"),
      ),
    unrated && h("span", { class: "legend-state" }, shapeIcon("unrated"), t("fill_unknown")),
    STATES.filter((state) => state !== "ok" && here.has(state))
      .reverse()
      .map((state) => h("span", { class: "legend-state" }, shapeIcon(state), t(`state_${state}`))),
    known.capacity && h("span", { class: "quiet" }, t("size_is")),
    measureLegend(map.measure),
  );
}
