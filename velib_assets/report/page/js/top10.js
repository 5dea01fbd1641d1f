// kpi_top10_2hour: the ten most critical stations, with the parts of each score.

function renderTop10() {
  const rows = kpiRows("kpi_top10_2hour");
  const most = Math.max(1, ...rows.map((row) => row.critical_score));
  return figure({
    id: "kpi_top10_2hour",
    title: t("top_title"),
    name: "kpi_top10_2hour",
    lead: rows.length ? t("top_lead", { time: clock(report.newest_ts) }) : null,
    content: rows.length
      ? [
          legend([
            ["short", t("key_short")],
            ...(known.docks && !isVirtual ? [["no-dock", t("key_no_dock")]] : []),
            ...(known.fill_rate && !isVirtual ? [["full", t("key_full")]] : []),
          ]),
          h(
            "ol",
            { class: "top" },
            rows.map((row) => topRow(row, most)),
          ),
        ]
      : null,
    table: () =>
      table(
        [
          { title: t("station"), row: true, cell: (row) => stationButton(row.station_id, row.name) },
          ...(known.fill_rate ? [shares(t("fill_rate"), "avg_fill_rate")] : []),
          counts(t("shortage"), "shortage_hits"),
          ...(known.docks ? [counts(t("saturation"), "saturation_hits")] : []),
          counts(t("top_score"), "critical_score"),
        ],
        rows,
        { caption: t("top_title") },
      ),
    nothing: report.newest_ts ? "no_operating" : "no_data",
    exports: ["kpi_top10_2hour"],
  });
}

/** Split a score into its parts: 2 per snapshot short, 2 per snapshot without a dock, 1 per snapshot >= 90% full. */
function scoreParts(row) {
  const parts = { short: 2 * row.shortage_hits, "no-dock": 2 * row.saturation_hits };
  return { ...parts, full: row.critical_score - parts.short - parts["no-dock"] };
}

function topRow(row, most) {
  const parts = scoreParts(row);
  const reasons = [
    row.shortage_hits && t("reason_short", { n: row.shortage_hits }),
    row.saturation_hits && t("reason_no_dock", { n: row.saturation_hits }),
    parts.full && t("reason_full", { n: parts.full }),
  ]
    .filter(Boolean)
    .join(", ");
  const bar = h(
    "div",
    { class: "bar", "aria-hidden": "true" },
    Object.entries(parts).map(([name, points]) => {
      const part = h("span", { class: `part ${name}` });
      part.style.width = `${(100 * points) / most}%`;
      return points ? part : null;
    }),
  );
  return h(
    "li",
    {},
    h(
      "div",
      { class: "top-head" },
      h(
        "span",
        { class: "top-name" },
        stationButton(row.station_id, row.name),
        " ",
        areaElement(row.arrondissement),
      ),
      h("span", { class: "top-score" }, phrase("points", { n: row.critical_score })),
    ),
    bar,
    h("p", { class: "quiet reasons" }, reasons || t("reason_none")),
  );
}
