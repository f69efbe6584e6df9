"""A stack: what its `stack.toml` says, and how it is prepared, started and addressed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from tests.kit.waiting import wait_until
from tests.stacks import services
from tests.stacks.origin import MEDIA
from tests.stacks.processes import Processes, listens

HERE = Path(__file__).parent
PORT = 8000
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "engagement-contract-kit" / "stacks"
WRITE, READ, PRIVATE = "engagements:write", "engagements:read", "engagements:private:read"
CREDENTIALS = {
    "writer": ("sk-apik_stackw.7Hq2", "wrks_STACKA", "usr_STACKWRITER", "wendy@example.com", [WRITE, READ]),
    "reader": ("sk-apik_stackr.9Lm4", "wrks_STACKA", "usr_STACKREADER", "rita@example.com", [READ]),
    "private_reader": ("sk-apik_stackp.3Xc8", "wrks_STACKA", "usr_STACKPRIVATE", "paul@example.com", [READ, PRIVATE]),
    "noscope": ("sk-apik_stackn.5Vb1", "wrks_STACKA", "usr_STACKNOSCOPE", "nora@example.com", []),
    "other_workspace": ("sk-apik_stacko.2Tz6", "wrks_STACKB", "usr_STACKOTHER", "otto@example.com", [WRITE, READ]),
}

V6 = "https://[2606:2800:220:1::34]/a.mp3"  # an address in the place of a name
# What the suite is told of the origin: paths of it, or whole URLs, or names.
RECORDINGS = {
    "accepted": ["/a.mp3", "/get-only/v.mp4", "/type/Audio/MPEG/a", "https://v6.example.org/a.mp3", "/v.mp4", V6],
    "rejected": ["/page.html", "/no-type/a.mp3", "/type/application/octet-stream/a.mp3"],
    "redirect_to_private": ["/redirect/private/a.mp3", "/redirect/private-name/a.mp3", "/redirect/http/a.mp3"],
    "private_names": ["intranet6.example.org", "mixed.example.org", "mixed6.example.org", "rebind.example.org"],
    "unreachable": ["https://does-not-exist.invalid/a.mp3", "/truncated/a.mp3", "/status/404/a.mp3"],
}


@dataclass(frozen=True, slots=True)
class Stack:
    """What `stack.toml` says. README.md tells the meaning of each entry."""

    name: str
    about: str
    processes: dict[str, str]
    services: list[str] = field(default_factory=list)
    prepare: list[str] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    base_path: str = "/api"

    @property
    def folder(self) -> Path:
        """Where the source is."""
        return HERE / self.name

    @property
    def cache(self) -> Path:
        """Where what it depends on is installed. Another content of `prepare` or of its files is another folder."""
        digest = hashlib.sha256(json.dumps(self.prepare).encode())
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and any(path.name in command for command in self.prepare):
                digest.update(path.read_bytes())
        return CACHE / f"{self.name}-{digest.hexdigest()[:12]}"

    @property
    def base_url(self) -> str:
        """What the paths of the contract are appended to, in the namespace."""
        return f"http://127.0.0.1:{PORT}{self.base_path}"


def names() -> list[str]:
    """Return the names of all stacks."""
    return sorted(path.parent.name for path in HERE.glob("*/stack.toml"))


def load(name: str) -> Stack:
    """Read a stack."""
    return Stack(name=name, **tomllib.loads((HERE / name / "stack.toml").read_text(encoding="utf-8")))


def prepare(stack: Stack) -> None:
    """Install what the stack depends on, once. This happens outside the namespace, where the network is."""
    if (stack.cache / ".complete").exists():
        return
    stack.cache.mkdir(parents=True, exist_ok=True)
    for command in stack.prepare:
        shell(command, stack.folder, {**os.environ, "CACHE": str(stack.cache)})
    (stack.cache / ".complete").touch()


def start(stack: Stack, environment: dict[str, str], *, mended: bool) -> dict[str, str]:
    """Start the services and then the stack, and wait until it accepts connections. Return its environment."""
    state = Path(environment["STATE"])
    processes = Processes(state)
    source = copy(stack, state, mended=mended)
    told = {"CACHE": str(stack.cache), "PORT": str(PORT), "CREDENTIALS_FILE": str(write_credentials(state))}
    for service in stack.services:
        told |= services.start(service, state, processes)
    told = {**os.environ, **environment, **told, **stack.environment}
    told |= {"BASE_URL": stack.base_url, "CONTRACT_TOML": str(write_contract(stack, state))}
    for command in stack.setup:
        shell(command, source, told)
    for name, command in stack.processes.items():
        processes.start(name, ["sh", "-c", command], cwd=source, env=told)
    wait_until(lambda: processes.check() or listens(PORT), 60)  # type: ignore[func-returns-value]  # raises or goes on
    return told


def copy(stack: Stack, state: Path, *, mended: bool) -> Path:
    """Copy the source, so that nothing is written to the tree, and apply `mended.patch` if it is asked for."""
    source = state / "source"
    shutil.copytree(stack.folder, source, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    if mended:
        shell("patch --quiet --strip 1 < mended.patch", source, dict(os.environ))
    return source


def write_credentials(state: Path) -> Path:
    """Write the file that servers read: token to workspace, user and scopes."""
    path = state / "credentials.json"
    content = {
        token: {"workspace": workspace, "default_private": False, "user": user, "email": email, "scopes": scopes}
        for token, workspace, user, email, scopes in CREDENTIALS.values()
    }
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return path


def write_contract(stack: Stack, state: Path) -> Path:
    """Write the configuration of the suite for this stack."""
    path = state / "contract.toml"
    credentials = "".join(f'{name} = "{values[0]}"\n' for name, values in CREDENTIALS.items() if name != "noscope")
    credentials += f'reader_email = "{CREDENTIALS["reader"][3]}"\n'
    media = "".join(
        f"{name} = {json.dumps([MEDIA + part if part.startswith('/') else part for part in parts])}\n"
        for name, parts in RECORDINGS.items()
    )
    path.write_text(f'base_url = "{stack.base_url}"\n[credentials]\n{credentials}[media]\n{media}', encoding="utf-8")
    return path


def shell(command: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a command of `stack.toml`. Raises RuntimeError with what it printed when it fails."""
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"'{command}' failed:\n{done.stdout}{done.stderr}")
