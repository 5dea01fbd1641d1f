// The page's header and footer: what is shown, how old it is, its source and licence.

const MAX_AGE = 20 * MINUTE;

function renderHeader() {
  document.documentElement.lang = settings.language;
  for (const element of document.querySelectorAll("[data-text]"))
    setChildren(element, phrase(element.dataset.text, { network: networkName() }));
  for (const element of document.querySelectorAll("[data-label]"))
    element.setAttribute("aria-label", t(element.dataset.label));
  document.title = `${t("title", { network: system.name })} – ${t("brand")}`;
  const language = document.getElementById("language");
  language.textContent = t("language_switch");
  language.lang = settings.language === "fr" ? "en" : "fr";
  document.getElementById("theme").textContent = t(isDark() ? "theme_light" : "theme_dark");
  setChildren(
    document.getElementById("shown"),
    report.newest_ts
      ? h("time", { datetime: report.newest_ts }, t("shown", { time: fullTime(report.newest_ts), zone: ZONE }))
      : null,
  );
  renderNotices();
  renderSource();
}

/** Show warnings. The data's age depends on the time of reading, so this runs again every minute. */
function renderNotices() {
  const old = report.newest_ts ? Date.now() - millis(report.newest_ts) : 0;
  const notices = [
    !report.newest_ts && ["empty", t("empty")],
    old > MAX_AGE && ["old", t("old", { age: age(old) })],
    isMostlyStale(report.totals.now) && [
      "old",
      t("mostly_stale", { n: report.totals.now.stale, all: report.totals.now.stations }),
    ],
    report.source.simulated && ["simulated", t("simulated")],
  ].filter(Boolean);
  const box = document.getElementById("notices");
  const signature = notices.map(([kind, text]) => `${kind}:${text}`).join("|");
  if (box.dataset.signature === signature) return;
  box.dataset.signature = signature;
  setChildren(
    box,
    notices.map(([kind, text]) => h("p", { class: `notice ${kind}` }, text)),
  );
}

/** Whether most stations have stopped reporting although the feed still responds. */
function isMostlyStale(totals) {
  return totals !== null && totals.stale * 2 > totals.stations;
}

/** Show where the data come from, under which licence. */
function renderSource() {
  setChildren(
    document.getElementById("source"),
    h("h2", {}, t("source")),
    sourceOfData(),
    h("p", { class: "quiet" }, t("made_with"), " ", t("made", { time: fullTime(report.made_at) })),
  );
}

function outerLink(href, label) {
  return h("a", { href, rel: "noopener" }, label);
}
