// The network's totals, and their changes over one hour and one day.

function renderTotals() {
  const { now, hour_ago: hour, day_ago: day } = report.totals;
  if (!now) return null;
  const tile = (field, label, below) =>
    h(
      "li",
      { class: `tile ${field}`, id: `total-${field}` },
      h("span", { class: "tile-name" }, stateIcon(field), label),
      known[field] === false
        ? [h("span", { class: "tile-number" }, NO_VALUE), h("span", { class: "tile-below" }, t("not_in_feed"))]
        : [
            h("span", { class: "tile-number" }, dataElement(now[field], number(now[field]))),
            h("span", { class: "tile-below" }, below),
            h(
              "span",
              { class: "changes" },
              change(field, now, hour, "since_hour"),
              change(field, now, day, "since_day"),
            ),
          ],
    );
  return h(
    "div",
    {},
    h(
      "ul",
      { class: "tiles" },
      tile("bikes", t("bikes"), known.mechanical ? t("of_them_mechanical", { n: now.mechanical }) : "\u00a0"),
      tile(
        "ebikes",
        t("ebikes"),
        t("share_of_bikes", {
          share: percent(now.bikes && now.ebikes !== null ? now.ebikes / now.bikes : null, 0),
        }),
      ),
      tile("docks", t("docks"), "\u00a0"),
      tile("in_operation", t("in_operation"), t("of_stations", { n: now.stations })),
      tile("short", t("short"), t("no_bike")),
      tile("saturated", t("saturated"), t(isVirtual ? "virtual_below" : "no_dock")),
      tile("stale", t("stale"), t("stale_short")),
    ),
    !hour && !day && h("p", { class: "quiet" }, t("no_before")),
  );
}

function change(field, now, before, label) {
  if (!before) return null;
  if (now[field] === null || before[field] === null) return null;
  const difference = now[field] - before[field];
  return h(
    "span",
    { class: "change", title: t("since_title", { time: clockAndDay(before.ts) }) },
    dataElement(difference, signed(difference)),
    " ",
    t(label),
  );
}

/** The map's icon for totals that have one. */
function stateIcon(field) {
  return ["short", "saturated", "stale"].includes(field) ? [shapeIcon(field), " "] : null;
}
