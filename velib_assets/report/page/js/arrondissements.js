// kpi_saturation_par_arrondissement: a map of the areas beside a table of them.

function renderArrondissements() {
  const rows = kpiRows("kpi_saturation_par_arrondissement");
  const name = "kpi_saturation_par_arrondissement";
  return figure({
    id: name,
    title: arrondissementsTitle(),
    name,
    lead: rows.length ? arrondissementsLead(rows) : null,
    content: rows.length
      ? h("div", { class: hasAreaMap() ? "side-by-side" : null }, areaMap(), areaTable(rows))
      : null,
    nothing: report.newest_ts ? "no_operating" : "no_data",
    exports: [name],
  });
}

function arrondissementsTitle() {
  return t(hasAreas ? "arrondissements_title" : "arrondissements_title_whole");
}

function arrondissementsLead(rows) {
  const rated = rows
    .filter((row) => row.avg_fill_rate !== null)
    .sort((a, b) => a.avg_fill_rate - b.avg_fill_rate);
  if (!rated.length || !hasAreas) return null;
  const [low, high] = [rated[0], rated[rated.length - 1]];
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
      { title: t("arrondissement"), row: true, cell: (row) => h("bdi", {}, areaName(row.arrondissement)) },
      { ...counts(t("stations_count"), "station_count"), wide: true },
      ...(known.fill_rate ? [shares(t("fill_rate"), "avg_fill_rate")] : []),
      counts(t("short"), "shortage_count"),
      ...(known.saturated ? [counts(t("saturated"), "saturation_count")] : []),
    ],
    rows,
    { caption: arrondissementsTitle(), first: 12 },
  );
}
