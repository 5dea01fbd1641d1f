// The last day that is over, compared with the same weekdays before it.

const COMPARED = knownMeasures({
  avg_fill_rate: { label: "fill_rate", text: (value) => percent(value), sign: (value) => points(value) },
  short_share: minutesMeasure("minutes_short"),
  saturated_share: minutesMeasure("minutes_saturated"),
  ebike_share: { label: "ebike_share", text: (value) => percent(value), sign: (value) => points(value) },
  departures_at_least: {
    label: "departures",
    text: (value) => (value === null ? NO_VALUE : number(Math.round(value))),
    sign: (value) => signed(Math.round(value)),
  },
});

function minutesMeasure(label) {
  return {
    label,
    text: (value) => minutesText(minutesPerDay(value)),
    sign: (value) => t("min", { n: signed(Math.round(minutesPerDay(value))) }),
  };
}

/** A difference of two shares in percentage points. */
function points(difference) {
  const size = Math.round(Math.abs(difference) * 1000) / 10;
  return t("points_of_percent", { n: (size === 0 ? "±" : difference > 0 ? "+" : "−") + number(size) });
}

function renderYesterday() {
  const { comparison } = report.daily;
  if (!comparison) return null;
  const { date, complete, incomplete, measures } = comparison;
  const day = storedDays.find((entry) => entry.date === date);
  const name = weekday(weekdayOf(date));
  const shown = dayText(date, { weekday: "long", day: "numeric", month: "long" });
  const hasTypical = complete.length > 0;
  return figure({
    id: "yesterday",
    title: t("yesterday_title", { day: shown, weekday: name }),
    name: "kpi_daily_network",
    lead: [
      hasTypical
        ? phrase("yesterday_lead", { n: complete.length, weekday: name })
        : t("no_earlier", { weekday: name }),
      incomplete.length > 0 && [" ", phrase("yesterday_gaps", { n: incomplete.length, weekday: name })],
      !isComplete(day) && [" ", t("yesterday_incomplete", { share: percent(day.time_covered, 0) })],
    ],
    content: h(
      "div",
      { class: hasTypical ? null : "few-columns" },
      table(
        [
          { title: t("measure"), row: true, cell: ({ name: key }) => t(COMPARED[key].label) },
          {
            title: dayText(date, { weekday: "short", day: "numeric", month: "short" }),
            numeric: true,
            cell: (row) => dataElement(row.value, COMPARED[row.name].text(row.value)),
          },
          ...(hasTypical ? comparedColumns(complete.length) : []),
        ],
        measures.filter(({ name }) => COMPARED[name]),
        { caption: t("yesterday_title", { day: shown, weekday: name }) },
      ),
    ),
    exports: ["days"],
  });
}

function comparedColumns(n) {
  return [
    {
      title: t("mean_of", { n }),
      numeric: true,
      cell: (row) => dataElement(row.typical, COMPARED[row.name].text(row.typical)),
    },
    {
      title: t("difference"),
      numeric: true,
      cell: ({ name, value, typical }) =>
        value === null || typical === null
          ? NO_VALUE
          : dataElement(value - typical, COMPARED[name].sign(value - typical)),
    },
    { title: t("lowest_to_highest"), wide: true, cell: rangeBar },
  ];
}

/** A line from the lowest to the highest of the earlier days, their mean as a tick, and the day as a dot. */
function rangeBar({ name, value, typical, lowest, highest }) {
  if (lowest === null) return NO_VALUE;
  const { text } = COMPARED[name];
  const known = [lowest, highest, value].filter((number) => number !== null);
  const [from, to] = [Math.min(...known), Math.max(...known)];
  const at = (number) => `${to > from ? (100 * (number - from)) / (to - from) : 50}%`;
  const bar = h("span", { class: "range-line" });
  bar.style.left = at(lowest);
  bar.style.right = `calc(100% - ${at(highest)})`;
  const mark = (kind, number) => {
    const element = h("span", { class: kind });
    element.style.left = at(number);
    return element;
  };
  return h(
    "span",
    { class: "range" },
    h("span", { class: "visually-hidden" }, `${text(lowest)} – ${text(highest)}`),
    h(
      "span",
      { class: "range-track", "aria-hidden": "true", title: `${text(lowest)} – ${text(highest)}` },
      bar,
      mark("range-mean", typical),
      value !== null && mark("range-dot", value),
    ),
  );
}
