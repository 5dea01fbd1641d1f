// How fresh the stations' reports are, now and over the day.

/** Minutes since the last report at which a bar begins. */
const AGES_FROM = [0, 5, 15, 60, 180, 1440];

function renderFreshness() {
  const now = millis(report.newest_ts);
  const bars = [
    ...AGES_FROM.map((from, k) => ({
      name: ageName(from, AGES_FROM[k + 1]),
      stale: from >= 180,
      stations: 0,
    })),
    { name: t("never"), stale: true, stations: 0 },
  ];
  for (const station of stations) {
    const minutes = station.reported_ts ? Math.max(0, (now - millis(station.reported_ts)) / MINUTE) : null;
    // The three hours are exact: at 180 minutes a station is not stale yet.
    const bar =
      minutes === null
        ? AGES_FROM.length
        : AGES_FROM.findLastIndex((from) => (from >= 180 ? minutes > from : minutes >= from));
    bars[bar].stations += 1;
  }
  const { now: totals } = report.totals;
  return figure({
    id: "freshness",
    title: t("fresh_title"),
    lead: totals
      ? t("fresh_lead", {
          n: totals.stale,
          all: totals.stations,
          share: percent(totals.stations ? totals.stale / totals.stations : null),
        })
      : null,
    picture: stations.length
      ? chart(() => freshSpec(bars), { label: t("fresh_title"), height: 26 * bars.length })
      : null,
    table: () =>
      table(
        [{ title: t("age"), row: true, cell: (bar) => bar.name }, counts(t("stations_count"), "stations")],
        bars,
        { caption: t("fresh_title") },
      ),
    exports: ["stations"],
  });
}

function ageName(from, to) {
  if (from === 0) return t("under", { n: to });
  if (to === undefined) return t("over_hours", { n: from / 60 });
  return from < 60
    ? t("between_minutes", { a: from, b: to })
    : t("between_hours", { a: from / 60, b: to / 60 });
}

function freshSpec(bars) {
  return {
    ...fitted(26 * bars.length),
    data: {
      values: bars.map((bar) => ({
        ...bar,
        text: number(bar.stations),
        tip: `${bar.name}\n${t("stations_count")}: ${number(bar.stations)}`,
      })),
    },
    encoding: {
      y: { field: "name", type: "nominal", sort: null, title: null },
      x: {
        field: "stations",
        type: "quantitative",
        axis: null,
        scale: { domainMax: 1.2 * Math.max(1, ...bars.map((bar) => bar.stations)), nice: false },
      },
      tooltip: { field: "tip" },
    },
    layer: [
      {
        mark: { type: "bar", height: 16, cornerRadiusEnd: 2 },
        encoding: {
          color: { condition: { test: "datum.stale", value: colour("stale") }, value: colour("accent") },
        },
      },
      { mark: { type: "text", align: "left", dx: 6 }, encoding: { text: { field: "text" } } },
    ],
  };
}

function renderStaleShare() {
  const points = networkPoints().map((point) => ({
    ...point,
    share: point.stale === null ? null : staleShare(point),
  }));
  return figure({
    id: "stale-share",
    title: t("stale_title"),
    lead: t("stale_share"),
    picture: points.length
      ? chart(
          () =>
            dayLine({ points, field: "share", shade: colour("stale"), format: "%", title: t("stale_share") }),
          { label: t("stale_title"), height: 215 },
        )
      : null,
    table: () =>
      table(
        [
          { title: t("moment"), row: true, cell: (point) => clockAndDay(point.at) },
          counts(t("stale"), "stale"),
          shares(t("stale_share"), "share"),
        ],
        points.filter((point) => point.share !== null).reverse(),
        { caption: t("stale_title") },
      ),
    exports: ["network"],
  });
}

/** Of the stations that could be in operation. */
function staleShare({ stale, in_operation: operating }) {
  return stale + operating ? stale / (stale + operating) : null;
}
