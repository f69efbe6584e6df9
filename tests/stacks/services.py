"""The services that stacks need, each as Debian ships it, on its usual port of the namespace."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kit.waiting import wait_until
from tests.stacks.processes import Processes, listens

POSTGRESQL = "postgresql://app:app@127.0.0.1:5432/app"
MARIADB = "mysql://app:app@127.0.0.1:3306/app"


@dataclass(frozen=True, slots=True)
class Service:
    """One service: `environment` is what the stack is told about it."""

    environment: dict[str, str]
    port: int


SERVICES = {
    "postgresql": Service({"DATABASE_URL": POSTGRESQL}, 5432),
    "mariadb": Service({"DATABASE_URL": MARIADB}, 3306),
    "redis": Service({"REDIS_URL": "redis://127.0.0.1:6379/0"}, 6379),
}


def start(name: str, folder: Path, processes: Processes) -> dict[str, str]:
    """Start a service with its data below the folder and wait for it. Return what the stack is told."""
    data = folder / name
    data.mkdir()
    if os.geteuid() == 0:  # the databases refuse to run as root
        shutil.chown(data, "nobody")
    {"postgresql": postgresql, "mariadb": mariadb, "redis": redis}[name](data, processes)
    return SERVICES[name].environment


def postgresql(data: Path, processes: Processes) -> None:
    """Start PostgreSQL with the database and the user `app`."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
    initdb = [str(programs / "initdb"), "-D", str(data / "db"), "-U", "postgres", "-A", "trust"]
    unprivileged([*initdb, "-E", "UTF8", "--locale", "C.UTF-8"])
    processes.start("postgresql", dropped([str(programs / "postgres"), "-D", str(data / "db"), "-k", str(data)]))
    wait_until(lambda: listens(5432), 60)
    client = [str(programs / "psql"), "-h", "127.0.0.1", "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-q"]
    wait_until(lambda: subprocess.run([*client, "-c", ""], capture_output=True, check=False).returncode == 0, 60)
    for statement in ("CREATE ROLE app LOGIN PASSWORD 'app'", "CREATE DATABASE app OWNER app"):
        unprivileged([*client, "-c", statement])


def mariadb(data: Path, processes: Processes) -> None:
    """Start MariaDB with the database and the user `app`, and with the character set that Debian configures."""
    place = [f"--datadir={data / 'db'}", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"]
    install = ["mariadb-install-db", "--no-defaults", *place, "--auth-root-authentication-method=normal"]
    unprivileged([*install, "--skip-test-db"])
    where = [f"--socket={data / 's'}", "--port=3306", "--bind-address=127.0.0.1", f"--pid-file={data / 'pid'}"]
    server = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    processes.start("mariadb", dropped([server, "--no-defaults", *place, *where]))
    wait_until(lambda: listens(3306), 60)
    sql = "CREATE DATABASE app; CREATE USER app@'%' IDENTIFIED BY 'app'; GRANT ALL ON app.* TO app@'%'; "
    sql += "GRANT ALL ON `test_app`.* TO app@'%';"
    unprivileged(["mariadb", "--no-defaults", f"--socket={data / 's'}", "-u", "root", "-e", sql])


def redis(data: Path, processes: Processes) -> None:
    """Start Redis, which keeps nothing."""
    command = ["redis-server", "--port", "6379", "--bind", "127.0.0.1", "--save", "", "--dir", str(data)]
    processes.start("redis", dropped(command))
    wait_until(lambda: listens(6379), 60)


def dropped(command: Sequence[str]) -> list[str]:
    """Return the command as an unprivileged user runs it."""
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    return [*user, *command]


def unprivileged(command: Sequence[str]) -> None:
    """Run a command to its end. Raises with what it printed when it fails."""
    done = subprocess.run(dropped(command), capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
