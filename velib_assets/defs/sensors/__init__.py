"""The sensors, which are all on by default.

`alert_sensor.py` sends failed checks and failed runs to the sinks; `new_failures.py` decides which are new.
`staleness_sensor.py` alerts when no snapshot arrives. `healing_sensor.py` requests hours whose clean file is
missing or outdated.
"""
