// The slot ledger: the state of every 15-minute slot. Also the quarantined responses and their reasons.

const ROW_HEIGHT = 18; // pixels per day
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
    content: slots.length
      ? [
          legend(SLOT_STATES.map((state) => [`slot-${state}`, t(state)])),
          chart(() => ledgerSpec(slots, days), {
            label: t("ledger_title"),
            height: 25 + ROW_HEIGHT * days.length,
          }),
        ]
      : null,
    table: () =>
      table(
        [
          { title: t("date"), row: true, cell: ({ date }) => date },
          ...SLOT_STATES.map((state) => ({
            title: t(state),
            numeric: true,
            cell: (day) => number(day.slots.filter((entry) => entry === state).length),
          })),
        ],
        [...days].reverse(),
        { caption: t("ledger_title") },
      ),
    exports: ["ledger"],
  });
}

/** The ledger's days, starting with the first one that has any data. */
function ledgerDays() {
  const first = report.ledger.findIndex(({ slots }) => slots.some((state) => state !== null));
  return first < 0 ? [] : report.ledger.slice(first);
}

function slotTime(slot) {
  return `${String(Math.floor(slot / 4)).padStart(2, "0")}:${String((slot % 4) * 15).padStart(2, "0")}`;
}

function ledgerSpec(slots, days) {
  const values = slots.map((entry) => ({
    ...entry,
    from: entry.slot / 4,
    to: (entry.slot + 1) / 4,
    tip: `${entry.date} ${slotTime(entry.slot)} UTC\n${t(entry.state)}`,
  }));
  return {
    ...fitWidth(ROW_HEIGHT * days.length),
    data: { values },
    mark: { type: "rect", stroke: colour("surface"), strokeWidth: narrow() ? 0.4 : 1 },
    encoding: {
      x: {
        field: "from",
        type: "quantitative",
        title: null,
        scale: { domain: [0, 24], nice: false },
        axis: { values: [0, 6, 12, 18, 24], grid: false, labelExpr: "hourLabel(datum.value)" },
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
  const quarantined = report.quarantined;
  return figure({
    id: "quarantine",
    title: t("quarantine_title"),
    content: quarantined.length
      ? table(
          [
            { title: t("moment"), row: true, cell: (entry) => clockAndDay(entry.ts) },
            { title: t("code"), wide: true, cell: (entry) => h("code", {}, entry.code) },
            { title: t("reason"), cell: (entry) => entry.reason },
          ],
          quarantined,
          { caption: t("quarantine_title"), first: 10 },
        )
      : h("p", { class: "quiet" }, t("quarantine_none")),
    exports: ["quarantined"],
  });
}
