// The calendar: a cell per day, one week per row, coloured by the chosen measure. The arrow keys move in it.

const CALENDAR_DAYS = 90;
const DAY_AND_MONTH = { day: "numeric", month: "short" };

const calendarState = { measure: "short_share", chosen: null };

function renderCalendar() {
  const holder = h("div", { class: "calendar-holder" });
  const details = h("div", { id: "day-details", class: "day-details", role: "status" });
  calendarState.chosen ??= (report.daily.comparison ?? storedDays[storedDays.length - 1]).date;
  const draw = () => setChildren(holder, calendarTable(details), calendarLegend());
  draw();
  renderDayDetails(details);
  const options = Object.entries(DAY_MEASURES).map(([name, { label }]) => [name, t(label)]);
  const select = (name) => {
    calendarState.measure = name;
    draw();
  };
  return figure({
    id: "calendar",
    title: t("calendar_title"),
    name: "kpi_daily_network",
    lead: [phrase("days_stored", { n: storedDays.length, all: CALENDAR_DAYS }), " ", t("calendar_lead", { zone: ZONE })],
    content: [
      radioGroup(
        { title: t("show"), name: "calendar-measure", options, selected: calendarState.measure },
        select,
      ),
      h("div", { class: "side-by-side calendar-side" }, holder, details),
    ],
    table: daysTable,
    exports: ["days"],
  });
}

/** The weeks from the first stored day to the last one of the calendar; `days` are null outside of these. */
function weeks() {
  const [first, last] = [Date.parse(storedDays[0].date), Date.parse(report.daily.last)];
  const day = 24 * HOUR;
  const rows = [];
  for (let monday = first - (weekdayOf(storedDays[0].date) - 1) * day; monday <= last; monday += 7 * day) {
    const text = (at) => new Date(at).toISOString().slice(0, 10);
    const days = Array.from({ length: 7 }, (_, k) => monday + k * day);
    rows.push({
      monday: text(monday),
      days: days.map((at) => (at < first || at > last ? null : text(at))),
    });
  }
  return rows;
}

/** The lowest and the highest value of a measure over the complete days, or over all if few are complete. */
function measureDomain({ of, domain }) {
  if (domain) return domain;
  const complete = storedDays.filter(isComplete);
  const counted = complete.length > 2 ? complete : storedDays;
  const values = counted.map(of).filter((value) => value !== null);
  return values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
}

function calendarTable(details) {
  const byDate = new Map(storedDays.map((day) => [day.date, day]));
  const measureOf = DAY_MEASURES[calendarState.measure];
  const domain = measureDomain(measureOf);
  const grid = h("tbody");
  const choose = (date) => {
    calendarState.chosen = date;
    for (const button of grid.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.date === date));
      button.tabIndex = button.dataset.date === date ? 0 : -1;
    }
    renderDayDetails(details);
  };
  append(
    grid,
    weeks().map(({ monday, days }) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, dayText(monday, DAY_AND_MONTH)),
        days.map((date) =>
          h("td", {}, date && dayButton(date, byDate.get(date), measureOf, domain, choose)),
        ),
      ),
    ),
  );
  grid.addEventListener("keydown", (event) => moveInCalendar(event, grid));
  const names = [1, 2, 3, 4, 5, 6, 7].map((day) =>
    h("th", { scope: "col" }, h("abbr", { title: weekday(day) }, weekday(day, "short").slice(0, 3))),
  );
  return h(
    "table",
    { class: "calendar" },
    h("caption", { class: "visually-hidden" }, t("calendar_caption", { measure: t(measureOf.label) })),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("week_from")), names)),
    grid,
  );
}

function dayButton(date, day, { label, of, text, colours }, [low, high], choose) {
  const value = day ? of(day) : null;
  const chosen = calendarState.chosen === date;
  const button = h(
    "button",
    {
      type: "button",
      class: `day ${!day ? "missing" : isComplete(day) ? "complete" : "incomplete"}`,
      "data-date": date,
      "aria-pressed": String(chosen),
      tabindex: chosen ? "0" : "-1",
      "aria-label": day
        ? `${dayText(date)}. ${labelled(t(label), text(value))}. ${labelled(t("coverage"), percent(day.coverage, 0))}`
        : `${dayText(date)}. ${t("day_missing")}`,
      onclick: () => choose(date),
    },
    h(
      "span",
      { class: "day-number" },
      date.endsWith("-01") ? dayText(date, DAY_AND_MONTH) : String(Number(date.slice(8))),
    ),
    h("span", { class: "day-value" }, value === null ? NO_VALUE : text(value).replace(/[\s\u202f].*/, "")),
  );
  if (value !== null) {
    const paint = rampColour(colours(), high > low ? (value - low) / (high - low) : 0.5);
    button.style.backgroundColor = paint;
    button.style.color = textColourOn(paint);
  }
  return button;
}

/** Move the focus by days and weeks, to the first and to the last day. */
function moveInCalendar(event, grid) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -Infinity, End: Infinity };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const buttons = [...grid.querySelectorAll("button")];
  const next = Math.max(0, Math.min(buttons.length - 1, buttons.indexOf(event.target) + step));
  if (Math.abs(step) === 7 && next !== buttons.indexOf(event.target) + step) return;
  for (const button of buttons) button.tabIndex = button === buttons[next] ? 0 : -1;
  buttons[next].focus();
}

function calendarLegend() {
  const { colours, text, ...measureOf } = DAY_MEASURES[calendarState.measure];
  const [low, high] = measureDomain(measureOf);
  const bar = h("span", { class: "ramp-bar", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(90deg, ${colours().join(", ")})`;
  return h(
    "ul",
    { class: "chart-legend" },
    h("li", { class: "ramp" }, text(low), bar, text(high)),
    h(
      "li",
      {},
      h("span", { class: "swatch day incomplete", "aria-hidden": "true" }),
      t("day_incomplete", { share: percent(COMPLETE, 0) }),
    ),
    h("li", {}, h("span", { class: "swatch day missing", "aria-hidden": "true" }), t("day_not_stored")),
  );
}

function daysTable() {
  return table(
    [
      { title: t("date"), row: true, cell: ({ date }) => date },
      ...Object.values(DAY_MEASURES).map(({ label, of, text }) => ({
        title: t(label),
        numeric: true,
        cell: (day) => dataElement(of(day), text(of(day))),
      })),
    ],
    [...storedDays].reverse(),
    { caption: t("calendar_title") },
  );
}
