"""Generators of clients: each makes a client from openapi.yaml, compiles or type-checks it, and says how to run it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from tests.clients.tools import ROOT, Command, run

CONTRACT = ROOT / "openapi.yaml"
DRIVERS = Path(__file__).parent / "drivers"


def openapi_python_client(folder: Path) -> Command:
    """Types with attrs, HTTP with httpx."""
    generate = ("openapi-python-client", "generate", "--fail-on-warning", "--overwrite")
    run(folder, *generate, "--path", CONTRACT, "--output-path", ".")
    driver = take(folder, "openapi_python_client.py")
    run(folder, "mypy", "--strict", driver, "guide.py", "create_engagement_client")
    return sys.executable, driver


def openapi_generator_python(folder: Path) -> Command:
    """Types with pydantic, which validate answers; HTTP with urllib3."""
    openapi_generator(folder, "-g", "python", "-o", ".")
    driver = take(folder, "openapi_generator.py")
    run(folder, "mypy", "openapi_client")  # with the options that it brings, which are nearly strict
    run(folder, "mypy", "--strict", "--follow-imports", "silent", "--config-file=", driver, "guide.py")
    return sys.executable, driver


def openapi_generator_typescript(folder: Path) -> Command:
    """Types as interfaces, HTTP with fetch."""
    openapi_generator(folder, "-g", "typescript-fetch", "-o", "client")
    return typescript(folder, "openapi_generator.ts")


def openapi_generator_java(folder: Path) -> Command:
    """Types with Jackson, which refuse unknown fields; HTTP with the client of the JDK."""
    options = "openApiNullable=false,failOnUnknownProperties=true"
    openapi_generator(folder, "-g", "java", "--library", "native", "-p", options, "-o", ".")
    jar = str(files("openapi_generator_cli") / "openapi-generator.jar")  # it has Jackson inside
    take(folder, "Driver.java")
    take(folder, "Generated.java")
    sources = [*folder.glob("*.java"), *(folder / "src" / "main").rglob("*.java")]
    run(folder, "javac", "-encoding", "UTF-8", "-cp", jar, "-d", "classes", *sources)
    return "java", "-Dfile.encoding=UTF-8", "-cp", f"{jar}:classes", "Driver"


def openapi_typescript(folder: Path) -> Command:
    """Types alone, HTTP with openapi-fetch."""
    install(folder)
    run(folder, "npx", "openapi-typescript", CONTRACT, "--output", "schema.d.ts")
    return typescript(folder, "openapi_fetch.ts")


GENERATORS: list[Callable[[Path], Command]] = [
    openapi_python_client,
    openapi_generator_python,
    openapi_generator_typescript,
    openapi_generator_java,
    openapi_typescript,
]


def openapi_generator(folder: Path, *arguments: str) -> None:
    """Run OpenAPI Generator, which is written in Java."""
    run(folder, "openapi-generator-cli", "generate", "-i", CONTRACT, *arguments)


def typescript(folder: Path, driver: str) -> Command:
    """Compile a driver and the client it imports."""
    install(folder)
    take(folder, driver)
    run(folder, "npx", "tsc", "--project", ".")
    return "node", f"built/{Path(driver).stem}.js"


def install(folder: Path) -> None:
    """Install the packages that package-lock.json pins."""
    for name in ("package.json", "package-lock.json", "tsconfig.json"):
        take(folder, name)
    run(folder, "npm", "ci", "--ignore-scripts", "--prefer-offline")


def take(folder: Path, name: str) -> Path:
    """Copy a file of drivers/ into a folder, and return the copy."""
    return Path(shutil.copy(DRIVERS / name, folder))
