// kpi_episodes: shortages and saturations in the last 24 hours, with start, end and duration.

const FIRST_EPISODES = 12;
let selectedKind = "";

function renderEpisodes() {
  const holder = h("div");
  const draw = () =>
    setChildren(
      holder,
      episodeTable(report.episodes.filter((entry) => !selectedKind || entry.kind === selectedKind)),
    );
  draw();
  const options = [
    ["", t("both")],
    ["shortage", t("shortage")],
    ["saturation", t("saturation")],
  ];
  const choice = radioGroup({ title: t("kind"), name: "kind", options, selected: selectedKind }, (kind) => {
    selectedKind = kind;
    draw();
  });
  return figure({
    id: "kpi_episodes",
    title: t("episodes_title"),
    name: "kpi_episodes",
    lead: t("episodes_lead"),
    content: report.newest_ts ? [choice, holder] : null,
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
        cell: (entry) =>
          withIcon(
            entry.kind === "shortage" ? "short" : "saturated",
            t(entry.kind),
            stationButton(entry.station_id, entry.name),
          ),
      },
      ...areaColumn(),
      { title: t("start"), numeric: true, cell: (entry) => clockWithDay(entry.start_ts) },
      {
        title: t("end"),
        numeric: true,
        cell: (entry) => (entry.is_open ? t("ongoing") : clockWithDay(entry.end_ts)),
      },
      counts(t("minutes"), "minutes"),
      { title: t("timeline"), wide: true, cell: (entry) => span(entry, end) },
    ],
    episodes,
    { caption: t("episodes_title"), first: FIRST_EPISODES },
  );
}

/** A local time of day, with the weekday if it is not the newest snapshot's day. */
function clockWithDay(time) {
  const at = millis(time);
  return localDay(at) === localDay(millis(report.newest_ts))
    ? clock(at)
    : `${weekday(localDay(at), "short")} ${clock(at)}`;
}

/** An episode as a bar on a 24-hour timeline. */
function span(episode, end) {
  const share = (time) => Math.max(0, Math.min(1, 1 - (end - millis(time)) / (24 * HOUR)));
  const bar = h("span", { class: `span-bar ${episode.kind}` });
  bar.style.left = `${100 * share(episode.start_ts)}%`;
  bar.style.width = `${Math.max(1, 100 * (share(episode.end_ts) - share(episode.start_ts)))}%`;
  return h("span", { class: "span", "aria-hidden": "true" }, bar);
}
