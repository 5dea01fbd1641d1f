// Putting the page together, and again when the reader changes language or colours.

function render() {
  const sections = ["now", "kpis", "time", "trust"].map((id) => document.getElementById(id));
  for (const section of sections) forgetCharts(section);
  const [now, kpis, time, trust] = sections;
  applyTheme();
  renderHeader();
  fill(now, safely(renderNow));
  const grid = (...makers) => h("div", { class: "figures" }, makers.map(safely));
  fill(
    kpis,
    h("h2", { id: "kpis-title" }, t("kpis_title")),
    grid(renderFillRate, renderShortage, renderSaturation, renderArrondissements, renderTop10),
  );
  fill(time, h("h2", { id: "time-title" }, t("time_title")), grid(renderWeek, renderToday, renderEpisodes));
  fill(
    trust,
    h("h2", { id: "trust-title" }, t("trust_title")),
    grid(renderLedger, renderFreshness, renderStaleShare, renderQuarantine),
  );
}

/** What a part of the page makes, or a line in its place: one broken part must not take the others with it. */
function safely(make) {
  try {
    return make();
  } catch (error) {
    console.error(error);
    return h("p", { class: "quiet" }, t("failed"));
  }
}

document.getElementById("language").addEventListener("click", () => {
  remember("language", settings.language === "fr" ? "en" : "fr");
  render();
});
document.getElementById("theme").addEventListener("click", () => {
  remember("theme", isDark() ? "light" : "dark");
  render();
});
systemDark.addEventListener("change", () => {
  if (!settings.theme) render();
});
addEventListener("resize", resizeMap);
addEventListener("focus", renderNotices); // a tab that was left open
setInterval(renderNotices, MINUTE);
render();
