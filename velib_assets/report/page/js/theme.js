// Theme and language settings, and the colours that charts take from the style sheet.

const settings = {
  language: loadSetting("language") === "fr" ? "fr" : "en",
  theme: loadSetting("theme"),
};

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** Load a saved setting. Browsers may disallow storage for local files. */
function loadSetting(name) {
  try {
    return localStorage.getItem(`velib-insights-${name}`);
  } catch {
    return null;
  }
}

function saveSetting(name, value) {
  settings[name] = value;
  try {
    localStorage.setItem(`velib-insights-${name}`, value);
  } catch {
    // Storage is not available: the setting lasts until the page is closed.
  }
}

function isDark() {
  return settings.theme ? settings.theme === "dark" : systemDark.matches;
}

/** Apply the theme to the style sheet. */
function applyTheme() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

/** A colour of the style sheet, by its name. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The five colours from empty to full: orange to blue, which colour-blind readers can tell apart. */
function fillColours() {
  return ["fill-0", "fill-25", "fill-50", "fill-75", "fill-100"].map(colour);
}

/** Vega configuration shared by all charts. */
function chartConfig() {
  const font = getComputedStyle(document.body).fontFamily;
  const [ink, quiet, line] = [colour("ink"), colour("quiet"), colour("line")];
  return {
    background: "transparent",
    font,
    padding: 0,
    view: { stroke: null },
    axis: {
      labelColor: quiet,
      titleColor: quiet,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: "normal",
      gridColor: line,
      domainColor: line,
      tickColor: line,
      labelFont: font,
      titleFont: font,
      ticks: false,
      labelPadding: 6,
      domain: false,
    },
    legend: { labelColor: ink, titleColor: quiet, labelFontSize: 12, labelFont: font, titleFont: font },
    text: { color: ink, font },
  };
}
