"""The sensors: alerts, staleness, healing. On by default; each says what it did in its tick."""
