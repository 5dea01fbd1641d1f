"""The map of the simulated city: areas with the proportions of June 2022, and invented station names."""

from __future__ import annotations

from typing import NamedTuple


class Area(NamedTuple):
    """A part of the city, with the codes of its stations.

    Attributes:
        weight: The number of its stations in the real network.
        spread: Its size in degrees of latitude.
        role: From -1 (people live there) to 1 (people work there).
        hill: How much emptier its stations are because few people ride uphill.
    """

    commune: str
    first_code: int
    lat: float
    lon: float
    weight: int
    spread: float
    role: float
    hill: float = 0.0


AREAS = (
    Area("Paris", 1001, 48.8629, 2.3401, 25, 0.006, 0.9),
    Area("Paris", 2001, 48.8682, 2.3426, 25, 0.004, 0.9),
    Area("Paris", 3001, 48.8634, 2.3595, 14, 0.006, 0.4),
    Area("Paris", 4001, 48.8554, 2.3572, 26, 0.007, 0.4),
    Area("Paris", 5001, 48.8454, 2.3493, 37, 0.008, 0.1, 0.15),
    Area("Paris", 6001, 48.8497, 2.3332, 33, 0.008, 0.3),
    Area("Paris", 7001, 48.8559, 2.3144, 28, 0.010, 0.5),
    Area("Paris", 8001, 48.8739, 2.3120, 52, 0.010, 1.0),
    Area("Paris", 9001, 48.8772, 2.3384, 46, 0.007, 0.8, 0.05),
    Area("Paris", 10001, 48.8760, 2.3601, 52, 0.008, 0.2),
    Area("Paris", 11001, 48.8590, 2.3789, 57, 0.012, -0.4),
    Area("Paris", 12001, 48.8400, 2.3950, 68, 0.013, -0.3),
    Area("Paris", 13001, 48.8291, 2.3621, 65, 0.012, -0.3, 0.1),
    Area("Paris", 14001, 48.8306, 2.3260, 56, 0.012, -0.4, 0.05),
    Area("Paris", 15001, 48.8412, 2.2944, 88, 0.013, -0.6),
    Area("Paris", 16001, 48.8600, 2.2733, 63, 0.018, -0.1, 0.1),
    Area("Paris", 17001, 48.8871, 2.3072, 61, 0.012, -0.3),
    Area("Paris", 18001, 48.8907, 2.3454, 61, 0.010, -0.8, 0.35),
    Area("Paris", 19001, 48.8852, 2.3836, 61, 0.013, -0.8, 0.5),
    Area("Paris", 20001, 48.8625, 2.4014, 67, 0.015, -0.9, 0.6),
    Area("Boulogne-Billancourt", 21001, 48.8349, 2.2406, 38, 0.013, 0.1),
    Area("Clichy", 21104, 48.9031, 2.3069, 15, 0.008, -0.3),
    Area("Issy-les-Moulineaux", 21301, 48.8244, 2.2656, 21, 0.010, 0.4),
    Area("Suresnes", 21501, 48.8696, 2.2213, 14, 0.009, -0.3, 0.2),
    Area("Vanves", 21701, 48.8217, 2.2894, 10, 0.006, -0.6),
    Area("Neuilly-sur-Seine", 22001, 48.8847, 2.2673, 17, 0.010, 0.2),
    Area("Levallois-Perret", 23001, 48.8933, 2.2879, 15, 0.007, 0.2),
    Area("Châtillon", 23201, 48.8036, 2.2887, 9, 0.008, -0.6, 0.3),
    Area("Courbevoie", 24001, 48.8971, 2.2520, 18, 0.009, 0.9),
    Area("Rueil-Malmaison", 25001, 48.8767, 2.1815, 10, 0.012, -0.3),
    Area("Asnières-sur-Seine", 26001, 48.9148, 2.2872, 12, 0.010, -0.6),
    Area("Colombes", 27001, 48.9210, 2.2455, 8, 0.011, -0.7),
    Area("Puteaux", 28001, 48.8850, 2.2400, 14, 0.006, 1.0),
    Area("Montreuil", 31001, 48.8611, 2.4384, 32, 0.014, -0.7, 0.3),
    Area("Saint-Denis", 32001, 48.9262, 2.3572, 21, 0.015, 0.3),
    Area("Aubervilliers", 33001, 48.9107, 2.3810, 18, 0.010, -0.5),
    Area("Saint-Ouen-sur-Seine", 34002, 48.9072, 2.3340, 10, 0.007, -0.2),
    Area("Pantin", 35001, 48.8966, 2.4078, 27, 0.009, -0.4),
    Area("Fontenay-sous-Bois", 41202, 48.8509, 2.4714, 14, 0.009, -0.7, 0.2),
    Area("Saint-Mandé", 41601, 48.8413, 2.4183, 8, 0.005, -0.6),
    Area("Ivry-sur-Seine", 42003, 48.8139, 2.3863, 23, 0.010, -0.3),
    Area("Gentilly", 42501, 48.8134, 2.3419, 7, 0.006, -0.5),
    Area("Le Kremlin-Bicêtre", 42701, 48.8111, 2.3593, 8, 0.005, -0.6),
    Area("Vincennes", 43001, 48.8473, 2.4362, 14, 0.007, -0.7),
    Area("Vitry-sur-Seine", 44001, 48.7889, 2.3935, 22, 0.013, -0.8, 0.1),
    Area("Malakoff", 22401, 48.8195, 2.3020, 11, 0.006, -0.5),
    Area("Montrouge", 21203, 48.8153, 2.3186, 16, 0.006, 0.0),
    Area("Villejuif", 48002, 48.7912, 2.3617, 14, 0.010, -0.6, 0.2),
)
# Outside Paris but numbered like an arrondissement, so that a code alone does not give the area.
ODD_CODES = {
    12041: "Saint-Mandé",
    13121: "Ivry-sur-Seine",
    14023: "Malakoff",
    14116: "Montrouge",
    19043: "Pantin",
}
KINDS = (  # noqa: SIM905 - a list takes one line per name
    "Rue de l'Avenir,Quai des Tanneurs,Place du Marché,Gare de l'Ouest,Les Tilleuls,Rue de la Source,"
    "Square des Écoliers,Pont aux Ânes,Théâtre,Hôtel de Ville,Porte d'Argent,L'Orangerie,La Forge,"
    "Rue du Père Noé,Allée des Frênes,Cité de l'Étoile,Boulevard Nord,Fontaine Sèche,Clos d'Été,"
    "Rue des Sœurs,Passage de l'Horloge,La Grande Halle,Stade,Bibliothèque,Moulin Brûlé,Les Chênes"
).split(",")
NEXT_TO = (  # noqa: SIM905 - see above
    "République Neuve,Église,Mairie,Les Halles Basses,Abbé Genêt,Général Pétrel,Métro,Lycée,Préfecture,"
    "Maréchal d'Aubrac,L'Écluse,Cimetière,Docteur Noël,Trois Frères,Canal,Hôpital,Colonel Févre,"
    "Jardin d'Hiver,Vieux Port,Université,Bois Joli,Verdure,Château d'Eau,Poète Inconnu"
).split(",")
