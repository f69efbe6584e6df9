"""Flag over environment over file over default; errors of one line that say what is accepted."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mock_server import running
from mock_server.config import OPTIONS, Settings, load
from mock_server.services import Mock
from mock_server.workspaces import ConfigError

WORKSPACE = '[[workspaces]]\nname = "A"\n[[workspaces.credentials]]\nname = "w"\ncredential = "secret-1"\n'


def file(tmp_path: Path, text: str) -> dict[str, str]:
    """Write a configuration file and return the flag that names it."""
    path = tmp_path / "mock.toml"
    path.write_text(text, encoding="utf-8")
    return {"config": str(path)}


def error(tmp_path: Path, text: str) -> str:
    """Return what is said of a configuration file, which must begin with its name and be one line."""
    flags = file(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(flags, {})
    message = str(caught.value)
    assert message.startswith(f"{flags['config']}: ")
    assert "\n" not in message
    return message.removeprefix(f"{flags['config']}: ")


def test_defaults() -> None:
    """Without anything set the server is a simulation on loopback with the built-in credentials."""
    settings = load({}, {})
    assert settings == Settings(port=4010)
    assert (settings.host, settings.port, settings.media, settings.in_flight) == (
        "127.0.0.1",
        4010,
        "simulated",
        "wait",
    )
    assert [caller.name for caller in settings.callers] == [
        "writer",
        "reader",
        "private_reader",
        "noscope",
        "other_workspace",
    ]


def test_the_flag_wins_then_the_environment_then_the_file(tmp_path: Path) -> None:
    """Each source gives way to the one before it, option by option."""
    flags = file(tmp_path, 'port = 1\nseed = 1\nhost = "localhost"\nin_flight = "conflict"')
    environment = {"MOCK_SERVER_PORT": "2", "MOCK_SERVER_SEED": "2", "MOCK_SERVER_HOST": ""}
    settings = load(flags | {"port": "3"}, environment)
    assert (settings.port, settings.seed, settings.host, settings.in_flight) == (3, 2, "localhost", "conflict")
    assert load({}, environment | {"MOCK_SERVER_CONFIG": flags["config"]}).in_flight == "conflict"


def test_every_option_has_flag_and_variable() -> None:
    """Names are predictable: --in-flight and MOCK_SERVER_IN_FLIGHT."""
    named = {option.name: (option.flag, option.variable) for option in OPTIONS}
    assert named["in_flight"] == ("--in-flight", "MOCK_SERVER_IN_FLIGHT")
    assert all(flag.startswith("--") and variable.startswith("MOCK_SERVER_") for flag, variable in named.values())


def test_the_page_lists_every_setting_with_its_default() -> None:
    """docs/mock.md names each flag of the help, and nothing that is no flag; each default in the help is in its row."""
    text = Path(__file__).parents[2].joinpath("docs/mock.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `--")]
    defaults = {flag: default for flags, _, default in rows for flag in re.findall(r"--[a-z-]+", flags)}
    assert {option.flag for option in OPTIONS} == set(defaults)
    for option in OPTIONS:
        told = re.search(r"\((\S+)\)$", option.help)
        assert told is None or told[1] in defaults[option.flag]
        assert f"{option.flag} {option.metavar}" in text


@pytest.mark.parametrize("source", ["flag", "environment"])
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("port", "65536", "must be a port from 0 to 65535"),
        ("port", "-1", "must be a port"),
        ("port", "http", "must be a port"),
        ("port", "٣", "must be a port"),
        ("media", "real", "must be simulated"),
        ("in_flight", "queue", "must be wait or conflict"),
        ("rate_limit", "often", "such as 100/minute"),
        ("rate_limit", "0/minute", "such as 100/minute"),
        ("seed", "x", "must be a whole number"),
        ("log_level", "loud", "must be debug, info, warning or error"),
        ("host", " ", "must be an address or a name"),
        ("host", "a..b", "must be an address or a name"),
        ("host", "x" * 64, "must be an address or a name"),
    ],
)
def test_an_invalid_value_names_its_source_and_what_is_accepted(source: str, name: str, value: str, says: str) -> None:
    """The message names the flag or the variable, the value and what would do."""
    option = next(option for option in OPTIONS if option.name == name)
    flags, environment = ({name: value}, {}) if source == "flag" else ({}, {option.variable: value})
    with pytest.raises(ConfigError) as caught:
        load(flags, environment)
    assert str(caught.value).startswith((option.flag if source == "flag" else option.variable) + ": ")
    assert repr(value) in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["ready_file", "tls_cert", "tls_key", "config"])
def test_an_empty_path_is_refused(name: str) -> None:
    """A flag with an empty path, as an unset shell variable gives it, is refused by its name."""
    with pytest.raises(ConfigError, match="must be the path of a file"):
        load({name: ""}, {})


@pytest.mark.parametrize("name", ["tls_cert", "tls_key"])
def test_certificate_and_key_go_together(name: str) -> None:
    """One without the other is refused."""
    with pytest.raises(ConfigError, match="go together"):
        load({name: "x.pem"}, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = ", "not valid TOML"),
        ("prot = 1", "prot: is not known; did you mean port?"),
        ("workspace = []", "workspace: is not known; did you mean workspaces?"),
        ("zzz = 1", "zzz: is not known; accepted are host, port, media, "),
        ('config = "x"', "config: is not a key of a file"),
        ('port = "x"', "port: 'x' must be a port"),
        ("port = true", "port: must be a text or a number"),
        ("ready_file = true", "ready_file: must be a text or a number"),
        ("host = []", "host: must be an address or a name"),
        ('ready_file = "a\\u0000"', "must be the path of a file"),
        ('host = "a\\u0000"', "must be an address or a name"),
        ('in_flight = "no"', "in_flight: 'no' must be wait or conflict"),
        ("self = 1", "self: is not known"),
        ("workspaces = 5", "workspaces: 5 must be one or more tables, each begun with [[workspaces]]"),
        ("workspaces = []", "workspaces: must be one or more tables"),
        ("[workspaces]", "workspaces: must be one or more tables"),
        ("[[workspaces]]", "workspaces[0].name: is missing"),
        ('[[workspaces]]\nname = ""', "workspaces[0].name: '' must be a text of 1 to"),
        (
            '[[workspaces]]\nname = "A"',
            "workspaces[0].credentials: must be one or more tables, each begun with [[workspaces.credentials]]",
        ),
        (WORKSPACE.replace('name = "A"', 'nmae = "A"'), "workspaces[0].nmae: is not known; did you mean name?"),
        (WORKSPACE.replace('name = "A"', 'name = "A"\nid = 5'), "workspaces[0].id: 5 must be a text"),
        (
            WORKSPACE.replace('name = "A"', 'name = "A"\ndefault_private = "yes"'),
            "default_private: 'yes' must be true or false",
        ),
        (
            WORKSPACE.replace('name = "A"', 'name = "A"\nrate_limit = "x"'),
            "rate_limit: 'x' must be a rate limit such as",
        ),
        (WORKSPACE + "scope = []", "workspaces[0].credentials[0].scope: is not known; did you mean scopes?"),
        (WORKSPACE + 'scopes = "engagements:write"', "scopes: 'engagements:write' must be a list"),
        (
            WORKSPACE + 'scopes = ["engagement:write"]',
            "'engagement:write' is not a scope; did you mean engagements:write?",
        ),
        (WORKSPACE + "scopes = [5]", "5 is not a scope; accepted are engagements:read"),
        (WORKSPACE + "user = 5", "user: 5 must be a text"),
        (
            WORKSPACE.replace("secret-1", ""),
            "credential: must be 1 to 500 characters of printable ASCII without spaces",
        ),
        (WORKSPACE.replace("secret-1", "two words"), "of printable ASCII without spaces"),
        (WORKSPACE.replace("secret-1", "gehèim"), "of printable ASCII without spaces"),
        (WORKSPACE + WORKSPACE, "workspaces[1].name: is the same as workspaces[0].name"),
        (
            WORKSPACE + WORKSPACE.replace('"A"', '"B"'),
            "workspaces[1].credentials[0].name: is the same as workspaces[0].credentials[0].name",
        ),
        (
            WORKSPACE + WORKSPACE.replace('"A"', '"B"').replace('"w"', '"v"'),
            "[1].credentials[0].credential: is the same as workspaces[0].credentials[0].credential",
        ),
        (
            WORKSPACE.replace('"A"', '"A"\nid = "x"') + WORKSPACE.replace('"A"', '"B"\nid = "x"'),
            "workspaces[1].id: is the same as workspaces[0].id",
        ),
    ],
    ids=range(35),
)
def test_an_error_in_the_file_names_file_key_and_what_is_accepted(tmp_path: Path, text: str, says: str) -> None:
    """Each error begins with the file and the key, never shows a credential, and a near-miss gets a suggestion."""
    message = error(tmp_path, text)
    assert says in message
    assert "secret-1" not in message


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder and a file that is not UTF-8 are refused by name."""
    (tmp_path / "latin.toml").write_bytes(b'host = "\xff"')
    for name, says in (("no.toml", "cannot read"), (".", "cannot read"), ("latin.toml", "not valid TOML")):
        with pytest.raises(ConfigError, match=says):
            load({"config": str(tmp_path / name)}, {})


