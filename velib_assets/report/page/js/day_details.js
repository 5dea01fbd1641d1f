// The numbers of the day that is chosen in the calendar.

function renderDayDetails(details) {
  const date = calendarState.chosen;
  const day = storedDays.find((entry) => entry.date === date);
  setChildren(
    details,
    h("h4", {}, dayText(date)),
    day ? [dayNumbers(day), worstStations(day)] : h("p", { class: "quiet" }, t("day_missing")),
  );
}

function dayNumbers(day) {
  const item = (label, value, below = null) =>
    h("div", {}, h("dt", {}, label), h("dd", {}, value, below && h("span", { class: "quiet below-number" }, below)));
  const minutes = (state) => {
    const hours = day[`minutes_${state}`] === null ? null : Math.round(day[`minutes_${state}`] / 60);
    return [minutesText(minutesPerDay(day[`${state}_share`])), t("station_hours", { n: hours })];
  };
  return h(
    "dl",
    { class: "numbers day-numbers" },
    item(
      t("coverage"),
      dataElement(day.coverage, percent(day.coverage, 0)),
      t("slots_of", {
        n: day.slots_stored,
        all: day.slots,
        share: percent(day.time_covered, 0),
      }),
    ),
    known.fill_rate &&
      item(
      t("fill_rate"),
      dataElement(day.avg_fill_rate, percent(day.avg_fill_rate)),
      t("from_to", { a: percent(day.min_fill_rate, 0), b: percent(day.max_fill_rate, 0) }),
    ),
    item(t("minutes_short"), ...minutes("short")),
    known.saturated && item(t("minutes_saturated"), ...minutes("saturated")),
    item(
      t("came_and_went"),
      t("plus_minus", { a: number(day.arrivals_at_least), b: number(day.departures_at_least) }),
      t("no_trips"),
    ),
    item(
      t("stations_count"),
      dataElement(day.stations, number(day.stations)),
      t("opened_closed", {
        opened: day.stations_opened,
        closed: day.stations_closed,
        silent: day.stations_silent,
      }),
    ),
  );
}

function worstStations(day) {
  if (!day.worst_stations.length) return null;
  return [
    h("h5", {}, t("worst_of_day")),
    h(
      "ol",
      { class: "worst" },
      day.worst_stations.map((id) => h("li", {}, stationButton(id, stationById.get(id)?.name ?? id))),
    ),
  ];
}
