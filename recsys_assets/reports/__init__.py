"""Reports: rows about nights, grades, users, landing, releases and checks, for whoever shows them.

What belongs here: reading a profile's lake, landing and release into frozen dataclasses with typed fields. The command
line prints these rows, and an API or a dashboard may show the same; so a report prints nothing and formats nothing.
"""
