"""Webhooks by the rules of Svix: who is told of what, signed, again and again until it is acknowledged.

`webhooks.py` is where to begin: what happens when an engagement is stored. `events.py` says what there is to tell,
`timetable.py` when, `lanes.py` one after the other for each endpoint, and `network.py` sends. Rules: HOOK-1 to HOOK-9.
"""
