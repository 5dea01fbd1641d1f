// The network's rhythm: the typical week as a heat map, and today against the typical day. Paris's clock.

function renderWeek() {
  const cells = report.typical_week;
  return figure({
    id: "typical-week", title: t("week_title"), name: "kpi_typical_week", lead: t("week_lead"),
    picture: cells.length ? chart(() => weekSpec(cells), { label: t("week_title"), height: 250 }) : null,
    table: () => table([
      { title: t("day"), row: true, cell: (cell) => weekday(cell.day) },
      { title: t("hour"), numeric: true, cell: (cell) => hourName(cell.hour) },
      { title: t("fill_rate"), numeric: true, cell: (cell) => data(cell.mean_fill_rate, percent(cell.mean_fill_rate)) },
      { title: t("snapshots"), numeric: true, cell: (cell) => data(cell.snapshots, number(cell.snapshots)) },
    ], cells, { caption: t("week_title"), first: 24 }),
    exports: ["kpi_typical_week"],
  });
}

function hourName(hour) {
  return `${String(hour).padStart(2, "0")}:00`;
}

/** The hours that an axis of a day names. */
function hourMarks() {
  return narrow() ? [0, 6, 12, 18] : [0, 3, 6, 9, 12, 15, 18, 21];
}

function weekSpec(cells) {
  const values = cells.map((cell) => ({ ...cell, name: weekday(cell.day, "short"),
    tip: `${weekday(cell.day)} ${hourName(cell.hour)}\n${t("fill_rate")}: ${percent(cell.mean_fill_rate)}\n${t("snapshots")}: ${number(cell.snapshots)}` }));
  const rates = cells.map((cell) => cell.mean_fill_rate).filter((rate) => rate !== null);
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  return {
    width: "container", height: 200, autosize: { type: "fit-x", contains: "padding" },
    data: { values },
    mark: { type: "rect", stroke: colour("surface"), strokeWidth: 1 },
    encoding: {
      x: { field: "hour", type: "ordinal", title: null, scale: { domain: Array.from({ length: 24 }, (_, hour) => hour) },
        axis: { values: hourMarks(), labelAngle: 0, labelExpr: "datum.value + ':00'" } },
      y: { field: "name", type: "nominal", title: null, sort: null, scale: { domain: [1, 2, 3, 4, 5, 6, 7].map((day) => weekday(day, "short")) } },
      color: { field: "mean_fill_rate", type: "quantitative", title: t("fill_rate"),
        scale: { domain: low < high ? [low, high] : [0, 1], range: [colour("heat-0"), colour("heat-50"), colour("heat-100")], interpolate: "rgb" },
        legend: { orient: "bottom", direction: "horizontal", format: ".0%", gradientLength: 160, tickCount: 3, titleOrient: "left" } },
      tooltip: { field: "tip" },
    },
  };
}

function renderToday() {
  const day = report.newest_ts ? parisDay(millis(report.newest_ts)) : 1;
  const typical = report.typical_week.filter((cell) => cell.day === day);
  const name = weekday(day);
  const points = [
    ...hourly("typical", typical), ...hourly("today", report.today),
  ];
  const today = t("today", { day: name, date: paris(report.newest_ts, { day: "numeric", month: "long" }) });
  return figure({
    id: "today", title: report.newest_ts ? t("today_title", { day: name }) : t("today_plain"),
    lead: typical.length ? null : t("no_typical", { day: name }),
    picture: report.today.length ? [
      key([["line-today", today], typical.length && ["line-typical", t("typical", { day: name })]].filter(Boolean)),
      chart(() => todaySpec(points), { label: t("today_title", { day: name }), height: 225 }),
    ] : null,
    table: () => table([
      { title: t("hour"), row: true, cell: (hour) => hourName(hour) },
      { title: today, numeric: true, cell: (hour) => rateAt(report.today, hour) },
      { title: t("typical", { day: name }), numeric: true, cell: (hour) => rateAt(typical, hour) },
    ], Array.from({ length: 24 }, (_, hour) => hour), { caption: t("today_title", { day: name }) }),
    exports: ["today", "kpi_typical_week"],
  });
}

/** A point an hour, from the first to the last; without a rate where nothing is known, so that the line breaks. */
function hourly(kind, cells) {
  if (!cells.length) return [];
  const rates = new Map(cells.map((cell) => [cell.hour, cell.mean_fill_rate]));
  const first = Math.min(...rates.keys());
  return Array.from({ length: Math.max(...rates.keys()) - first + 1 }, (_, k) => (
    { kind, hour: first + k, rate: rates.get(first + k) ?? null }));
}

function rateAt(cells, hour) {
  const cell = cells.find((one) => one.hour === hour);
  return cell ? data(cell.mean_fill_rate, percent(cell.mean_fill_rate)) : NONE;
}

function todaySpec(points) {
  const values = points.map((point) => ({ ...point, tip: `${hourName(point.hour)}\n${percent(point.rate)}` }));
  const rates = points.map((point) => point.rate).filter((rate) => rate !== null);
  const flat = Math.max(...rates) - Math.min(...rates) < 0.04;
  const line = (kind, mark) => points.some((point) => point.kind === kind)
    ? [{ transform: [{ filter: `datum.kind === '${kind}'` }], mark }] : [];
  return {
    width: "container", height: 200, autosize: { type: "fit-x", contains: "padding" },
    data: { values },
    encoding: {
      x: { field: "hour", type: "quantitative", title: null, scale: { domain: [0, 23] },
        axis: { values: hourMarks(), grid: false, labelExpr: "datum.value + ':00'" } },
      y: { field: "rate", type: "quantitative", title: null, scale: { zero: false, nice: true }, axis: { format: flat ? ".1%" : ".0%", tickCount: 4 } },
      tooltip: { field: "tip" },
    },
    layer: [
      ...line("typical", { type: "line", color: colour("quiet"), strokeWidth: 2, strokeDash: [5, 4], point: { color: colour("quiet"), size: 14 } }),
      ...line("today", { type: "line", color: colour("accent"), strokeWidth: 2.5, point: { color: colour("accent"), size: 40 } }),
    ],
  };
}
