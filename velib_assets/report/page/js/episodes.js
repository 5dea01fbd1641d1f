// Episodes of shortage and saturation in the last 24 hours: which station, from when to when, how long.

const FIRST_EPISODES = 12;
let kindShown = "";

function renderEpisodes() {
  const holder = h("div");
  const draw = () =>
    fill(holder, episodeTable(report.episodes.filter((one) => !kindShown || one.kind === kindShown)));
  draw();
  const choice = h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, t("kind")),
    [
      ["", "both"],
      ["shortage", "shortage"],
      ["saturation", "saturation"],
    ].map(([value, words]) =>
      h(
        "label",
        { class: "check" },
        h("input", {
          type: "radio",
          name: "kind",
          value,
          checked: value === kindShown,
          onchange: () => {
            kindShown = value;
            draw();
          },
        }),
        t(words),
      ),
    ),
  );
  return figure({
    id: "kpi_episodes",
    title: t("episodes_title"),
    name: "kpi_episodes",
    lead: t("episodes_lead"),
    picture: report.newest_ts ? [choice, holder] : null,
    exports: ["kpi_episodes"],
  });
}

function episodeTable(episodes) {
  if (!episodes.length) return h("p", { class: "quiet" }, t("no_episode"));
  const end = millis(report.newest_ts);
  return table(
    [
      {
        title: t("station"),
        row: true,
        cell: (one) =>
          withIcon(
            one.kind === "shortage" ? "short" : "saturated",
            t(one.kind),
            stationButton(one.station_id, one.name),
          ),
      },
      { title: t("arrondissement"), wide: true, cell: (one) => place(one.arrondissement) },
      { title: t("start"), numeric: true, cell: (one) => clockToday(one.start_ts) },
      { title: t("end"), numeric: true, cell: (one) => (one.is_open ? t("lasts") : clockToday(one.end_ts)) },
      counts(t("minutes"), "minutes"),
      { title: t("timeline"), wide: true, cell: (one) => span(one, end) },
    ],
    episodes,
    { caption: t("episodes_title"), first: FIRST_EPISODES },
  );
}

/** A time of the day, with its weekday where that is another day in Paris than the newest snapshot's. */
function clockToday(time) {
  const at = millis(time);
  return parisDay(at) === parisDay(millis(report.newest_ts))
    ? clock(at)
    : `${weekday(parisDay(at), "short")} ${clock(at)}`;
}

/** Where an episode lies in the 24 hours, as a bar. */
function span(episode, end) {
  const share = (time) => Math.max(0, Math.min(1, 1 - (end - millis(time)) / (24 * HOUR)));
  const bar = h("span", { class: `span-bar ${episode.kind}` });
  bar.style.left = `${100 * share(episode.start_ts)}%`;
  bar.style.width = `${Math.max(1, 100 * (share(episode.end_ts) - share(episode.start_ts)))}%`;
  return h("span", { class: "span", "aria-hidden": "true" }, bar);
}
