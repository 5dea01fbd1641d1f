// Stations that changed, and what to type to see more than the page shows.

const CHANGES = ["opened", "closed", "moved", "renamed", "resized"];

function renderChanges() {
  const changes = report.station_changes;
  if (!changes) return null;
  return figure({
    id: "changes",
    title: t("changes_title"),
    lead: phrase("changes_lead", { n: changes.changed }),
    content: changes.changed
      ? table(
          [
            { title: t("change"), row: true, cell: (kind) => t(kind) },
            { title: t("stations_count"), numeric: true, cell: (kind) => number(changes[kind]) },
          ],
          CHANGES.filter((kind) => changes[kind]),
          { caption: t("changes_title") },
        )
      : [],
  });
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
            h("li", {}, h("p", {}, phrase(`details_${name}`, { n: count })), h("code", {}, command)),
          ),
        )
      : null,
  });
}