def test_a_file_replaces_the_built_in_credentials(tmp_path: Path) -> None:
    """Workspaces of the file are the only ones, with their own ids, privacy, limits, users and scopes."""
    text = (
        'rate_limit = "9/minute"\n'
        '[[workspaces]]\nname = "Team"\nid = "wrks_TEAM"\ndefault_private = true\nrate_limit = "5/second"\n'
        '[[workspaces.credentials]]\nname = "w"\ncredential = "secret-1"\n'
        'scopes = ["engagements:write"]\nuser = "a@b.c"\n'
        '[[workspaces.credentials]]\nname = "r"\ncredential = "secret-2"\n'
    )
    settings = load(file(tmp_path, text), {})
    writer, reader = settings.callers
    assert (writer.user, writer.scopes, reader.user, reader.scopes) == (
        "a@b.c",
        {"engagements:write"},
        "r@example.com",
        set(),
    )
    assert writer.workspace is reader.workspace
    assert (writer.workspace.id, writer.workspace.name, writer.workspace.default_private) == ("wrks_TEAM", "Team", True)
    assert writer.workspace.rate_limit is not None
    assert writer.workspace.rate_limit.in_words == "5 requests per second"
    assert "secret" not in repr(settings)


def test_a_credential_of_the_file_may_have_a_limit(tmp_path: Path) -> None:
    """It holds for this credential and not for its neighbours; what is no limit is refused by its place."""
    second = '[[workspaces.credentials]]\nname = "v"\ncredential = "secret-2"\n'
    limited, free = load(file(tmp_path, f'{WORKSPACE}rate_limit = "3/minute"\n{second}'), {}).callers
    assert limited.rate_limit is not None
    assert limited.rate_limit.in_words == "3 requests per minute"
    assert (free.rate_limit, free.workspace.rate_limit) == (None, None)
    says = "workspaces[0].credentials[0].rate_limit: 'often' must be a rate limit such as"
    assert error(tmp_path, f'{WORKSPACE}rate_limit = "often"\n').startswith(says)


