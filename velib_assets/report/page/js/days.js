// The section "Days": what the daily KPIs say, and what is needed if there are none yet.

const FULL_DAY = 1440; // minutes
const COMPLETE = 0.8; // a day of whose time less is known is marked, and does not count in comparisons

/** @type {{date: string, coverage: ?number}[]} The stored days of the last 90, oldest first. */
const storedDays = report.daily ? report.daily.calendar : [];

/** Minutes per station and 24 hours in operation, from a share of the time. */
function minutesPerDay(share) {
  return share === null || share === undefined ? null : share * FULL_DAY;
}

/** What can be said about a day, as far as the feed has it. `of` is the number that colours and compares; `text` shows it. */
const DAY_MEASURES = knownMeasures({
  avg_fill_rate: {
    label: "fill_rate",
    of: (day) => day.avg_fill_rate,
    text: (value) => percent(value),
    colours: () => ["heat-0", "heat-50", "heat-100"].map(colour),
  },
  short_share: {
    label: "minutes_short",
    of: (day) => minutesPerDay(day.short_share),
    text: (value) => minutesText(value),
    colours: () => [colour("fill-50"), colour("short")],
  },
  saturated_share: {
    label: "minutes_saturated",
    of: (day) => minutesPerDay(day.saturated_share),
    text: (value) => minutesText(value),
    colours: () => [colour("fill-50"), colour("saturated")],
  },
  coverage: {
    label: "coverage",
    of: (day) => day.coverage,
    text: (value) => percent(value, value > 0.995 && value < 1 ? 1 : 0),
    colours: () => [colour("slot-missed"), colour("fill-50"), colour("slot-stored")],
    domain: [0, 1],
  },
});

/** Those of some measures of days, by name, whose numbers the feed gives. */
function knownMeasures(measures) {
  const needs = { avg_fill_rate: "fill_rate", saturated_share: "saturated", ebike_share: "ebikes" };
  return Object.fromEntries(Object.entries(measures).filter(([name]) => known[needs[name]] !== false));
}

function minutesText(value) {
  return value === null ? NO_VALUE : t("min", { n: Math.round(value) });
}

function isComplete(day) {
  return day.time_covered !== null && day.time_covered >= COMPLETE;
}

/** Format a day `YYYY-MM-DD` of the network's time zone, whatever the reader's is. */
function dayText(date, options = { weekday: "long", day: "numeric", month: "long", year: "numeric" }) {
  return intlFormat(Intl.DateTimeFormat, { timeZone: "UTC", ...options }).format(Date.parse(date));
}

/** The ISO weekday of a day `YYYY-MM-DD`: 1 is Monday. */
function weekdayOf(date) {
  return ((new Date(date).getUTCDay() + 6) % 7) + 1;
}

function renderDays() {
  return [
    h("h2", { id: "days-title" }, t("days_title")),
    !storedDays.length &&
      h("p", { id: "no-days", class: "lead" }, t("no_days", { job: `${system.key}_daily` }), " ", h("code", {}, "velib backfill FROM TO")),
    h(
      "div",
      { class: "figures" },
      (storedDays.length
        ? [renderYesterday, renderCalendar, renderStationDays, renderChanges]
        : [renderChanges]
      ).map(renderSafely),
    ),
  ];
}
