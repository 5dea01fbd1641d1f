// kpi_typical_week: the network's fill rate by weekday and hour, in local time.

function renderWeek() {
  const cells = report.typical_week;
  return figure({
    id: "typical-week",
    title: t("week_title"),
    name: "kpi_typical_week",
    lead: t("week_lead", { zone: ZONE }),
    nothing: known.fill_rate ? "no_data" : "no_fill_rate",
    content: cells.length && known.fill_rate ? chart(() => weekSpec(cells), { label: t("week_title"), height: 250 }) : null,
    table: () =>
      table(
        [
          { title: t("day"), row: true, cell: (cell) => weekday(cell.day) },
          { title: t("hour"), numeric: true, cell: (cell) => hourLabel(cell.hour) },
          shares(t("fill_rate"), "mean_fill_rate"),
          counts(t("snapshots"), "snapshots"),
        ],
        cells,
        { caption: t("week_title"), first: 24 },
      ),
    exports: ["kpi_typical_week"],
  });
}

function hourLabel(hour) {
  return `${String(hour).padStart(2, "0")}:00`;
}

/** Tick positions for an axis of hours. */
function hourTicks() {
  return narrow() ? [0, 6, 12, 18] : [0, 3, 6, 9, 12, 15, 18, 21];
}

function weekSpec(cells) {
  const values = cells.map((cell) => ({
    ...cell,
    name: weekday(cell.day, "short"),
    tip: `${weekday(cell.day)} ${hourLabel(cell.hour)}\n${labelled(t("fill_rate"), percent(cell.mean_fill_rate))}\n${labelled(t("snapshots"), number(cell.snapshots))}`,
  }));
  const rates = cells.map((cell) => cell.mean_fill_rate).filter((rate) => rate !== null);
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  return {
    ...fitWidth(200),
    data: { values },
    mark: { type: "rect", stroke: colour("surface"), strokeWidth: 1 },
    encoding: {
      x: {
        field: "hour",
        type: "ordinal",
        title: null,
        scale: { domain: Array.from({ length: 24 }, (_, hour) => hour) },
        axis: { values: hourTicks(), labelAngle: 0, labelExpr: "hourLabel(datum.value)" },
      },
      y: {
        field: "name",
        type: "nominal",
        title: null,
        sort: null,
        scale: { domain: [1, 2, 3, 4, 5, 6, 7].map((day) => weekday(day, "short")) },
      },
      color: {
        field: "mean_fill_rate",
        type: "quantitative",
        title: t("fill_rate"),
        scale: {
          domain: low < high ? [low, high] : [0, 1],
          range: [colour("heat-0"), colour("heat-50"), colour("heat-100")],
          interpolate: "rgb",
        },
        legend: {
          orient: "bottom",
          direction: "horizontal",
          format: ".0%",
          gradientLength: 160,
          tickCount: 3,
          titleOrient: "left",
        },
      },
      tooltip: { field: "tip" },
    },
  };
}
