// The age of the last reports of the stations that are not closed, now, and the share of stale stations over the day.

/** Lower bounds of the age groups, in minutes. */
const AGE_LIMITS = [0, 5, 15, 60, 180, 1440];

function renderFreshness() {
  const now = millis(report.newest_ts);
  const bars = [
    ...AGE_LIMITS.map((from, k) => ({
      name: ageLabel(from, AGE_LIMITS[k + 1]),
      stale: from >= 180,
      stations: 0,
    })),
    { name: t("never"), stale: true, stations: 0 },
  ];
  const open = stations.filter((station) => station.state !== "closed");
  for (const station of open) {
    const minutes = station.reported_ts ? Math.max(0, (now - millis(station.reported_ts)) / MINUTE) : null;
    // A station is stale only after more than 180 minutes.
    const bar =
      minutes === null
        ? AGE_LIMITS.length
        : AGE_LIMITS.findLastIndex((from) => (from >= 180 ? minutes > from : minutes >= from));
    bars[bar].stations += 1;
  }
  const late = bars.reduce((sum, bar) => sum + (bar.stale ? bar.stations : 0), 0);
  return figure({
    id: "freshness",
    title: t("fresh_title"),
    lead: open.length ? t("fresh_lead", { n: late, all: open.length, share: percent(late / open.length) }) : null,
    content: open.length
      ? chart(() => freshnessSpec(bars), { label: t("fresh_title"), height: 26 * bars.length })
      : null,
    nothing: stations.length ? "no_operating" : "no_data",
    table: () =>
      table(
        [{ title: t("age"), row: true, cell: (bar) => bar.name }, counts(t("stations_count"), "stations")],
        bars,
        { caption: t("fresh_title") },
      ),
    exports: ["stations"],
  });
}

function ageLabel(from, to) {
  if (from === 0) return t("under", { n: to });
  if (to === undefined) return t("over_hours", { n: from / 60 });
  return from < 60
    ? t("between_minutes", { a: from, b: to })
    : t("between_hours", { a: from / 60, b: to / 60 });
}

function freshnessSpec(bars) {
  return {
    ...fitWidth(26 * bars.length),
    data: {
      values: bars.map((bar) => ({
        ...bar,
        text: number(bar.stations),
        tip: `${bar.name}\n${labelled(t("stations_count"), number(bar.stations))}`,
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
    content: points.length
      ? chart(
          () =>
            dayLineSpec({
              points,
              field: "share",
              color: colour("stale"),
              format: "%",
              title: t("stale_share"),
            }),
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

/** Share of stale stations among the installed ones with a known fill rate. */
function staleShare({ stale, in_operation: operating }) {
  return stale + operating ? stale / (stale + operating) : null;
}