def test_settings_alone_keep_the_built_in_credentials(tmp_path: Path) -> None:
    """A file without workspaces leaves the credentials as they are."""
    assert load(file(tmp_path, "seed = 5"), {}).callers == Settings().callers


def test_a_workspace_of_the_file_has_defaults(tmp_path: Path) -> None:
    """Without an id it has one that follows from its name; it is not private, and has no limit of its own."""
    (writer,) = load(file(tmp_path, WORKSPACE), {}).callers
    workspace = writer.workspace
    assert (workspace.id, workspace.default_private, workspace.rate_limit) == (
        "wrks_00029ZPHPQAXXKA8GBGTE9JTD4",
        False,
        None,
    )
    assert (writer.name, writer.user, writer.rate_limit) == ("w", "w@example.com", None)


def test_in_python_a_server_takes_a_free_port_unless_one_is_named() -> None:
    """Whatever else the settings say, two servers of one process do not meet on the port of the command."""
    with running(Settings(seed=1)) as first, running(Settings(seed=1)) as second:
        ports = [urlsplit(server.base_url).port for server in (first, second)]
    assert len({4010, *ports}) == 3
    with running(Settings(port=ports[0] or 0)) as named:
        assert urlsplit(named.base_url).port == ports[0]


def test_unknown_fields_are_ignored_unless_the_settings_refuse_them() -> None:
    """`--unknown-fields refuse` and MOCK_SERVER_UNKNOWN_FIELDS choose what happens to a field nobody knows."""
    assert load({}, {}).unknown_fields == "ignore"
    assert load({"unknown_fields": "refuse"}, {}).unknown_fields == "refuse"
    assert load({}, {"MOCK_SERVER_UNKNOWN_FIELDS": "refuse"}).unknown_fields == "refuse"


