"""Stub."""


class Progress:
    def __init__(self, console, plain): ...
    def start(self, total): ...
    def advance(self, rule_id, verdict): ...
    def stop(self): ...


def summary(run, console):
    for r in run.results:
        if r.verdict not in ("pass",):
            console.print(
                r.rule.id,
                r.rule.level,
                r.verdict,
                r.reason or "",
                r.observation or "",
                [(f.expected, f.actual) for f in r.failures][:2],
            )
    console.print(run.summary, run.requests, run.creations, round(run.duration_seconds, 2), run.cut_short)
