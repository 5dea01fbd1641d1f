"""The sensors, which are all on by default.

`alert_sensor.py` sends new check failures and failed runs to the sinks; `run_alerts.py` words them.
`staleness_sensor.py` alerts when no snapshot arrives. `healing_sensor.py` requests hours whose clean file is
missing or outdated, and `daily_healing_sensor.py` then days and months of the daily layer; `retries.py` says
when each may be requested again.
"""
