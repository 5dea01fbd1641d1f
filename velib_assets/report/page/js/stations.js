// The section "Now": totals, map, filters, and the list of stations, which makes the map usable by keyboard.

const FIRST_STATIONS = 40;

function renderNow() {
  const list = h("div", { id: "station-list" });
  const changed = (refit) => {
    renderList(list);
    updateMap({ refit });
  };
  renderList(list);
  const card = h("aside", { id: "card", "aria-label": t("station") });
  renderCard(card);
  return [
    h("h2", { id: "now-title" }, t("now_title")),
    stations.length || report.totals.now ? renderTotals() : h("p", { class: "quiet" }, t("no_data")),
    stations.length > 0 &&
      h(
        "article",
        { class: "figure", id: "map", "aria-labelledby": "map-title" },
        h("h3", { id: "map-title" }, t("map")),
        renderFilters(changed),
        h(
          "div",
          { class: "finder" },
          h("div", { class: "finder-map" }, mapParts()),
          h("div", { class: "finder-side" }, announcement, card, list),
        ),
        h("div", { class: "below" }, downloads(["stations", "station_history"])),
      ),
  ];
}

/** The map with its legend and switch, and how many stations it lacks. */
function mapParts() {
  const missing = stations.length - located(stations).length;
  if (missing === stations.length) return h("p", { class: "quiet" }, t("no_positions"));
  const legend = h("div", {}, mapLegend());
  return [
    renderMap(),
    h("p", { class: "quiet touch-only" }, t("two_fingers")),
    legend,
    areaSwitch(legend),
    missing > 0 && h("p", { class: "quiet" }, phrase("no_position", { n: missing })),
  ];
}

/** The switch of the areas' colours, if there are areas. */
function areaSwitch(legend) {
  if (!hasAreaMap()) return null;
  return measureSwitch("map-measure", map.measure, (name) => colourMap(name, legend), true);
}

/** List the matching stations; each is a button that opens its card. */
function renderList(list) {
  const shown = shownStations();
  setChildren(
    list,
    h(
      "p",
      { class: "found", role: "status" },
      shown.length ? t("found", { n: shown.length, all: stations.length }) : t("no_station"),
    ),
    shown.length > 0 &&
      table(
        [
          {
            title: t("station"),
            row: true,
            cell: (entry) =>
              withIcon(entry.state, t(`state_${entry.state}`), stationButton(entry.id, entry.name)),
          },
          ...knownCounts("bikes", "docks"),
        ],
        shown,
        { caption: t("map"), first: FIRST_STATIONS },
      ),
  );
}
