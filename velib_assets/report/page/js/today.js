// The newest snapshot's day compared with the typical one, hour by hour in local time.

function renderToday() {
  const day = report.newest_ts ? localDay(millis(report.newest_ts)) : 1;
  const typical = report.typical_week.filter((cell) => cell.day === day);
  const name = weekday(day);
  const points = [...hourly("typical", typical), ...hourly("today", report.today)];
  const today = t("today", {
    day: name,
    date: formatLocal(report.newest_ts, { day: "numeric", month: "long" }),
  });
  return figure({
    id: "today",
    title: report.newest_ts ? t("today_title", { day: name }) : t("today_plain"),
    lead: typical.length ? null : t("no_typical", { day: name }),
    nothing: known.fill_rate ? "no_data" : "no_fill_rate",
    content: report.today.length && known.fill_rate
      ? [
          legend(
            [["line-today", today], typical.length && ["line-typical", t("typical", { day: name })]].filter(
              Boolean,
            ),
          ),
          chart(() => todaySpec(points), { label: t("today_title", { day: name }), height: 225 }),
        ]
      : null,
    table: () =>
      table(
        [
          { title: t("hour"), row: true, cell: (hour) => hourLabel(hour) },
          { title: today, numeric: true, cell: (hour) => rateAt(report.today, hour) },
          { title: t("typical", { day: name }), numeric: true, cell: (hour) => rateAt(typical, hour) },
        ],
        Array.from({ length: 24 }, (_, hour) => hour),
        { caption: t("today_title", { day: name }) },
      ),
    exports: ["today", "kpi_typical_week"],
  });
}

/** One point per hour, from the first to the last; the rate is null where unknown, so the line breaks. */
function hourly(kind, cells) {
  if (!cells.length) return [];
  const rates = new Map(cells.map((cell) => [cell.hour, cell.mean_fill_rate]));
  const first = Math.min(...rates.keys());
  return Array.from({ length: Math.max(...rates.keys()) - first + 1 }, (_, k) => ({
    kind,
    hour: first + k,
    rate: rates.get(first + k) ?? null,
  }));
}

function rateAt(cells, hour) {
  const cell = cells.find((entry) => entry.hour === hour);
  return cell ? dataElement(cell.mean_fill_rate, percent(cell.mean_fill_rate)) : NO_VALUE;
}

function todaySpec(points) {
  const values = points.map((point) => ({
    ...point,
    tip: `${hourLabel(point.hour)}\n${percent(point.rate)}`,
  }));
  const rates = points.map((point) => point.rate).filter((rate) => rate !== null);
  const flat = Math.max(...rates) - Math.min(...rates) < 0.04;
  const line = (kind, mark) =>
    points.some((point) => point.kind === kind)
      ? [{ transform: [{ filter: `datum.kind === '${kind}'` }], mark }]
      : [];
  return {
    ...fitWidth(200),
    data: { values },
    encoding: {
      x: {
        field: "hour",
        type: "quantitative",
        title: null,
        scale: { domain: [0, 23] },
        axis: { values: hourTicks(), grid: false, labelExpr: "hourLabel(datum.value)" },
      },
      y: {
        field: "rate",
        type: "quantitative",
        title: null,
        scale: { zero: false, nice: true },
        axis: { format: flat ? ".1%" : ".0%", tickCount: 4 },
      },
      tooltip: { field: "tip" },
    },
    layer: [
      ...line("typical", {
        type: "line",
        color: colour("quiet"),
        strokeWidth: 2,
        strokeDash: [5, 4],
        point: { color: colour("quiet"), size: 14 },
      }),
      ...line("today", {
        type: "line",
        color: colour("accent"),
        strokeWidth: 2.5,
        point: { color: colour("accent"), size: 40 },
      }),
    ],
  };
}
