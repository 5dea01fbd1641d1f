"""The promises of docs/guarantees.md: their names and titles, in order."""

PROMISES: dict[str, str] = {
    "slots": "Every 15-minute slot is accounted for",
    "raw": "Raw is immutable",
    "clean": "Clean(hour) is a function of raw and descriptions",
    "readers": "A reader sees the old hour or the new hour",
    "damaged": "No bad snapshot reaches a KPI",
    "outages": "Outages heal",
    "soak": "A month of ticks loses nothing and stays bounded",
    "together": "Ticks, backfills, queries and the UI work at once",
    "storage": "The same on PostgreSQL",
    "security": "No secret leaks, nothing escapes",
    "fuzzing": "No input crashes or hangs the decoders",
}
