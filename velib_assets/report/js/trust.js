// How far to trust the page: the slot ledger, fresh and stale stations, and snapshots that were refused.

const LINE = 18; // pixels a day
const SLOT_STATES = ["stored", "quarantined", "missed"];

function renderLedger() {
  const days = ledgerDays();
  const slots = days.flatMap(({ date, slots: states }) => states.map((state, slot) => ({ date, slot, state })))
    .filter(({ state }) => state !== null);
  const stored = slots.filter(({ state }) => state === "stored").length;
  const share = slots.length ? stored / slots.length : null;
  return figure({
    id: "ledger", title: t("ledger_title"),
    lead: slots.length ? t("ledger_lead", { stored: stored, all: slots.length, share: percent(share) }) : null,
    picture: slots.length ? [
      key(SLOT_STATES.map((state) => [`slot-${state}`, t(state)])),
      chart(() => ledgerSpec(slots, days), { label: t("ledger_title"), height: 25 + LINE * days.length }),
    ] : null,
    table: () => table([
      { title: t("date"), row: true, cell: ({ date }) => date },
      ...SLOT_STATES.map((state) => ({ title: t(state), numeric: true, cell: (day) => number(day.slots.filter((one) => one === state).length) })),
    ], [...days].reverse(), { caption: t("ledger_title") }),
    exports: ["ledger"],
  });
}

/** The days from the first one of which anything is known. */
function ledgerDays() {
  const first = report.ledger.findIndex(({ slots }) => slots.some((state) => state !== null));
  return first < 0 ? [] : report.ledger.slice(first);
}

function slotName(slot) {
  return `${String(Math.floor(slot / 4)).padStart(2, "0")}:${String((slot % 4) * 15).padStart(2, "0")}`;
}

function ledgerSpec(slots, days) {
  const values = slots.map((one) => ({ ...one, from: one.slot / 4, to: (one.slot + 1) / 4, tip: `${one.date} ${slotName(one.slot)} UTC\n${t(one.state)}` }));
  return {
    width: "container", height: LINE * days.length, autosize: { type: "fit-x", contains: "padding" },
    data: { values },
    mark: { type: "rect", stroke: colour("surface"), strokeWidth: narrow() ? 0.4 : 1 },
    encoding: {
      x: { field: "from", type: "quantitative", title: null, scale: { domain: [0, 24], nice: false },
        axis: { values: [0, 6, 12, 18, 24], grid: false, labelExpr: "datum.value + ':00'" } },
      x2: { field: "to" },
      y: { field: "date", type: "ordinal", title: null, sort: "descending", scale: { domain: days.map(({ date }) => date) },
        axis: { labelExpr: narrow() ? "slice(datum.value, 5)" : "datum.value" } },
      color: { field: "state", type: "nominal", legend: null, scale: { domain: SLOT_STATES, range: SLOT_STATES.map((state) => colour(`slot-${state}`)) } },
      tooltip: { field: "tip" },
    },
  };
}

/** Minutes since the last report at which a bar begins. */
const AGES_FROM = [0, 5, 15, 60, 180, 1440];

function renderFreshness() {
  const now = millis(report.newest_ts);
  const bars = [...AGES_FROM.map((from, k) => ({ name: ageName(from, AGES_FROM[k + 1]), stale: from >= 180, stations: 0 })), { name: t("never"), stale: true, stations: 0 }];
  for (const station of stations) {
    const minutes = station.reported_ts ? Math.max(0, (now - millis(station.reported_ts)) / MINUTE) : null;
    // The three hours are exact: at 180 minutes a station is not stale yet.
    const bar = minutes === null ? AGES_FROM.length : AGES_FROM.findLastIndex((from) => (from >= 180 ? minutes > from : minutes >= from));
    bars[bar].stations += 1;
  }
  const { now: totals } = report.totals;
  return figure({
    id: "freshness", title: t("fresh_title"),
    lead: totals ? t("fresh_lead", { n: totals.stale, all: totals.stations, share: percent(totals.stations ? totals.stale / totals.stations : null) }) : null,
    picture: stations.length ? chart(() => freshSpec(bars), { label: t("fresh_title"), height: 26 * bars.length }) : null,
    table: () => table([
      { title: t("age"), row: true, cell: (bar) => bar.name },
      { title: t("stations_count"), numeric: true, cell: (bar) => number(bar.stations) },
    ], bars, { caption: t("fresh_title") }),
    exports: ["stations"],
  });
}

function ageName(from, to) {
  if (from === 0) return t("under", { n: to });
  if (to === undefined) return t("over_hours", { n: from / 60 });
  return from < 60 ? t("between_minutes", { a: from, b: to }) : t("between_hours", { a: from / 60, b: to / 60 });
}

function freshSpec(bars) {
  return {
    width: "container", height: 26 * bars.length, autosize: { type: "fit-x", contains: "padding" },
    data: { values: bars.map((bar) => ({ ...bar, text: number(bar.stations), tip: `${bar.name}\n${t("stations_count")}: ${number(bar.stations)}` })) },
    encoding: {
      y: { field: "name", type: "nominal", sort: null, title: null },
      x: { field: "stations", type: "quantitative", axis: null, scale: { domainMax: 1.2 * Math.max(1, ...bars.map((bar) => bar.stations)), nice: false } },
      tooltip: { field: "tip" },
    },
    layer: [
      { mark: { type: "bar", height: 16, cornerRadiusEnd: 2 }, encoding: { color: { condition: { test: "datum.stale", value: colour("stale") }, value: colour("accent") } } },
      { mark: { type: "text", align: "left", dx: 6 }, encoding: { text: { field: "text" } } },
    ],
  };
}

function renderStaleShare() {
  const points = networkPoints().map((point) => ({ ...point, share: point.stale === null ? null : staleShare(point) }));
  return figure({
    id: "stale-share", title: t("stale_title"), lead: t("stale_share"),
    picture: points.length ? chart(() => dayLine({ points, field: "share", shade: colour("stale"), format: "%", title: t("stale_share") }), { label: t("stale_title"), height: 215 }) : null,
    table: () => table([
      { title: t("moment"), row: true, cell: (point) => clockAndDay(point.at) },
      { title: t("stale"), numeric: true, cell: (point) => number(point.stale) },
      { title: t("stale_share"), numeric: true, cell: (point) => percent(point.share) },
    ], points.filter((point) => point.share !== null).reverse(), { caption: t("stale_title") }),
    exports: ["network"],
  });
}

/** Of the stations that could be in operation. */
function staleShare({ stale, in_operation: operating }) {
  return stale + operating ? stale / (stale + operating) : null;
}

function renderQuarantine() {
  const refused = report.quarantined;
  return figure({
    id: "quarantine", title: t("quarantine_title"),
    picture: refused.length ? table([
      { title: t("moment"), row: true, cell: (one) => clockAndDay(one.ts) },
      { title: t("code"), wide: true, cell: (one) => h("code", {}, one.code) },
      { title: t("reason"), cell: (one) => one.reason },
    ], refused, { caption: t("quarantine_title"), first: 10 }) : h("p", { class: "quiet" }, t("quarantine_none")),
    exports: ["quarantined"],
  });
}
