// A station's card: its current numbers and its last 24 hours.

/** Tells screen readers which card was opened by a pointer. */
const announcement = h("p", { id: "announcement", class: "visually-hidden", role: "status" });

let returnFocus = null; // the element that gets the focus back when the card closes

/**
 * Open a station's card. With `focus` (from the list or the keyboard), move the focus to it. Otherwise the focus stays
 * on the map, and the card is announced.
 */
function openCard(id, focus) {
  returnFocus = focus ? document.activeElement : null;
  filters.chosen = id;
  renderCard();
  centreOn(stationById.get(id));
  updateMap();
  const card = document.getElementById("card");
  if (focus) card.querySelector("h4").focus({ preventScroll: true });
  announcement.textContent = focus ? "" : cardSummary(stationById.get(id));
  const { top, bottom } = card.getBoundingClientRect();
  if (focus || top < 0 || bottom > innerHeight) card.scrollIntoView({ block: "nearest" });
}

function cardSummary(station) {
  return [
    [stationName(station), hasAreas && areaName(station.arrondissement)].filter(Boolean).join(", "),
    t(`state_${station.state}`),
    ...["bikes", "ebikes", "docks"].filter((field) => known[field]).map((field) => labelled(t(field), number(station[field]))),
  ].join(". ");
}

function closeCard() {
  filters.chosen = null;
  announcement.textContent = "";
  renderCard();
  updateMap();
  const back = returnFocus && returnFocus.isConnected ? returnFocus : document.getElementById("search");
  back.focus();
}

function renderCard(card = document.getElementById("card")) {
  const station = chosenStation();
  removeCharts(card);
  if (!station) {
    setChildren(card, h("p", { class: "pick quiet" }, t("pick")));
    return;
  }
  const item = (field, format = number) =>
    h(
      "div",
      {},
      h("dt", {}, t(field)),
      h("dd", { class: `card-${field}` }, dataElement(station[field], format(station[field]))),
    );
  setChildren(
    card,
    h(
      "div",
      {
        class: "card",
        "data-card": station.id,
        onkeydown: (event) => {
          if (event.key === "Escape") closeCard();
        },
      },
      h(
        "div",
        { class: "card-head" },
        h("h4", { tabindex: "-1", dir: "auto" }, stationName(station)),
        h("button", { type: "button", class: "close", "aria-label": t("close"), onclick: closeCard }, "×"),
      ),
      h("p", { class: "quiet" }, hasAreas && [areaElement(station.arrondissement), " · "], h("bdi", {}, station.id)),
      h(
        "p",
        { class: "card-state" },
        shapeIcon(station.state),
        " ",
        t(`state_${station.state}`),
        station.is_virtual && ` · ${t("virtual")}`,
        station.state !== "closed" && station.is_renting === false && ` · ${t("not_renting")}`,
        station.state !== "closed" && station.is_returning === false && ` · ${t("not_returning")}`,
      ),
      h(
        "dl",
        { class: "numbers" },
        ["bikes", "mechanical", "ebikes", "docks", "capacity"].filter((field) => known[field]).map((field) => item(field)),
        known.fill_rate && item("fill_rate", (share) => percent(share, 0)),
      ),
      h("p", { class: "quiet" }, t("reported", { time: clockAndDay(station.reported_ts) })),
      cardHistory(station),
    ),
  );
}

function cardHistory(station) {
  const { step, ts, bikes, docks } = report.history;
  if (!ts.length || !bikes[station.index]) return null;
  const points = withGaps(ts, (k) => ({ bikes: bikes[station.index][k], docks: docks[station.index][k] }), LONGEST_STEP * step);
  const lines = ["bikes", "docks"].filter((field) => known[field]);
  const docksLine = {
    mark: {
      type: "line",
      color: colour("saturated"),
      strokeWidth: 2,
      strokeDash: [5, 3],
      interpolate: "step-after",
    },
    encoding: { y: { field: "docks", type: "quantitative" } },
  };
  const spec = () => ({
    ...fitWidth(120),
    data: {
      values: points.map((point) => ({
        ...point,
        tip: [clockAndDay(point.at), ...lines.map((field) => labelled(t(field), number(point[field])))].join("\n"),
      })),
    },
    encoding: { x: timeAxis(points, 6) },
    layer: [
      {
        mark: { type: "area", color: colour("short"), opacity: 0.16, interpolate: "step-after" },
        encoding: { y: { field: "bikes", type: "quantitative" } },
      },
      {
        mark: { type: "line", color: colour("short"), strokeWidth: 2, interpolate: "step-after" },
        encoding: {
          y: { field: "bikes", type: "quantitative", title: null, axis: { tickCount: 3, format: "d" } },
        },
      },
      ...(known.docks ? [docksLine] : []),
      ...isolatedPoints(points, "bikes", colour("short")),
      ...(known.docks ? isolatedPoints(points, "docks", colour("saturated")) : []),
      {
        mark: { type: "point", size: 200, opacity: 0, filled: true },
        transform: [{ filter: "isValid(datum.bikes)" }],
        encoding: { y: { field: "bikes", type: "quantitative" }, tooltip: { field: "tip" } },
      },
    ],
  });
  return [
    h("h5", {}, t("last_day")),
    legend(lines.map((field) => [`line-${field}`, t(field)])),
    chart(spec, { label: labelled(t("last_day"), stationName(station)), height: 150 }),
    disclosure(t("as_table"), () =>
      table(
        [
          { title: t("moment"), row: true, cell: (k) => clockAndDay(ts[k]) },
          ...lines.map((field) => ({
            title: t(field),
            numeric: true,
            cell: (k) => number(report.history[field][station.index][k]),
          })),
        ],
        ts.map((_, k) => k).reverse(),
        { caption: t("last_day") },
      ),
    ),
  ];
}
