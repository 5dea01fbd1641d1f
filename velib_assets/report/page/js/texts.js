// The page's texts in English and French, and the functions that fill in values. Those that differ between networks are
// in texts_velib.js and texts_network.js.

const TEXTS = {
  ...NETWORK_TEXTS,

  // The page
  skip: ["Skip to the stations", "Aller aux stations"],
  sections: ["Sections", "Sections"],
  now: ["Now", "Maintenant"],
  kpis: ["KPIs", "Indicateurs"],
  days_section: ["Days", "Jours"],
  trends: ["Trends", "Tendances"],
  quality: ["Quality", "Qualité"],
  language_switch: ["Français", "English"],
  theme_dark: ["Dark", "Sombre"],
  theme_light: ["Light", "Clair"],
  made: ["Page generated on {time}.", "Page générée le {time}."],
  old: [
    "This data is not current. The newest snapshot is {age} old.",
    "Ces données ne sont pas à jour. Le dernier relevé date d'il y a {age}.",
  ],
  mostly_stale: [
    "The feed responds, but {n} of {all} stations have not reported for more than three hours.",
    "Le flux répond, mais {n} stations sur {all} n'ont rien transmis depuis plus de trois heures.",
  ],
  simulated: [
    "Simulated data: these stations and numbers are invented.",
    "Données simulées : ces stations et ces chiffres sont inventés.",
  ],
  empty: [
    "No snapshot yet. This page fills in after the first one.",
    "Aucun relevé pour l'instant. Cette page se remplira après le premier.",
  ],
  not_in_feed: ["not in the feed", "absents du flux"],
  no_fill_rate: [
    "The fill rate is unknown: the feed has neither free docks nor capacities.",
    "Le remplissage est inconnu : le flux ne donne ni places libres ni capacités.",
  ],
  no_saturation: [
    "Saturation is unknown: the feed has neither free docks nor capacities.",
    "La saturation est inconnue : le flux ne donne ni places libres ni capacités.",
  ],
  no_data: ["No data yet.", "Pas encore de données."],
  no_operating: ["No station is in operation.", "Aucune station n'est en service."],
  failed: ["This chart could not be drawn.", "Ce graphique n'a pas pu être affiché."],
  as_table: ["Show as table", "Afficher le tableau"],
  download: ["Download:", "Télécharger :"],
  rows: ["{n} {n|row|rows}", "{n} {n|ligne|lignes}"],
  show_more: ["Show {n} more", "Afficher {n} de plus"],

  moment: ["Time", "Heure"],
  labelled: ["{label}: {value}", "{label} : {value}"],

  // Now
  now_title: ["Now", "Maintenant"],
  bikes: ["Bikes", "Vélos"],
  of_them_mechanical: ["{n} mechanical", "{n} mécaniques"],
  ebikes: ["E-bikes", "Vélos électriques"],
  share_of_bikes: ["{share} of all bikes", "{share} des vélos"],
  docks: ["Free docks", "Places libres"],
  in_operation: ["In operation", "En service"],
  of_stations: ["of {n} {n|station|stations}", "sur {n} {n|station|stations}"],
  short: ["Short of bikes", "Sans vélo"],
  saturated: ["Saturated", "Saturées"],
  stale: ["Stale", "Sans signal"],
  no_bike: ["no bikes left", "plus aucun vélo"],
  virtual_below: ["virtual stations never are", "jamais, car virtuelles"],
  no_dock: ["full or nearly full", "pleines ou presque"],
  stale_short: ["no report for 3 h", "depuis plus de 3 h"],
  since_hour: ["in 1 h", "en 1 h"],
  since_day: ["in 24 h", "en 24 h"],
  since_title: ["compared with {time}", "par rapport à {time}"],
  no_before: ["No earlier snapshot to compare with yet.", "Pas encore de relevé antérieur pour comparer."],
  map: ["Station map", "Carte des stations"],
  map_label: [
    "Map of {n} {n|station|stations}, coloured by fill rate. The list beside it contains the same stations.",
    "Carte de {n} {n|station|stations}, colorées selon leur remplissage. La liste voisine contient les mêmes stations.",
  ],
  map_keys: [
    "Map: the arrow keys move it, plus and minus zoom, 0 shows the whole network.",
    "Carte : les flèches la déplacent, plus et moins l'agrandissent et la réduisent, 0 montre tout le réseau.",
  ],
  two_fingers: ["Two fingers move and zoom the map.", "Deux doigts déplacent et agrandissent la carte."],
  areas_by: ["Areas, {measure}", "Secteurs, {measure}"],
  colour_areas: ["Colour areas by", "Colorer les secteurs selon"],
  no_colour: ["Nothing", "Rien"],
  of_the_stations: ["{share} of the stations", "{share} des stations"],
  zoom_in: ["Zoom in", "Agrandir"],
  zoom_out: ["Zoom out", "Réduire"],
  whole: ["Whole network", "Tout le réseau"],
  empty_end: ["empty", "vide"],
  full_end: ["full", "pleine"],
  size_is: ["Size: capacity", "Taille : capacité"],
  fill_unknown: ["Fill rate unknown", "Remplissage inconnu"],
  virtual: ["virtual station, without docks of its own", "station virtuelle, sans bornes propres"],
  no_position: [
    "{n} {n|station has|stations have} no known position and {n|is|are} in the list only.",
    "{n} {n|station sans position connue n'est|stations sans position connue ne sont} que dans la liste.",
  ],
  no_positions: [
    "The feed gives no positions, so there is no map.",
    "Le flux ne donne pas de positions : il n'y a donc pas de carte.",
  ],
  state_ok: ["Normal", "Normale"],
  state_short: ["Short of bikes", "Sans vélo"],
  state_saturated: ["Saturated", "Saturée"],
  state_stale: ["Stale", "Sans signal"],
  state_closed: ["Closed", "Fermée"],
  state_unknown: ["Unknown", "État inconnu"],
  filters: ["Filters", "Filtres"],
  at_least_one: ["With at least one", "Avec au moins"],
  a_bike: ["bike", "un vélo"],
  an_ebike: ["e-bike", "un vélo électrique"],
  a_dock: ["free dock", "une place libre"],
  everywhere: ["All areas", "Partout"],
  search: ["Find a station", "Chercher une station"],
  search_hint: ["Name or number", "Nom ou numéro"],
  found: ["{n} of {all} stations", "{n} {n|station|stations} sur {all}"],
  no_station: ["No station matches these filters.", "Aucune station ne correspond à ces filtres."],
  station: ["Station", "Station"],
  fill_rate: ["Fill rate", "Remplissage"],
  mechanical: ["Mechanical", "Mécaniques"],
  capacity: ["Capacity", "Capacité"],
  reported: ["Last report: {time}", "Dernier signal : {time}"],
  not_renting: ["not renting bikes", "location suspendue"],
  not_returning: ["not accepting returns", "retours suspendus"],
  last_day: ["Last 24 hours", "Dernières 24 heures"],
  close: ["Close", "Fermer"],
  pick: [
    "Select a station on the map or in the list.",
    "Choisissez une station sur la carte ou dans la liste.",
  ],

  // The five KPIs
  kpis_title: ["The five KPIs", "Les cinq indicateurs"],
  over_share: ["over {share}", "plus de {share}"],
  fill_title: ["Fill rate", "Taux de remplissage"],
  fill_lead: [
    "Stations are {mean} full on average. Of {n} installed {n|station|stations}, {stale} {stale|is|are} stale.",
    "Les stations sont remplies à {mean} en moyenne. Sur {n} {n|station installée|stations installées}, {stale} {stale|est|sont} sans signal.",
  ],
  stations_count: ["Stations", "Stations"],
  short_title: ["Shortage", "Pénurie"],
  short_lead_whole: ["{n} {n|station has|stations have} no bikes.", "{n} {n|station|stations} sans vélo."],
  saturated_title: ["Saturation", "Saturation"],
  saturated_lead: [
    "{n} {n|station has no free dock or is|stations have no free dock or are} at least 90% full; {none} {none|has|have} no free dock at all.",
    "{n} {n|station sans place libre ou pleine|stations sans place libre ou pleines} à 90 % au moins, dont {none} sans aucune place libre.",
  ],
  saturated_lead_rate: [
    "{n} {n|station is|stations are} at least 90% full. The feed has no free docks.",
    "{n} {n|station pleine|stations pleines} à 90 % au moins. Le flux ne donne pas de places libres.",
  ],
  no_saturation_virtual: [
    "All stations are virtual, places without docks of their own: none is ever saturated.",
    "Toutes les stations sont virtuelles, sans bornes propres : aucune n'est jamais saturée.",
  ],
  which_now: ["Stations affected now", "Stations concernées maintenant"],
  arrondissements_title_whole: ["Saturation of the network", "Saturation du réseau"],
  arrondissements_lead: [
    "The fill rate ranges from {low} in {lowest} to {high} in {highest}.",
    "Le remplissage va de {low} ({lowest}) à {high} ({highest}).",
  ],
  areas_label: [
    "Map of {n} {n|area|areas}, drawn from the positions of their stations. The table beside it contains the numbers.",
    "Carte de {n} {n|secteur|secteurs}, d'après la position de leurs stations. Le tableau voisin donne les chiffres.",
  ],
  unknown_area: ["Unknown area", "Secteur inconnu"],
  top_title: ["Top 10 over two hours", "Top 10 sur deux heures"],
  top_lead: [
    "The most critical stations of the two hours up to {time}, with the number of snapshots behind each score.",
    "Les stations les plus critiques des deux heures précédant {time}, et le nombre de relevés à l'origine de leur score.",
  ],
  top_score: ["Score", "Score"],
  points: ["{n} {n|point|points}", "{n} {n|point|points}"],
  reason_short: ["{n} × no bikes", "{n} × sans vélo"],
  reason_no_dock: ["{n} × no free dock", "{n} × sans place libre"],
  reason_full: ["{n} × at least 90% full", "{n} × pleine à 90 % au moins"],
  reason_none: ["not critical", "rien de critique"],
  key_short: ["No bikes (2 points per snapshot)", "Sans vélo (2 points par relevé)"],
  key_no_dock: ["No free dock (2 points)", "Sans place libre (2 points)"],
  key_full: ["At least 90% full (1 point)", "Pleine à 90 % au moins (1 point)"],

  // Days
  days_title: ["Days", "Jours"],
  no_days: [
    "No day is stored yet. The job {job} stores each day after it is over. For earlier days, run",
    "Aucun jour enregistré pour l'instant. La tâche {job} enregistre chaque jour une fois terminé. Pour les jours passés, lancez",
  ],
  min: ["{n} min", "{n} min"],
  minutes_short: ["Short, per station", "Sans vélo, par station"],
  minutes_saturated: ["Saturated, per station", "Saturation, par station"],
  coverage: ["Coverage", "Couverture"],
  ebike_share: ["Share of e-bikes", "Part des vélos électriques"],
  departures: ["Bikes that left, at least", "Vélos partis, au moins"],
  points_of_percent: ["{n} pp", "{n} pt"],
  yesterday_title: ["{day} and the {weekday}s before", "{day} et les {weekday}s précédents"],
  yesterday_lead: [
    "Compared with earlier {weekday}s: the mean of {n} {n|day|days}.",
    "Comparé aux {weekday}s précédents : moyenne de {n} {n|jour|jours}.",
  ],
  no_earlier: [
    "There is no earlier {weekday} to compare with yet.",
    "Pas encore de {weekday} antérieur pour comparer.",
  ],
  yesterday_gaps: [
    "{n} more {n|has gaps and does|have gaps and do} not count.",
    "{n} {n|autre, incomplet, n'est pas compté|autres, incomplets, ne sont pas comptés}.",
  ],
  yesterday_incomplete: [
    "Only {share} of this day's time is known.",
    "Seuls {share} du temps de ce jour sont connus.",
  ],
  measure: ["Measure", "Mesure"],
  mean_of: ["Mean of {n}", "Moyenne de {n}"],
  difference: ["Difference", "Écart"],
  lowest_to_highest: ["Lowest to highest", "Du plus bas au plus haut"],
  calendar_title: ["The last 90 days", "Les 90 derniers jours"],
  calendar_caption: [
    "Days by week: {measure}. The arrow keys move between days.",
    "Jours par semaine : {measure}. Les flèches vont d'un jour à l'autre.",
  ],
  show: ["Show", "Afficher"],
  week_from: ["Week", "Semaine"],
  day_missing: [
    "This day is not stored: nothing was recorded, or it is not computed yet.",
    "Ce jour n'est pas enregistré : rien n'a été relevé, ou il n'est pas encore calculé.",
  ],
  day_incomplete: ["Under {share} of the time known", "Moins de {share} du temps connu"],
  day_not_stored: ["Not stored", "Non enregistré"],
  slots_of: [
    "{n} of {all} slots, {share} of the time",
    "{n} créneaux sur {all}, {share} du temps",
  ],
  from_to: ["{a} to {b}", "{a} à {b}"],
  station_hours: ["{n} station hours", "{n} heures-stations"],
  came_and_went: ["Came and went", "Arrivés et partis"],
  plus_minus: ["+{a} −{b}", "+{a} −{b}"],
  no_trips: ["at least; not trips", "au moins ; pas des trajets"],
  opened_closed: [
    "{opened} new, {closed} gone, {silent} silent",
    "{opened} nouvelles, {closed} disparues, {silent} muettes",
  ],
  worst_of_day: ["Longest short or saturated", "Le plus longtemps vides ou saturées"],
  station_days_title: ["Best and worst stations", "Meilleures et pires stations"],
  station_days_lead: [
    "Share of the time in operation in which a station had no bikes or was saturated. Of equally good stations, the busiest come first.",
    "Part du temps de service où la station était sans vélo ou saturée. À égalité, les plus actives d'abord.",
  ],
  period: ["Period", "Période"],
  last_days: ["Last {n} days", "{n} derniers jours"],
  days_stored: ["{n} of {all} days are stored.", "{n} {n|jour enregistré|jours enregistrés} sur {all}."],
  worst: ["Worst", "Les pires"],
  best: ["Best", "Les meilleures"],
  none_worst: [
    "No station was short or saturated.",
    "Aucune station n'a été sans vélo ni saturée.",
  ],
  none_ranked: ["No station is in operation.", "Aucune station n'est en service."],

  // Trends
  trends_title: ["Trends", "Tendances"],
  week_title: ["Typical week", "Semaine type"],
  day: ["Day", "Jour"],
  hour: ["Hour", "Heure"],
  snapshots: ["Snapshots", "Relevés"],
  today_title: ["This {day} and a typical {day}", "Ce {day} et un {day} type"],
  today_plain: ["This day and a typical day", "Ce jour et un jour type"],
  today: ["{day}, {date}", "{day} {date}"],
  typical: ["Typical {day}", "{day} type"],
  no_typical: [
    "There is no earlier {day} to compare with yet.",
    "Pas encore de {day} antérieur pour comparer.",
  ],
  episodes_title: [
    "Longest episodes of the last 24 hours",
    "Épisodes les plus longs des dernières 24 heures",
  ],
  episodes_lead: [
    "How long stations had no bikes or were saturated.",
    "Durée pendant laquelle des stations sont restées sans vélo ou saturées.",
  ],
  kind: ["Show", "Afficher"],
  shortage: ["Shortage", "Pénurie"],
  saturation: ["Saturation", "Saturation"],
  both: ["Both", "Les deux"],
  start: ["Start", "Début"],
  end: ["End", "Fin"],
  ongoing: ["ongoing", "en cours"],
  minutes: ["Minutes", "Minutes"],
  no_episode: ["No episode in the last 24 hours.", "Aucun épisode dans les dernières 24 heures."],
  timeline: ["Timeline", "Chronologie"],

  // Data quality
  quality_title: ["Data quality", "Qualité des données"],
  ledger_title: ["Snapshots per 15-minute slot", "Relevés par quart d'heure"],
  ledger_lead: [
    "{stored} of {all} {all|slot|slots} stored in the last 14 days ({share}). Days and hours are UTC.",
    "{stored} {stored|créneau enregistré|créneaux enregistrés} sur {all} en 14 jours ({share}). Jours et heures UTC.",
  ],
  stored: ["Stored", "Enregistré"],
  quarantined: ["Quarantined", "En quarantaine"],
  missed: ["Missed", "Manqué"],
  date: ["Date", "Date"],
  fresh_title: ["Age of the stations' last reports", "Ancienneté du dernier signal des stations"],
  fresh_lead: [
    "{n} of {all} open {all|station|stations} ({share}) had not reported for more than three hours at the newest snapshot.",
    "{n} {n|station|stations} sur {all} {all|ouverte|ouvertes} ({share}) {n|n'avait|n'avaient} rien transmis depuis plus de trois heures au dernier relevé.",
  ],
  age: ["Since last report", "Depuis le dernier signal"],
  under: ["under {n} min", "moins de {n} min"],
  between_minutes: ["{a} to {b} min", "{a} à {b} min"],
  between_hours: ["{a} to {b} h", "{a} à {b} h"],
  over_hours: ["over {n} h", "plus de {n} h"],
  never: ["never", "jamais"],
  stale_title: ["Stale stations over the last 24 hours", "Stations sans signal sur 24 heures"],
  stale_share: ["Share of stale stations", "Part des stations sans signal"],
  quarantine_title: ["Quarantined responses", "Réponses en quarantaine"],
  quarantine_none: ["None in these 14 days.", "Aucune sur ces 14 jours."],
  reason: ["Reason", "Motif"],
  code: ["Code", "Code"],
  changes_title: ["What changed in the network", "Ce qui a changé dans le réseau"],
  changes_lead: [
    "{n} {n|station|stations} changed in the 30 days up to the newest snapshot.",
    "{n} {n|station a changé|stations ont changé} dans les 30 jours avant le dernier relevé.",
  ],
  change: ["Change", "Changement"],
  opened: ["Opened", "Ouverte"],
  closed: ["Closed", "Fermée"],
  moved: ["Moved by more than 30 m", "Déplacée de plus de 30 m"],
  renamed: ["Renamed", "Renommée"],
  resized: ["Capacity changed", "Capacité modifiée"],
  details_title: ["See more", "En savoir plus"],
  details_lead: ["Run a command to see the details.", "Lancez une commande pour voir les détails."],
  details_quarantine: [
    "{n} quarantined {n|response|responses} in the last 14 days",
    "{n} {n|réponse|réponses} en quarantaine sur 14 jours",
  ],
  details_rejects: [
    "{n} {n|hour|hours} with rejected records in the last 14 days",
    "{n} {n|heure|heures} avec des enregistrements rejetés sur 14 jours",
  ],
  details_station_events: [
    "{n} changed {n|station|stations} in the last 30 days",
    "{n} {n|station modifiée|stations modifiées} sur 30 jours",
  ],

  // Source
  source: ["Source", "Source"],
  licence: ["Licence", "Licence"],
  invented: [
    "Generated by a simulator. With real data, this reads: {attribution}",
    "Produit par un simulateur. Avec de vraies données, on lit ici : {attribution}",
  ],
};

/**
 * The text for `key` in the page's language, as strings and elements. `{name}` inserts `values.name` (numbers with their
 * exact value); `{name|one|many}` picks the form that matches that number.
 */
function phrase(key, values = {}) {
  const variants = TEXTS[key];
  if (!variants) throw new Error(`no text for ${key}`);
  return variants[settings.language === "fr" ? 1 : 0].split(/(\{[^}]+\})/).map((part) => {
    if (!part.startsWith("{")) return part;
    const [name, one, many] = part.slice(1, -1).split("|");
    if (one !== undefined) return pluralRules().select(values[name]) === "one" ? one : many;
    const value = values[name] ?? null;
    return value === null || typeof value === "number" ? dataElement(value, number(value)) : value;
  });
}

/** The text for `key` as a plain string. */
function t(key, values) {
  return phrase(key, values)
    .map((part) => (part instanceof Node ? part.textContent : part))
    .join("");
}

/** `Bikes: 12`, with the spacing of the page's language. */
function labelled(label, value) {
  return t("labelled", { label, value });
}

function pluralRules() {
  return intlFormat(Intl.PluralRules, {});
}
