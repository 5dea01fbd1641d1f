// Renders the page, and renders it again when the reader changes language or theme.

/** Each kind of chart that a view can have (`chart` in kpis.py), by name. */
const CHARTS = {
  fill_rate: renderFillRate,
  shortage: renderShortage,
  saturation: renderSaturation,
  areas: renderArrondissements,
  top10: renderTop10,
  table: renderView,
};

function render() {
  const sections = ["now", "kpis", "days", "trends", "quality"].map((id) => document.getElementById(id));
  for (const section of sections) removeCharts(section);
  const [now, kpis, days, trends, quality] = sections;
  applyTheme();
  renderHeader();
  setChildren(now, renderSafely(renderNow));
  const grid = (...makers) => h("div", { class: "figures" }, makers.map(renderSafely));
  setChildren(
    kpis,
    h("h2", { id: "kpis-title" }, t("kpis_title")),
    grid(...report.charts.map((view) => () => CHARTS[view.chart](view))),
  );
  setChildren(days, renderSafely(renderDays));
  setChildren(
    trends,
    h("h2", { id: "trends-title" }, t("trends_title")),
    grid(renderWeek, renderToday, renderEpisodes),
  );
  setChildren(
    quality,
    h("h2", { id: "quality-title" }, t("quality_title")),
    grid(renderLedger, renderFreshness, renderStaleShare, renderQuarantine, renderDetails),
  );
}

/** Render a part of the page, or an error message in its place, so that the other parts still appear. */
function renderSafely(make) {
  try {
    return make();
  } catch (error) {
    console.error(error);
    return h("p", { class: "quiet" }, t("failed"));
  }
}

document.getElementById("language").addEventListener("click", () => {
  saveSetting("language", settings.language === "fr" ? "en" : "fr");
  render();
});
document.getElementById("theme").addEventListener("click", () => {
  saveSetting("theme", isDark() ? "light" : "dark");
  render();
});
systemDark.addEventListener("change", () => {
  if (!settings.theme) render();
});
addEventListener("resize", () => {
  resizeMap();
  redrawAreaMap();
});
addEventListener("focus", renderNotices); // the tab may have been open for a while
setInterval(renderNotices, MINUTE);
render();
