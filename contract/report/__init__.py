"""Stub."""


def write(run, directory):
    import json

    (directory / "report.json").write_text(json.dumps(run.as_json(), ensure_ascii=False, indent=1))
