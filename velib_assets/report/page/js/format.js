// Formats numbers, times and durations. Times are shown in the network's time zone, whatever the reader's is.

const NO_VALUE = "–";
const formats = new Map();

/** Return a number or date format of Intl, cached because creating one is slow. */
function intlFormat(kind, options) {
  const key = settings.language + kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(settings.language === "fr" ? "fr-FR" : "en-GB", options));
  return formats.get(key);
}

function number(value) {
  return value === null || value === undefined ? NO_VALUE : intlFormat(Intl.NumberFormat, {}).format(value);
}

/** Format a share 0..1 as a percentage. */
function percent(share, digits = 1) {
  if (share === null || share === undefined) return NO_VALUE;
  const options = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return intlFormat(Intl.NumberFormat, options).format(share);
}

/** Format a change with its sign: +12, −3, ±0. */
function signed(change) {
  if (change === 0) return "±0";
  return (change > 0 ? "+" : "−") + number(Math.abs(change));
}

function formatLocal(time, options) {
  return time === null || time === undefined
    ? NO_VALUE
    : intlFormat(Intl.DateTimeFormat, { timeZone: ZONE, ...options }).format(new Date(time));
}

function clock(time) {
  return formatLocal(time, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function clockAndDay(time) {
  return formatLocal(time, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}

function fullTime(time) {
  return formatLocal(time, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}

/** Name of an ISO weekday: 1 is Monday, 7 is Sunday. 1 January 2024 was a Monday. */
function weekday(day, width = "long") {
  return intlFormat(Intl.DateTimeFormat, { weekday: width, timeZone: "UTC" }).format(Date.UTC(2024, 0, day));
}

const localClock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZone: ZONE,
});

/** The minute of the local day, 0..1439. Some time zones are half an hour or a quarter off the full hours of UTC. */
function localMinute(time) {
  const [hour, minute] = localClock.format(time).split(":").map(Number);
  return 60 * hour + minute;
}

/** The ISO weekday 1..7 of the local day. */
function localDay(time) {
  const name = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: ZONE }).format(time);
  return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(name) + 1;
}

const AGES = [
  ["year", 365.25 * 24 * HOUR],
  ["month", 30.44 * 24 * HOUR],
  ["day", 24 * HOUR],
  ["hour", HOUR],
  ["minute", MINUTE],
];

/** A duration in its largest whole unit: `3 hours`. */
function age(length) {
  const [unit, size] = AGES.find(([, least]) => length >= least) || AGES[AGES.length - 1];
  return intlFormat(Intl.NumberFormat, { style: "unit", unit, unitDisplay: "long" }).format(
    Math.floor(length / size),
  );
}

/** Name of an area as text. Some stations may have none; if no station has one, the network is the area. */
function areaName(name) {
  return name ?? (hasAreas ? t("unknown_area") : system.name);
}

/** Name of an area beside a station's name, or null in a network without areas. */
function areaElement(name) {
  return hasAreas ? h("bdi", { class: "quiet" }, areaName(name)) : null;
}

/** Number format for Vega's axes, matching the rest of the page. */
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
