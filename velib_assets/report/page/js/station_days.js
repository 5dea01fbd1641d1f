// The best and the worst stations of the last 7 and 28 days.

let periodDays = null; // the chosen period

function renderStationDays() {
  const { periods } = report.daily;
  if (!periods.length) return null;
  const holder = h("div", {});
  const draw = () => setChildren(holder, periodTables(periods.find(({ days }) => days === periodDays)));
  if (!periods.some(({ days }) => days === periodDays)) periodDays = periods[0].days;
  draw();
  const options = periods.map(({ days }) => [String(days), t("last_days", { n: days })]);
  const select = (value) => {
    periodDays = Number(value);
    draw();
  };
  return figure({
    id: "station-days",
    title: t("station_days_title"),
    name: "kpi_daily_station",
    lead: t("station_days_lead"),
    content: [
      radioGroup({ title: t("period"), name: "period", options, selected: String(periodDays) }, select),
      holder,
    ],
    exports: ["station_days"],
  });
}

function periodTables(period) {
  const list = (title, rows, nothing) =>
    h(
      "div",
      {},
      h("h4", {}, title),
      rows.length ? stationTable(title, rows) : h("p", { class: "quiet" }, t(nothing)),
    );
  return [
    h("p", { class: "found", role: "status" }, phrase("days_stored", { n: period.stored, all: period.days })),
    h(
      "div",
      { class: "side-by-side halves" },
      list(t("worst"), period.worst, "none_worst"),
      list(t("best"), period.best, "none_ranked"),
    ),
  ];
}

function stationTable(caption, rows) {
  return table(
    [
      {
        title: t("station"),
        row: true,
        cell: (row) => [
          stationButton(row.station_id, row.name),
          " ",
          areaElement(row.arrondissement),
        ],
      },
      shares(t("short"), "short_share"),
      ...(known.saturated ? [shares(t("saturated"), "saturated_share")] : []),
      {
        title: t("came_and_went"),
        numeric: true,
        wide: true,
        cell: (row) => number(row.arrivals_at_least + row.departures_at_least),
      },
    ],
    rows,
    { caption },
  );
}
