// Every word on the page, English and French, and filling values in. Here: no layout.

const WORDS = {
  // The page
  title: ["Vélib', station by station", "Vélib', station par station"],
  skip: ["Skip to the stations", "Aller aux stations"],
  sections: ["Sections", "Sections"],
  now: ["Now", "Maintenant"],
  kpis: ["Five KPIs", "Cinq indicateurs"],
  time: ["Time", "Rythme"],
  trust: ["Trust", "Confiance"],
  language_switch: ["Français", "English"],
  theme_dark: ["Dark", "Sombre"],
  theme_light: ["Light", "Clair"],
  shown: ["The network on {time}, Paris time", "Le réseau le {time}, heure de Paris"],
  made: ["Page made on {time}.", "Page produite le {time}."],
  old: [
    "This is not current. The newest snapshot is {age} old.",
    "Ces données ne sont pas à jour. Le dernier relevé date d'il y a {age}.",
  ],
  silent: [
    "The feed answers, but {n} of {all} stations have told nothing new for three hours.",
    "Le flux répond, mais {n} stations sur {all} n'ont rien dit de nouveau depuis trois heures.",
  ],
  simulated: [
    "A simulated city: these stations and numbers are invented.",
    "Une ville simulée : ces stations et ces chiffres sont inventés.",
  ],
  empty: [
    "There is no snapshot yet. This page fills with the first one.",
    "Aucun relevé pour l'instant. Cette page se remplira avec le premier.",
  ],
  no_data: ["Nothing to show yet.", "Rien à montrer pour l'instant."],
  no_operating: ["No station is in operation.", "Aucune station n'est en service."],
  failed: ["This picture could not be drawn.", "Ce graphique n'a pas pu être tracé."],
  as_table: ["As a table", "En tableau"],
  download: ["Data:", "Données :"],
  rows: ["{n} {n|row|rows}", "{n} {n|ligne|lignes}"],
  show_all: ["Show all {n}", "Afficher les {n}"],
  show_more: ["Show {n} more", "En afficher {n} de plus"],

  moment: ["Time", "Heure"],

  // Now
  now_title: ["Now", "Maintenant"],
  bikes: ["Bikes", "Vélos"],
  of_them_mechanical: ["{n} mechanical", "{n} mécaniques"],
  ebikes: ["E-bikes", "Vélos électriques"],
  share_of_bikes: ["{share} of all bikes", "{share} des vélos"],
  docks: ["Free docks", "Bornes libres"],
  in_operation: ["In operation", "En service"],
  of_stations: ["of {n} {n|station|stations}", "sur {n} {n|station|stations}"],
  short: ["Short of bikes", "Sans vélo"],
  saturated: ["Saturated", "Saturées"],
  stale: ["Stale", "Muettes"],
  no_bike: ["no bike left", "plus aucun vélo"],
  no_dock: ["full or nearly so", "pleines ou presque"],
  silent_short: ["silent for 3 hours", "sans nouvelles depuis 3 h"],
  since_hour: ["in an hour", "en une heure"],
  since_day: ["in a day", "en un jour"],
  since_title: ["compared with {time}", "par rapport à {time}"],
  no_before: ["No earlier snapshot to compare with yet.", "Pas encore de relevé antérieur pour comparer."],
  map: ["Map of the stations", "Carte des stations"],
  map_label: [
    "Map of {n} {n|station|stations}, coloured by fill rate. The list beside it holds the same stations.",
    "Carte de {n} {n|station|stations}, colorées selon leur remplissage. La liste voisine contient les mêmes stations.",
  ],
  zoom_in: ["Zoom in", "Agrandir"],
  zoom_out: ["Zoom out", "Réduire"],
  whole: ["Whole network", "Tout le réseau"],
  empty_end: ["empty", "vide"],
  full_end: ["full", "pleine"],
  size_is: ["Size: capacity", "Taille : capacité"],
  state_ok: ["In between", "Entre les deux"],
  state_short: ["Short of bikes", "Sans vélo"],
  state_saturated: ["Saturated", "Saturée"],
  state_stale: ["Stale", "Muette"],
  state_closed: ["Closed", "Fermée"],
  state_unknown: ["Unknown", "Inconnu"],
  filters: ["Filters", "Filtres"],
  at_least_one: ["With at least one", "Avec au moins"],
  a_bike: ["bike", "un vélo"],
  an_ebike: ["e-bike", "un vélo électrique"],
  a_dock: ["free dock", "une borne libre"],
  arrondissement: ["Arrondissement or commune", "Arrondissement ou commune"],
  everywhere: ["Everywhere", "Partout"],
  search: ["Find a station", "Chercher une station"],
  search_hint: ["Name or number", "Nom ou numéro"],
  found: ["{n} of {all} stations", "{n} {n|station|stations} sur {all}"],
  no_station: ["No station fits these filters.", "Aucune station ne correspond à ces filtres."],
  station: ["Station", "Station"],
  fill_rate: ["Fill rate", "Remplissage"],
  mechanical: ["Mechanical", "Mécaniques"],
  capacity: ["Capacity", "Capacité"],
  reported: ["Last report", "Dernier signal"],
  not_renting: ["Does not lend bikes", "Ne prête pas de vélos"],
  not_returning: ["Does not take bikes back", "Ne reprend pas de vélos"],
  last_day: ["Its last 24 hours", "Ses dernières 24 heures"],
  close: ["Close", "Fermer"],
  pick: [
    "Choose a station on the map or in the list.",
    "Choisissez une station sur la carte ou dans la liste.",
  ],

  // The five KPIs
  kpis_title: ["The five KPIs", "Les cinq indicateurs"],
  fill_title: ["Fill rate", "Taux de remplissage"],
  fill_lead: [
    "{mean} full on average, over {n} installed {n|station|stations}, of which {stale} {stale|is|are} stale.",
    "{mean} de remplissage moyen, sur {n} {n|station installée|stations installées}, dont {stale} {stale|muette|muettes}.",
  ],
  stations_count: ["Stations", "Stations"],
  short_title: ["Shortage", "Pénurie"],
  short_lead: [
    "{n} {n|station|stations} without a bike, in {places} {places|arrondissement or commune|arrondissements or communes}.",
    "{n} {n|station|stations} sans vélo, dans {places} {places|arrondissement ou commune|arrondissements ou communes}.",
  ],
  saturated_title: ["Saturation", "Saturation"],
  saturated_lead: [
    "{n} {n|station|stations} without a dock or at least 90% full; {none} {none|has|have} no dock at all.",
    "{n} {n|station sans borne ou pleine|stations sans borne ou pleines} à 90 % au moins ; {none} {none|n'a|n'ont} plus aucune borne.",
  ],
  which_now: ["Which stations now", "Quelles stations maintenant"],
  arrondissements_title: ["Saturation by arrondissement", "Saturation par arrondissement"],
  arrondissements_lead: [
    "From {low} in {lowest} to {high} in {highest}.",
    "De {low} ({lowest}) à {high} ({highest}).",
  ],
  show_on_tiles: ["Colour by", "Colorer selon"],
  tiles_label: [
    "Paris's twenty arrondissements as tiles, roughly where they lie. The table beside it has the numbers.",
    "Les vingt arrondissements de Paris en tuiles, à peu près à leur place. Le tableau voisin donne les chiffres.",
  ],
  unplaced: ["Place unknown", "Lieu inconnu"],
  top_title: ["Top 10 of two hours", "Top 10 sur deux heures"],
  top_lead: [
    "The most critical stations of the two hours up to {time}, and in how many snapshots they were so.",
    "Les stations les plus critiques des deux heures précédant {time}, et dans combien de relevés.",
  ],
  top_score: ["Score", "Score"],
  points: ["{n} {n|point|points}", "{n} {n|point|points}"],
  reason_short: ["{n} × without a bike", "{n} × sans vélo"],
  reason_no_dock: ["{n} × without a dock", "{n} × sans borne"],
  reason_full: ["{n} × at least 90% full", "{n} × pleine à 90 % au moins"],
  reason_none: ["nothing critical", "rien de critique"],
  key_short: ["Without a bike (2 points a snapshot)", "Sans vélo (2 points par relevé)"],
  key_no_dock: ["Without a dock (2 points)", "Sans borne (2 points)"],
  key_full: ["At least 90% full (1 point)", "Pleine à 90 % (1 point)"],

  // Time
  time_title: ["Time", "Rythme"],
  week_title: ["Hour by hour, day by day", "Heure par heure, jour par jour"],
  week_lead: [
    "Mean fill rate of the stations, over the 28 days before this one. Paris time.",
    "Remplissage moyen des stations, sur les 28 jours précédents. Heure de Paris.",
  ],
  day: ["Day", "Jour"],
  hour: ["Hour", "Heure"],
  snapshots: ["Snapshots", "Relevés"],
  today_title: ["This day against the typical {day}", "Ce jour et le {day} typique"],
  today_plain: ["This day against the typical one", "Ce jour et le jour typique"],
  today: ["{day}, {date}", "{day} {date}"],
  typical: ["Typical {day}", "{day} typique"],
  no_typical: ["No earlier {day} to compare with yet.", "Pas encore de {day} antérieur pour comparer."],
  episodes_title: ["Worst episodes of the day", "Pires épisodes du jour"],
  episodes_lead: [
    "How long stations stayed without a bike, or saturated, in the last 24 hours.",
    "Combien de temps des stations sont restées sans vélo, ou saturées, dans les dernières 24 heures.",
  ],
  kind: ["Kind", "Nature"],
  shortage: ["Shortage", "Pénurie"],
  saturation: ["Saturation", "Saturation"],
  both: ["Both", "Les deux"],
  start: ["Start", "Début"],
  end: ["End", "Fin"],
  lasts: ["still", "en cours"],
  minutes: ["Minutes", "Minutes"],
  no_episode: ["No episode in the last 24 hours.", "Aucun épisode dans les dernières 24 heures."],
  timeline: ["When", "Quand"],

  // Trust
  trust_title: ["How far to trust this", "Que valent ces chiffres"],
  ledger_title: ["Every quarter of an hour", "Chaque quart d'heure"],
  ledger_lead: [
    "{stored} of {all} {all|slot|slots} stored in the last 14 days: {share}. Days and hours are UTC.",
    "{stored} {stored|créneau enregistré|créneaux enregistrés} sur {all} en 14 jours : {share}. Jours et heures UTC.",
  ],
  stored: ["Stored", "Enregistré"],
  quarantined: ["Quarantined", "En quarantaine"],
  missed: ["Missed", "Manqué"],
  date: ["Date", "Date"],
  fresh_title: ["How fresh the stations are", "Fraîcheur des stations"],
  fresh_lead: [
    "{n} of {all} stations ({share}) had said nothing for three hours or more at the newest snapshot.",
    "{n} {n|station|stations} sur {all} ({share}) {n|n'avait|n'avaient} rien dit depuis trois heures ou plus au dernier relevé.",
  ],
  age: ["Since their last report", "Depuis leur dernier signal"],
  under: ["under {n} min", "moins de {n} min"],
  between_minutes: ["{a} to {b} min", "{a} à {b} min"],
  between_hours: ["{a} to {b} h", "{a} à {b} h"],
  over_hours: ["over {n} h", "plus de {n} h"],
  never: ["never", "jamais"],
  stale_title: ["Stale stations over the day", "Stations muettes dans la journée"],
  stale_share: ["Share of stations that are stale", "Part des stations muettes"],
  quarantine_title: ["Snapshots that were refused", "Relevés refusés"],
  quarantine_none: ["None in these days.", "Aucun ces jours-ci."],
  reason: ["Reason", "Raison"],
  code: ["Code", "Code"],

  // Source
  source: ["Source", "Source"],
  attribution: [
    "Vélib' Métropole / Ville de Paris open data, under the Open Database Licence (ODbL).",
    "Données ouvertes Vélib' Métropole / Ville de Paris, sous licence ODbL (Open Database License).",
  ],
  attribution_gbfs: [
    "Vélib' Métropole open data (the operator's GBFS feed), under the Licence Ouverte.",
    "Données ouvertes Vélib' Métropole (flux GBFS de l'opérateur), sous Licence Ouverte.",
  ],
  derived: [
    "Databases made from it must be shared under the same licence.",
    "Les bases de données qui en sont dérivées doivent être partagées sous la même licence.",
  ],
  dataset: ["The data set", "Le jeu de données"],
  licence: ["The licence", "La licence"],
  invented: [
    "Made by a simulator. The real page shows {attribution}",
    "Produit par un simulateur. La vraie page montre : {attribution}",
  ],
  made_with: [
    "Made by Vélib' Insights. Charts: Vega and Vega-Lite (BSD 3-Clause).",
    "Produit par Vélib' Insights. Graphiques : Vega et Vega-Lite (BSD 3-Clause).",
  ],
};

/**
 * The words of `key` in the page's language, as texts and elements: `{name}` is `values.name`, a number as one that
 * carries its exact value; `{name|one|many}` is the word that goes with that number.
 */
function phrase(key, values = {}) {
  const both = WORDS[key];
  if (!both) throw new Error(`no words for ${key}`);
  return both[settings.language === "fr" ? 1 : 0].split(/(\{[^}]+\})/).map((part) => {
    if (!part.startsWith("{")) return part;
    const [name, one, many] = part.slice(1, -1).split("|");
    if (one !== undefined) return pluralRules().select(values[name]) === "one" ? one : many;
    const value = values[name] ?? null;
    return value === null || typeof value === "number" ? data(value, number(value)) : value;
  });
}

/** The same as plain text. */
function t(key, values) {
  return phrase(key, values)
    .map((part) => (part instanceof Node ? part.textContent : part))
    .join("");
}

function pluralRules() {
  return formatOf(Intl.PluralRules, {});
}
