// The top and the end of the page: what is shown, how old it is, where it comes from and under which licence.

const FRESH = 20 * MINUTE;

function renderHeader() {
  document.documentElement.lang = settings.language;
  for (const element of document.querySelectorAll("[data-word]"))
    element.textContent = t(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]"))
    element.setAttribute("aria-label", t(element.dataset.label));
  document.title = `${t("title")} – Vélib' Insights`;
  const language = document.getElementById("language");
  language.textContent = t("language_switch");
  language.lang = settings.language === "fr" ? "en" : "fr";
  document.getElementById("theme").textContent = t(isDark() ? "theme_light" : "theme_dark");
  fill(
    document.getElementById("shown"),
    report.newest_ts
      ? h("time", { datetime: report.newest_ts }, t("shown", { time: fullTime(report.newest_ts) }))
      : null,
  );
  renderNotices();
  renderSource();
}

/** What the reader must know first. Its age is the one at reading, so it is looked at again every minute. */
function renderNotices() {
  const old = report.newest_ts ? Date.now() - millis(report.newest_ts) : 0;
  const notices = [
    !report.newest_ts && ["empty", t("empty")],
    old > FRESH && ["old", t("old", { age: age(old) })],
    isSilent(report.totals.now) && [
      "old",
      t("silent", { n: report.totals.now.stale, all: report.totals.now.stations }),
    ],
    report.source.simulated && ["simulated", t("simulated")],
  ].filter(Boolean);
  const box = document.getElementById("notices");
  const words = notices.map(([kind, text]) => `${kind}:${text}`).join("|");
  if (box.dataset.words === words) return;
  box.dataset.words = words;
  fill(
    box,
    notices.map(([kind, text]) => h("p", { class: `notice ${kind}` }, text)),
  );
}

/** Whether most stations have stopped reporting: the feed is there, but what it says is old. */
function isSilent(totals) {
  return totals !== null && totals.stale * 2 > totals.stations;
}

/** The attribution that the feed's licence asks for. The operator's own feed has another one than the city's. */
function renderSource() {
  const gbfs = report.source.feed === "gbfs";
  const attribution = t(gbfs ? "attribution_gbfs" : "attribution");
  const link = (href, words) => h("a", { href, rel: "noopener" }, words);
  fill(
    document.getElementById("source"),
    h("h2", {}, t("source")),
    report.source.simulated
      ? h("p", {}, t("invented", { attribution }))
      : h("p", {}, attribution, " ", !gbfs && t("derived")),
    !gbfs &&
      h(
        "p",
        {},
        link("https://opendata.paris.fr/explore/dataset/velib-disponibilite-en-temps-reel/", t("dataset")),
        " · ",
        link("https://opendatacommons.org/licenses/odbl/1-0/", t("licence")),
      ),
    h("p", { class: "quiet" }, t("made_with"), " ", t("made", { time: fullTime(report.made_at) })),
  );
}