def test_values_given_in_python_are_read_as_flags_are() -> None:
    """Text is parsed, values of the right type are kept, and what cannot be used is a ConfigError."""
    assert Settings(rate_limit="2/minute").rate_limit.in_words == "2 requests per minute"
    assert (Settings(port="4011").port, Settings(media_ports="8443").media_ports) == (4011, {443, 8443})
    for values, says in (
        ({"in_flight": "bogus"}, "in_flight: 'bogus' must be wait or conflict"),
        ({"prot": 1}, "prot: is not known; did you mean port"),
        ({"port": True}, "port: must be a text or a number"),
        ({"rate_limit": "9999999999/minute"}, "rate_limit: "),
    ):
        with pytest.raises(ConfigError) as caught:
            Settings(**values)
        assert says in str(caught.value)


def test_a_pace_may_be_a_timedelta() -> None:
    """What the type of the setting says is taken, within the same bounds as a text."""
    assert Settings(processing=timedelta(seconds=1.5)).processing == timedelta(seconds=1.5)
    for pace in (timedelta(milliseconds=1), timedelta(days=2), timedelta(seconds=-1)):
        with pytest.raises(ConfigError):
            Settings(processing=pace)


def test_a_workspace_is_found_by_its_id_before_another_one_by_its_name() -> None:
    """A name may be the id of another workspace. Then it means the same as in an order to the control plane."""
    credentials = [{"name": "w", "credential": "secret-1"}], [{"name": "v", "credential": "secret-2"}]
    settings = Settings(
        workspaces=[
            {"name": "both", "id": "first", "credentials": credentials[0]},
            {"name": "other", "id": "both", "credentials": credentials[1]},
        ],
        webhooks=[{"url": "http://127.0.0.1:9/", "secret": "whsec_" + "A" * 32, "workspace": "both"}],
    )
    (endpoint,) = settings.endpoints
    found = Mock(settings).services.directory.workspace("both")
    assert found is not None
    assert endpoint.workspace == found.id


def test_a_token_is_never_repeated() -> None:
    """A token that cannot be used is not shown in the message."""
    with pytest.raises(ConfigError) as caught:
        Settings(admin_token="short")
    assert "short" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"x = " + b"[" * 5000 + b"]" * 5000,
        b"x = " + b"{a=" * 3000 + b"1" + b"}" * 3000,
        b'"\\u001b]0;x\\u0007\\n" = 1',
        b'["\\u001b[31m"]\nx = 1',
        b'host = "\xff\xfe"',
        b"\x1b[31m",
        b"#" * (1024 * 1024 + 1),
        b'"' + b"k" * 100_000 + b'" = 1',
        b"port = " + b"9" * 10_000,
    ],
    ids=range(9),
)
def test_a_hostile_file_gives_one_plain_line(tmp_path: Path, content: bytes) -> None:
    """Depth, control characters, other encodings and size end in one short line that a terminal can show."""
    path = tmp_path / "mock.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load({"config": str(path)}, {})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_what_is_no_file_gives_one_plain_line(tmp_path: Path) -> None:
    """A path that is too long, a folder, a FIFO, a device and a name with an escape sequence end at once."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / ("x" * 5000), tmp_path, tmp_path / "fifo", Path("/dev/zero"), tmp_path / "\x1b]0;x\x07"):
        with pytest.raises(ConfigError) as caught:
            load({"config": str(path)}, {})
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 1000
