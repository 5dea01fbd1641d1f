// kpi_taux_remplissage: the distribution of the stations' fill rates.

const BINS = 20;

function renderFillRate() {
  const rows = kpiRows("kpi_taux_remplissage");
  const mean = rows.reduce((sum, row) => sum + row.fill_rate, 0) / rows.length;
  const bins = fillBins(rows);
  return figure({
    id: "kpi_taux_remplissage",
    title: t("fill_title"),
    name: "kpi_taux_remplissage",
    lead: rows.length
      ? phrase("fill_lead", {
          mean: dataElement(mean, percent(mean)),
          n: rows.length,
          stale: rows.filter((row) => row.is_stale).length,
        })
      : null,
    content: rows.length ? chart(() => fillSpec(bins), { label: t("fill_title"), height: 235 }) : null,
    table: () =>
      table(
        [
          { title: t("fill_rate"), row: true, cell: (bin) => binLabel(bin) },
          counts(t("stations_count"), "stations"),
        ],
        bins,
        { caption: t("fill_title") },
      ),
    nothing: !known.fill_rate ? "no_fill_rate" : report.newest_ts ? "no_operating" : "no_data",
    exports: ["kpi_taux_remplissage"],
  });
}

/**
 * Count stations in twenty bins of 5%; the last one includes 100%. Without docks, a station has more if more bikes
 * stand than its capacity: such stations have a bin of their own.
 */
function fillBins(rows) {
  const bins = Array.from({ length: BINS }, (_, k) => ({
    from: k / BINS,
    to: (k + 1) / BINS,
    middle: (k + 0.5) / BINS,
    stations: 0,
  }));
  const over = { from: 1, to: 1 + 1 / BINS, middle: 1, over: true, stations: 0 };
  for (const row of rows) {
    const bin = row.fill_rate > 1 ? over : bins[Math.min(BINS - 1, Math.floor(row.fill_rate * BINS + 1e-9))];
    bin.stations += 1;
  }
  return over.stations ? [...bins, over] : bins;
}

function binLabel(bin) {
  if (bin.over) return t("over_share", { share: percent(bin.from, 0) });
  return `${percent(bin.from, 0)} – ${percent(bin.to, 0)}`;
}

function fillSpec(bins) {
  return {
    ...fitWidth(210),
    data: {
      values: bins.map((bin) => ({
        ...bin,
        tip: `${binLabel(bin)}\n${labelled(t("stations_count"), number(bin.stations))}`,
      })),
    },
    mark: { type: "bar", binSpacing: 1, stroke: colour("outline"), strokeWidth: 0.5 },
    encoding: {
      x: {
        field: "from",
        type: "quantitative",
        bin: { binned: true, step: 1 / BINS },
        title: null,
        axis: { format: ".0%", values: [0, 0.2, 0.4, 0.6, 0.8, 1], grid: false },
      },
      x2: { field: "to" },
      y: { field: "stations", type: "quantitative", title: null, axis: { tickCount: 4 } },
      color: {
        field: "middle",
        type: "quantitative",
        legend: null,
        scale: { interpolate: "rgb", domain: [0, 0.25, 0.5, 0.75, 1], range: fillColours() },
      },
      tooltip: { field: "tip" },
    },
  };
}
