"""The names of the files of a published month, beside those of its tables and its licence."""

DATA_CARD = "README.md"
DATA_PACKAGE = "datapackage.json"
CROISSANT = "croissant.json"
CITATION = "CITATION.cff"
SUMS = "SHA256SUMS"
