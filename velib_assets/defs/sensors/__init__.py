"""The sensors: alerts, staleness, healing. All are on by default."""
