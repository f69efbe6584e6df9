"""Real gateways in front of conforming targets: whatever stands in between, nobody is accused."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import urlsplit

import certifi
import pytest
import trustme

from mock_server import Settings, running
from tests import peer
from tests.kit.command import apart, at, report
from tests.kit.gateways import Asked, Firewall, Flaky, Gateway, Gzipping, Old, Outage, Picky, Proxy, standing
from tests.kit.nginx import nginx
from tests.kit.unseen import unseen

ELSEWHERE = "http://staging.example.invalid/api"  # not this machine, by its name; only a proxy knows it


class Legacy(Picky, Gzipping, Old):
    """Wants a User-Agent, gzips unasked and speaks HTTP/1.0."""


KINDS: list[type[Gateway]] = [Legacy, Outage, Firewall, Flaky, Proxy]


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended: its exit code, what it said, and the verdicts by rule with their reasons."""

    code: int
    said: str
    verdicts: dict[str, tuple[object, object]]
    log: list[Asked] = field(default_factory=list)
    made: int = 0

    @classmethod
    def of(cls, done: CompletedProcess[str], folder: Path, gateway: Gateway | None = None) -> Ended:
        """Return what a run in this folder came to, and what the gateway has to say of it."""
        rules = report(folder) if (folder / "contract-report" / "report.json").is_file() else {}
        verdicts = {rule: (found["verdict"], found["reason"]) for rule, found in rules.items()}
        seen = (gateway.log, gateway.made) if gateway else ()
        return cls(done.returncode, done.stdout + done.stderr, verdicts, *seen)

    def rules(self, *verdicts: str) -> dict[str, object]:
        """Return the rules with one of these verdicts, and the reasons."""
        return {rule: reason for rule, (verdict, reason) in self.verdicts.items() if verdict in verdicts}


@contextmanager
def conforming(name: str) -> Iterator[dict[str, str]]:
    """Serve the mock, or the peer, and yield the environment that names it."""
    if name == "mock":
        with running(Settings(port=0, log_level="error")) as server:
            yield at(server)
        return
    with peer.serve() as served:
        media = {f"CONTRACT_MEDIA_{key.upper()}": ",".join(urls) for key, urls in peer.MEDIA.items()}
        roles = ("writer", "reader", "private_reader", "noscope", "other_workspace")
        credentials = {f"CONTRACT_{role.upper()}": served.credentials[role] for role in roles}
        yield {"CONTRACT_BASE_URL": served.base_url, **media, **credentials}


@dataclass(frozen=True, slots=True)
class Trust:
    """An authority that nothing on this machine knows but the package certifi in `folder`."""

    folder: Path
    context: ssl.SSLContext

    @classmethod
    def into(cls, folder: Path) -> Trust:
        """Make the authority, and a package certifi with it among the usual ones."""
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        package, bundle = folder / "certifi", folder / "bundle.pem"
        package.mkdir()
        bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        (package / "__init__.py").write_text(f"def where():\n    return {str(bundle)!r}\n", encoding="utf-8")
        return cls(folder, context)


def run(kind: type[Gateway], environment: dict[str, str], folder: Path) -> Ended:
    """Run the command against a target behind a gateway of this kind."""
    folder.mkdir()
    trust = Trust.into(folder) if kind is Flaky else None
    arguments: list[str] = []
    with ExitStack() as stack:
        gateway = kind(environment["CONTRACT_BASE_URL"], trust.context if trust else None)
        address = stack.enter_context(standing(gateway))
        changes = {"CONTRACT_BASE_URL": f"http{'s' if trust else ''}://{address}/api"}
        if trust:
            changes["PYTHONPATH"] = str(trust.folder)
        if kind is Proxy:
            changes |= {"CONTRACT_BASE_URL": ELSEWHERE, "CONTRACT_PROXY": f"http://us%25er:p%40ssword@{address}"}
            arguments = ["--yes", "--rate=1000/s"]
        done = apart(folder, "run", *arguments, environment=environment | changes)
    return Ended.of(done, folder, gateway)


def run_behind_nginx(environment: dict[str, str], folder: Path) -> Ended:
    """Run the command against a target behind nginx."""
    folder.mkdir()
    with nginx(folder, urlsplit(environment["CONTRACT_BASE_URL"]).netloc) as address:
        done = apart(folder, "run", environment=environment | {"CONTRACT_BASE_URL": f"http://{address}/api"})
    return Ended.of(done, folder)


def accuses_nobody(ended: Ended, *untested: str) -> None:
    """Assert that no rule failed, and that these alone are untested, each with its reason."""
    assert ended.rules("fail", "error") == {}, ended.said
    assert ended.rules("untested").keys() == set(untested), ended.said
    assert ended.code in {0, 4}, ended.said


@pytest.mark.parametrize("name", ["mock", "peer"])
def test_a_conforming_target_is_accused_behind_no_gateway(name: str, tmp_path: Path) -> None:
    """Behind each of them no rule fails; what a firewall blocks and what others would see is untested."""
    with conforming(name) as environment, ThreadPoolExecutor(len(KINDS) + 1) as pool:
        real = pool.submit(run_behind_nginx, environment, tmp_path / "nginx")
        runs = {kind: pool.submit(run, kind, environment, tmp_path / kind.__name__) for kind in KINDS}
        ended = {kind: one.result() for kind, one in runs.items()}
    for kind in (Legacy, Outage, Flaky):
        accuses_nobody(ended[kind])
        assert ended[kind].code == 0
    assert ended[Firewall].rules("fail", "error") == {}
    blocked = ended[Firewall].rules("untested")
    assert "URL-3" in blocked
    assert all("in front of the target" in str(reason) for reason in blocked.values())
    assert ended[Firewall].code == 4
    accuses_nobody(real.result())
    accuses_nobody(ended[Proxy], "RESP-12")
    unseen(asked.body for asked in ended[Proxy].log if asked.method == "POST")
    assert len(ended[Proxy].log) <= 2000
    assert ended[Proxy].made <= 200
