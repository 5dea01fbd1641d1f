// Stations that changed, and what to type to see more than the page shows.

const CHANGES = ["opened", "closed", "moved", "renamed", "resized"];

function renderChanges() {
  const changes = report.station_changes;
  if (!changes) return null;
  const kinds = CHANGES.filter((kind) => changes[kind]);
  return figure({
    id: "changes",
    title: t("changes_title"),
    name: "station_events",
    lead: phrase("changes_lead", { n: changes.changed }),
    content: changes.changed
      ? [
          h(
            "ul",
            { class: "chart-legend counts" },
            kinds.map((kind) => h("li", {}, labelled(t(kind), number(changes[kind])))),
          ),
          eventsTable(report.events),
        ]
      : [],
    exports: ["station_events"],
  });
}

function eventsTable(events) {
  return table(
    [
      { title: t("date"), row: true, cell: (event) => clockAndDay(event.event_ts) },
      {
        title: t("station"),
        cell: (event) => [
          stationButton(event.station_id, event.name),
          " ",
          areaElement(event.arrondissement),
        ],
      },
      {
        title: t("change"),
        cell: ({ event, before, after }) => [
          t(event),
          before !== null && [" ", h("span", { class: "quiet" }, `${before} → ${after ?? NO_VALUE}`)],
        ],
      },
    ],
    events,
    { caption: t("changes_title"), first: 10 },
  );
}

function renderDetails() {
  return figure({
    id: "details",
    title: t("details_title"),
    lead: t("details_lead"),
    content: report.inspections.length
      ? h(
          "ul",
          { class: "commands" },
          report.inspections.map(({ name, count, command }) =>
            h("li", {}, h("p", {}, phrase(`details_${name.replace(/^(quarantine|rejects)_.*/, "$1")}`, { n: count })), h("code", {}, command)),
          ),
        )
      : null,
  });
}
