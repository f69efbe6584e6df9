"""`python -m tests.stacks`: start a stack, or run the suite against it. README.md tells how."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.stacks import namespace, stack, table, verdicts


def main() -> int:
    """Do what the command line says, first outside the namespace and then in it."""
    options = parse()
    if options.action == "list":
        for name in stack.names():
            print(f"{name:12} {stack.load(name).about}")
        return 0
    if options.action == "table":
        table.write()
        return 0
    if namespace.inside():
        code = act(options, stack.load(options.names[0]))
        sys.stdout.flush()
        os._exit(code)  # threads may go on: the kernel ends everything with this process
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    codes = []
    for name in options.names or stack.names():
        stack.prepare(stack.load(name))
        codes.append(namespace.enter(arguments(options, name)))
    return max(codes)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.stacks", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="print the stacks")
    actions.add_parser("table", help="write stacks.md from the verdicts that were kept")
    start = actions.add_parser("start", help="start one stack and wait for Ctrl-C, or run a command beside it")
    start.add_argument("names", nargs=1, metavar="NAME")
    run = actions.add_parser("run", help="run the suite against stacks, all of them if none is named")
    run.add_argument("names", nargs="*", metavar="NAME")
    run.add_argument("--profile", default="quick")
    run.add_argument("--seed", default="1")
    run.add_argument("--report-dir", default="contract-report/stacks")
    run.add_argument("--keep", action="store_true", help="keep the verdict in verdicts.json")
    for each in (start, run):
        each.add_argument("--mended", action="store_true", help="the copy that keeps the contract (mended.patch)")
    words = sys.argv[1:]
    place = words.index("--") if "--" in words else len(words)  # argparse takes no list behind options
    options = parser.parse_args(words[:place])
    options.command = words[place + 1 :]
    return options


def arguments(options: argparse.Namespace, name: str) -> list[str]:
    """Return the command line for the inside: the same for one stack."""
    mended = ["--mended"] * options.mended
    if options.action == "start":
        return ["start", *mended, name, "--", *options.command]
    settings = ["--profile", options.profile, "--seed", options.seed, "--report-dir", options.report_dir]
    return ["run", *mended, *["--keep"] * options.keep, *settings, name]


def act(options: argparse.Namespace, chosen: stack.Stack) -> int:
    """Start the stack in this namespace and do what is asked for. Everything ends with this process."""
    told = stack.start(chosen, namespace.furnish(), mended=options.mended)
    if options.action == "run":
        report = Path(options.report_dir, chosen.name + "-mended" * options.mended, options.profile)
        command = ["tests.stacks.suite", "run", "--config", told["CONTRACT_TOML"], "--report-dir", str(report)]
        command += ["--profile", options.profile, "--seed", options.seed]
        code = subprocess.run([sys.executable, "-m", *command], check=False).returncode
        if options.mended:
            return code  # a mended copy keeps the whole contract
        if why := verdicts.unusable(report, code):
            print(f"{chosen.name}: no verdict, because {why}")
            return code or 1
        if options.keep:
            verdicts.keep(chosen, report, options.profile)
        return verdicts.show(chosen, report, options.profile)
    if options.command:
        return subprocess.run(options.command, env=told, check=False).returncode
    print(f"base URL  {chosen.base_url}\nconfig    {told['CONTRACT_TOML']}")
    print(f"look in   nsenter --target {host_pid()} --net --mount --wd={Path.cwd()} bash", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    return 0


def host_pid() -> int:
    """Return the number that this process has outside: /proc is still the one of the outside."""
    return int(Path(os.readlink("/proc/self")).name)  # noqa: PTH115  a name, not a path


if __name__ == "__main__":
    sys.exit(main())
