// The network's totals, and how they changed since an hour and a day ago.

function renderTotals() {
  const { now, hour_ago: hour, day_ago: day } = report.totals;
  if (!now) return null;
  const tile = (field, words, below) =>
    h(
      "li",
      { class: `tile ${field}`, id: `total-${field}` },
      h("span", { class: "tile-name" }, stateMark(field), words),
      h("span", { class: "tile-number" }, data(now[field], number(now[field]))),
      h("span", { class: "tile-below" }, below),
      h(
        "span",
        { class: "changes" },
        change(field, now, hour, "since_hour"),
        change(field, now, day, "since_day"),
      ),
    );
  return h(
    "div",
    {},
    h(
      "ul",
      { class: "tiles" },
      tile("bikes", t("bikes"), t("of_them_mechanical", { n: now.mechanical })),
      tile(
        "ebikes",
        t("ebikes"),
        t("share_of_bikes", { share: percent(now.bikes ? now.ebikes / now.bikes : null, 0) }),
      ),
      tile("docks", t("docks"), "\u00a0"),
      tile("in_operation", t("in_operation"), t("of_stations", { n: now.stations })),
      tile("short", t("short"), t("no_bike")),
      tile("saturated", t("saturated"), t("no_dock")),
      tile("stale", t("stale"), t("silent_short")),
    ),
    !hour && !day && h("p", { class: "quiet" }, t("no_before")),
  );
}

function change(field, now, before, words) {
  if (!before) return null;
  if (now[field] === null || before[field] === null) return null;
  const difference = now[field] - before[field];
  return h(
    "span",
    { class: "change", title: t("since_title", { time: clockAndDay(before.ts) }) },
    data(difference, signed(difference)),
    " ",
    t(words),
  );
}

/** The map's mark for the totals that have one. */
function stateMark(field) {
  return ["short", "saturated", "stale"].includes(field) ? [shapeIcon(field), " "] : null;
}
