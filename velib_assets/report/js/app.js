// Putting the page together, and again when the reader changes language or colours.

function render() {
  const sections = ["now", "kpis", "time", "trust"].map((id) => document.getElementById(id));
  for (const section of sections) forgetCharts(section);
  applyTheme();
  renderHeader();
  renderNow();
  const [, kpis, time, trust] = sections;
  const grid = (...figures) => h("div", { class: "figures" }, figures);
  fill(kpis, h("h2", { id: "kpis-title" }, t("kpis_title")),
    grid(renderFillRate(), renderTop10(), renderShortage(), renderSaturation(), renderArrondissements()));
  fill(time, h("h2", { id: "time-title" }, t("time_title")), grid(renderWeek(), renderToday(), renderEpisodes()));
  fill(trust, h("h2", { id: "trust-title" }, t("trust_title")),
    grid(renderLedger(), renderFreshness(), renderStaleShare(), renderQuarantine()));
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
setInterval(renderNotices, MINUTE);
render();
