// How numbers, times and ages are written. Times are shown on Paris's wall clock, whatever the reader's is.

const PARIS = "Europe/Paris";
const NONE = "–";
const formats = new Map();

/** A number or date format of Intl, made once for each language: making one is what costs. */
function formatOf(kind, options) {
  const key = settings.language + kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(settings.language === "fr" ? "fr-FR" : "en-GB", options));
  return formats.get(key);
}

function number(value) {
  return value === null || value === undefined ? NONE : formatOf(Intl.NumberFormat, {}).format(value);
}

/** A share 0..1 in per cent, to a tenth. */
function percent(share, digits = 1) {
  if (share === null || share === undefined) return NONE;
  const options = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return formatOf(Intl.NumberFormat, options).format(share);
}

/** A change with its sign: +12, −3, ±0. */
function signed(change) {
  if (change === 0) return "±0";
  return (change > 0 ? "+" : "−") + number(Math.abs(change));
}

function paris(time, options) {
  return time === null || time === undefined
    ? NONE
    : formatOf(Intl.DateTimeFormat, { timeZone: PARIS, ...options }).format(new Date(time));
}

function clock(time) {
  return paris(time, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function clockAndDay(time) {
  return paris(time, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}

function fullTime(time) {
  return paris(time, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}

/** The name of an ISO weekday, 1 Monday to 7 Sunday. 1 January 2024 was a Monday. */
function weekday(day, width = "long") {
  return formatOf(Intl.DateTimeFormat, { weekday: width, timeZone: "UTC" }).format(Date.UTC(2024, 0, day));
}

/** The hour 0..23 that Paris's clocks show. */
function parisHour(time) {
  const hour = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    hourCycle: "h23",
    timeZone: PARIS,
  }).format(time);
  return Number(hour);
}

/** The ISO weekday 1..7 in Paris. */
function parisDay(time) {
  const name = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: PARIS }).format(time);
  return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(name) + 1;
}

const AGES = [
  ["year", 365.25 * 24 * HOUR],
  ["month", 30.44 * 24 * HOUR],
  ["day", 24 * HOUR],
  ["hour", HOUR],
  ["minute", MINUTE],
];

/** A length of time in words, in its largest whole unit: `3 hours`. */
function age(length) {
  const [unit, size] = AGES.find(([, least]) => length >= least) || AGES[AGES.length - 1];
  return formatOf(Intl.NumberFormat, { style: "unit", unit, unitDisplay: "long" }).format(
    Math.floor(length / size),
  );
}

/** How an arrondissement or commune is called; the feed may not say where a station is. */
function place(name) {
  return name ?? t("unplaced");
}

/** How Vega writes numbers on its axes: as the rest of the page does. */
function numberLocale() {
  const french = settings.language === "fr";
  return {
    decimal: french ? "," : ".",
    thousands: french ? "\u202f" : ",",
    grouping: [3],
    currency: ["", ""],
    percent: french ? "\u202f%" : "%",
  };
}
