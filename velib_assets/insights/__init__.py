"""What `velib station` and `velib day` say: one station, and one local day, read through the query engine.

`station_search.py` finds stations by code or name, `station_card.py` reads a station's card,
`day_insights.py` a day's numbers, and `absent_days.py` says why a day has none. The .sql files are in
Athena's dialect. Texts for people are made in `cli`.
"""
