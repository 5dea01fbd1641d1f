// Light or dark, English or French: what the reader chose, and the colours that charts take from the style.

const settings = {
  language: remembered("language") === "fr" ? "fr" : "en",
  theme: remembered("theme"),
};

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** What was chosen before on this machine; a browser may refuse to remember for a file. */
function remembered(name) {
  try {
    return localStorage.getItem(`velib-insights-${name}`);
  } catch {
    return null;
  }
}

function remember(name, value) {
  settings[name] = value;
  try {
    localStorage.setItem(`velib-insights-${name}`, value);
  } catch {
    // Then it holds until the page is closed.
  }
}

function isDark() {
  return settings.theme ? settings.theme === "dark" : systemDark.matches;
}

/** Make the style follow what was chosen. */
function applyTheme() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

/** A colour of the style by its name there. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The five colours from empty to full: orange and blue, which colour-blind readers can tell apart. */
function fillColours() {
  return ["fill-0", "fill-25", "fill-50", "fill-75", "fill-100"].map(colour);
}

/** What every chart looks like. */
function chartLook() {
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
