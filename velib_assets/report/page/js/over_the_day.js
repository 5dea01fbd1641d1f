// kpi_shortage and kpi_station_saturation: the number of stations over the day, and the stations affected now.

function networkPoints() {
  const { ts, short, saturated, stale, in_operation: operating } = report.network;
  return withGaps(ts, (k) => ({
    short: short[k],
    saturated: saturated[k],
    stale: stale[k],
    in_operation: operating[k],
  }));
}

function renderShortage() {
  const rows = kpiRows("kpi_shortage");
  const areas = new Set(rows.map((row) => row.arrondissement).filter((area) => area !== null)).size;
  return stationsOverTheDay({
    name: "kpi_shortage",
    title: t("short_title"),
    rows,
    field: "short",
    line: t("short"),
    lead: phrase(areas ? "short_lead" : "short_lead_whole", { n: rows.length, areas }),
  });
}

function renderSaturation() {
  const rows = kpiRows("kpi_station_saturation");
  const none = rows.filter((row) => row.docks === 0).length;
  return stationsOverTheDay({
    name: "kpi_station_saturation",
    title: t("saturated_title"),
    rows,
    field: "saturated",
    line: t("saturated"),
    lead: phrase(known.docks ? "saturated_lead" : "saturated_lead_rate", { n: rows.length, none }),
    nothing: isVirtual ? "no_saturation_virtual" : known.saturated ? "no_data" : "no_saturation",
  });
}

function stationsOverTheDay({ name, title, rows, field, line, lead, nothing = "no_data" }) {
  const points = nothing === "no_data" ? networkPoints() : [];
  return figure({
    id: name,
    title,
    name,
    lead,
    content: points.length
      ? [
          chart(() => dayLineSpec({ points, field, color: colour(field), title: line }), {
            label: labelled(title, line),
            height: 215,
          }),
          rows.length > 0 &&
            disclosure(
              t("which_now"),
              () =>
                table(
                  [
                    {
                      title: t("station"),
                      row: true,
                      cell: (row) => stationButton(row.station_id, row.name),
                    },
                    ...areaColumn(),
                    ...knownCounts("bikes", "docks"),
                  ],
                  rows,
                  { caption: title, first: 20 },
                ),
              "which",
            ),
        ]
      : null,
    table: () =>
      table(
        [{ title: t("moment"), row: true, cell: (point) => clockAndDay(point.at) }, counts(line, field)],
        points.filter((point) => point[field] !== null).reverse(),
        { caption: title },
      ),
    nothing,
    exports: [name, "network"],
  });
}
