// kpi_saturation_par_arrondissement: a map of the areas beside a table of them.

function renderArrondissements() {
  const rows = kpiRows("kpi_saturation_par_arrondissement");
  const name = "kpi_saturation_par_arrondissement";
  return figure({
    id: name,
    title: t("arrondissements_title"),
    name,
    lead: rows.length ? arrondissementsLead(rows) : null,
    content: rows.length
      ? h("div", { class: areas.length ? "side-by-side" : null }, areaMap(), areaTable(rows))
      : null,
    nothing: report.newest_ts ? "no_operating" : "no_data",
    exports: [name],
  });
}

function arrondissementsLead(rows) {
  const known = rows
    .filter((row) => row.avg_fill_rate !== null)
    .sort((a, b) => a.avg_fill_rate - b.avg_fill_rate);
  if (!known.length) return null;
  const [low, high] = [known[0], known[known.length - 1]];
  return t("arrondissements_lead", {
    low: percent(low.avg_fill_rate),
    lowest: areaName(low.arrondissement),
    high: percent(high.avg_fill_rate),
    highest: areaName(high.arrondissement),
  });
}

/** The view's rows in their own order: most short or saturated stations first. */
function areaTable(rows) {
  return table(
    [
      { title: t("arrondissement"), row: true, cell: (row) => areaName(row.arrondissement) },
      { ...counts(t("stations_count"), "station_count"), wide: true },
      shares(t("fill_rate"), "avg_fill_rate"),
      counts(t("short"), "shortage_count"),
      counts(t("saturated"), "saturation_count"),
    ],
    rows,
    { caption: t("arrondissements_title"), first: 12 },
  );
}
