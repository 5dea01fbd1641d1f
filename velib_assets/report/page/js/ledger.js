// The slot ledger: what became of every quarter of an hour. Also the snapshots that were refused, and why.

const LINE = 18; // pixels a day
const SLOT_STATES = ["stored", "quarantined", "missed"];

function renderLedger() {
  const days = ledgerDays();
  const slots = days
    .flatMap(({ date, slots: states }) => states.map((state, slot) => ({ date, slot, state })))
    .filter(({ state }) => state !== null);
  const stored = slots.filter(({ state }) => state === "stored").length;
  const share = slots.length ? stored / slots.length : null;
  return figure({
    id: "ledger",
    title: t("ledger_title"),
    lead: slots.length
      ? t("ledger_lead", { stored: stored, all: slots.length, share: percent(share) })
      : null,
    picture: slots.length
      ? [
          key(SLOT_STATES.map((state) => [`slot-${state}`, t(state)])),
          chart(() => ledgerSpec(slots, days), { label: t("ledger_title"), height: 25 + LINE * days.length }),
        ]
      : null,
    table: () =>
      table(
        [
          { title: t("date"), row: true, cell: ({ date }) => date },
          ...SLOT_STATES.map((state) => ({
            title: t(state),
            numeric: true,
            cell: (day) => number(day.slots.filter((one) => one === state).length),
          })),
        ],
        [...days].reverse(),
        { caption: t("ledger_title") },
      ),
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
  const values = slots.map((one) => ({
    ...one,
    from: one.slot / 4,
    to: (one.slot + 1) / 4,
    tip: `${one.date} ${slotName(one.slot)} UTC\n${t(one.state)}`,
  }));
  return {
    ...fitted(LINE * days.length),
    data: { values },
    mark: { type: "rect", stroke: colour("surface"), strokeWidth: narrow() ? 0.4 : 1 },
    encoding: {
      x: {
        field: "from",
        type: "quantitative",
        title: null,
        scale: { domain: [0, 24], nice: false },
        axis: { values: [0, 6, 12, 18, 24], grid: false, labelExpr: "datum.value + ':00'" },
      },
      x2: { field: "to" },
      y: {
        field: "date",
        type: "ordinal",
        title: null,
        sort: "descending",
        scale: { domain: days.map(({ date }) => date) },
        axis: { labelExpr: narrow() ? "slice(datum.value, 5)" : "datum.value" },
      },
      color: {
        field: "state",
        type: "nominal",
        legend: null,
        scale: { domain: SLOT_STATES, range: SLOT_STATES.map((state) => colour(`slot-${state}`)) },
      },
      tooltip: { field: "tip" },
    },
  };
}

function renderQuarantine() {
  const refused = report.quarantined;
  return figure({
    id: "quarantine",
    title: t("quarantine_title"),
    picture: refused.length
      ? table(
          [
            { title: t("moment"), row: true, cell: (one) => clockAndDay(one.ts) },
            { title: t("code"), wide: true, cell: (one) => h("code", {}, one.code) },
            { title: t("reason"), cell: (one) => one.reason },
          ],
          refused,
          { caption: t("quarantine_title"), first: 10 },
        )
      : h("p", { class: "quiet" }, t("quarantine_none")),
    exports: ["quarantined"],
  });
}
