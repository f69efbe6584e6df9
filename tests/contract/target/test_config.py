"""The configuration of a target: precedence, and errors that say where and what."""

from pathlib import Path

import pytest

from contract.target.config import load, names_target
from contract.target.values import ConfigError, parse_base_url, parse_rate

FILE = """
base_url = "https://staging.example.com/api/"
[credentials]
writer = "from-file"
[media]
accepted = ["https://cdn.example.com/a.mp3"]
[limits]
rate = "2/s"
"""


def write(folder: Path, text: str) -> dict[str, str | None]:
    """Write a contract.toml and return the flags that name it."""
    path = folder / "contract.toml"
    path.write_text(text, encoding="utf-8")
    return {"config": str(path)}


@pytest.mark.parametrize("text", ["reader", "@example.com", "a@b@example.com", "reader @example.com"])
def test_the_address_of_the_reader_is_an_email_address(tmp_path: Path, text: str) -> None:
    """What is no address is refused, and the line names the key."""
    with pytest.raises(ConfigError, match=r"credentials\.reader_email: .* e-mail address"):
        load(write(tmp_path, FILE), {"CONTRACT_READER_EMAIL": text})
    assert load(write(tmp_path, FILE), {"CONTRACT_READER_EMAIL": "r@example.com"}).reader_email == "r@example.com"


def test_flag_over_environment_over_file_over_default(tmp_path: Path) -> None:
    """Each value comes from the first source that has it, and says which."""
    flags = {**write(tmp_path, FILE), "rate": "9/s"}
    config = load(flags, {"CONTRACT_WRITER": "from-environment"})
    assert config.rate == 9.0
    assert config.credentials["writer"].value == "from-environment"
    assert config.base_url == "https://staging.example.com/api"
    assert config.sources["limits.rate"] == "--rate"
    assert config.sources["credentials.writer"] == "environment CONTRACT_WRITER"
    assert config.sources["base_url"].endswith("contract.toml")
    assert (config.max_creations, config.sources["limits.max_creations"]) == (200, "default")


def test_loopback_has_no_limits_by_default() -> None:
    """On this machine a run is not slowed down or counted."""
    environment = {
        "CONTRACT_BASE_URL": "http://127.0.0.1:4010/api",
        "CONTRACT_WRITER": "w",
        "CONTRACT_MEDIA_ACCEPTED": "https://cdn.example.com/a.mp3, https://cdn.example.com/v.mp4",
    }
    config = load({}, environment)
    assert (config.rate, config.max_requests, config.max_creations) == (None, None, None)
    assert config.accepted == ("https://cdn.example.com/a.mp3", "https://cdn.example.com/v.mp4")


@pytest.mark.parametrize(
    ("value", "raw", "header"),
    [("abc", False, "Bearer abc"), ("Token abc", False, "Token abc"), ("sk-apik_a.b", True, "sk-apik_a.b")],
)
def test_how_a_credential_is_sent(tmp_path: Path, value: str, raw: bool, header: str) -> None:  # noqa: FBT001
    """After Bearer, unless it brings a scheme of its own or is to be sent bare."""
    form = 'credential_form = "raw"\n' if raw else ""
    flags = write(tmp_path, FILE.replace('writer = "from-file"', f'{form}writer = "{value}"'))
    assert load(flags, {}).credentials["writer"].header == header


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('rate = "2/s"', 'rat = "2/s"'), "limits.rat: unknown key; did you mean rate?"),
        (('rate = "2/s"', 'rate = "fast"'), "limits.rate: 'fast' must be a rate such as 5/s"),
        (("[limits]", "[limit]"), "limit: unknown key; did you mean limits?"),
        (('writer = "from-file"', ""), "credentials.writer is missing: set CONTRACT_WRITER"),
        (("accepted = [", "rejected = ["), "media.accepted is missing: set CONTRACT_MEDIA_ACCEPTED"),
        (("https://cdn", "http://cdn"), "must be an https URL"),
        (("https://staging.example.com/api/", "staging.example.com"), "base_url: 'staging.example.com' must be"),
        (('rate = "2/s"', '[waived]\n"IDEM-99" = "x"'), "IDEM-99 is no rule"),
        (('rate = "2/s"', '[deviations]\n"URL-9" = "x"'), "deviations.URL-9 must be"),
        (('rate = "2/s"', '[deviations]\n"URL-9" = {reason="x", until=1}'), "until: unknown key"),
        (("base_url", "base_url ="), "not valid TOML"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    """An error names the file, the key and what is accepted."""
    flags = write(tmp_path, FILE.replace(*change))
    with pytest.raises(ConfigError) as error:
        load(flags, {})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_target_is_named_by_any_source() -> None:
    """Without any of them a run starts the mock."""
    assert not names_target({"base_url": None}, {"CONTRACT_WRITER": "w"})
    assert names_target({"base_url": "http://x"}, {})
    assert names_target({}, {"CONTRACT_BASE_URL": "http://x"})
    assert names_target({"config": "contract.toml"}, {})
    assert names_target({}, {"CONTRACT_CONFIG": "contract.toml"})


@pytest.mark.parametrize(("text", "rate"), [("5/s", 5.0), ("120/minute", 2.0), ("0.5/s", 0.5), ("3600/h", 1.0)])
def test_rates(text: str, rate: float) -> None:
    """A rate is requests a second."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("https://cdn.example.com/a.mp3", "https://["), "'https://[' must be an https URL"),
        (("https://cdn.example.com/a.mp3", "https://cdn.example.com:99999/a.mp3"), "must be an https URL"),
        (("https://cdn.example.com/a.mp3", "https://cdn.example.com:²/a.mp3"), "must be an https URL"),
        (("https://staging.example.com/api/", "https://["), "base_url: 'https://[' must be"),
        (("https://staging.example.com/api/", "https://h:99999/api"), "base_url: 'https://h:99999/api' must be"),
        (('rate = "2/s"', f"x = {'[' * 5000}{']' * 5000}"), "contract.toml: nested too deeply"),
        (('rate = "2/s"', f"x = {'{x=' * 5000}1{'}' * 5000}"), "contract.toml: nested too deeply"),
        (('rate = "2/s"', "rate.x.y = 1"), "limits.rate is not a table"),
        (('rate = "2/s"', 'max_requests = "²"'), "'²' must be a whole number above 0"),
        (('rate = "2/s"', f'max_requests = "{"9" * 5000}"'), "must be a whole number above 0"),
        (('rate = "2/s"', 'rate = "²/s"'), "must be a rate"),
        (('rate = "2/s"', "patience = 0"), "must be a number of seconds above 0"),
        (('rate = "2/s"', 'patience = "nan"'), "must be a number of seconds above 0"),
        (('rate = "2/s"', 'visible = "yes"'), "limits.visible must be true or false"),
        (('writer = "from-file"', 'writer = "w"\ncredential_form = "basic"'), "'basic' must be bearer or raw"),
        (('rate = "2/s"', '[http]\nproxy = "user:secret@proxy"'), "http.proxy must be a URL"),
        (('rate = "2/s"', '[http]\nclient_cert = "missing.pem"'), "'missing.pem' is not a file"),
        (('rate = "2/s"', '[waived]\n"url-1" = "x"'), "url-1 is no rule; did you mean URL-1?"),
        (("https://staging.example.com/api/", "https://h..example.com/api"), "must be an http or https URL in ASCII"),
        (("https://staging.example.com/api/", f"https://{'h' * 64}.example.com"), "must be an http or https URL in"),
        (("https://staging.example.com/api/", "https://münchen.example/api"), "must be an http or https URL in ASCII"),
        (("https://staging.example.com/api/", "https://h/an api"), "must be an http or https URL in ASCII"),
        (("https://cdn.example.com/a.mp3", "https://cdn.example.com/a.mp3\\n"), "must be an https URL"),
        (('rate = "2/s"', '[deviations]\n"URL-9" = {reason="x", expires=2027-03-01T00:00:00Z}'), "must be a date"),
        (('rate = "2/s"', '[http.headers]\nauthorization = "Basic secret"'), "http.headers.authorization: each case"),
        (('rate = "2/s"', '[http]\nproxy = "http://a..b:3128"'), "http.proxy must be a URL"),
        (('rate = "2/s"', '[http]\nclient_key = "/dev/null"'), "'/dev/null' is not a file"),
        (('rate = "2/s"', f'[http]\nclient_key = "{__file__}"'), "which is missing"),
        (('rate = "2/s"', '[webhooks]\nlisten = "é..:80"\nsecret = "whsec_AAAA"'), "must be an address and a port"),
    ],
    ids=range(29),
)
def test_odd_settings_are_one_sentence(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    """No traceback, and nothing secret in the sentence."""
    flags = write(tmp_path, FILE.replace(*change))
    with pytest.raises(ConfigError) as error:
        load(flags, {})
    assert message in str(error.value)
    assert "secret" not in str(error.value)


def test_limits_of_a_target_that_others_use(tmp_path: Path) -> None:
    """Patience is five minutes and nothing may be seen, unless the file says so; on this machine all may be sent."""
    config = load(write(tmp_path, FILE), {})
    assert (config.patience, config.visible, config.discreet) == (300.0, False, True)
    config = load(write(tmp_path, FILE.replace('rate = "2/s"', "visible = true\npatience = 60")), {})
    assert (config.patience, config.visible, config.discreet) == (60.0, True, False)
    here = FILE.replace("https://staging.example.com", "http://localhost:4010")
    assert not load(write(tmp_path, here), {}).discreet


def test_a_password_in_a_base_url_is_not_shown() -> None:
    """A base URL with user information is refused, and the sentence does not repeat the password."""
    with pytest.raises(ConfigError, match="base_url") as refused:
        parse_base_url("https://bob:a-p@ss-word@h.example/api")
    assert "ss-word" not in str(refused.value)
    assert "bob" not in str(refused.value)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('listen = "127.0.0.1:8800"', "webhooks.listen and webhooks.secret go together"),
        ('secret = "whsec_AAAA"', "webhooks.listen and webhooks.secret go together"),
        ('listen = "8800"\nsecret = "whsec_AAAA"', "webhooks.listen: '8800' must be an address and a port"),
        ('listen = "127.0.0.1:0"\nsecret = "whsec_AAAA"', "must be an address and a port"),
        ('listen = "127.0.0.1:8800"\nsecret = "whsec_hush!"', "webhooks.secret must be whsec_"),
    ],
)
def test_webhooks_need_an_address_and_a_secret(tmp_path: Path, table: str, says: str) -> None:
    """Both or neither, each in its form; the secret is not repeated."""
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, f"{FILE}[webhooks]\n{table}\n"), {})
    assert says in str(caught.value)
    assert "hush" not in str(caught.value)


def test_webhooks_are_configured(tmp_path: Path) -> None:
    """Where to listen, and a secret that no repr shows."""
    table = '[webhooks]\nlisten = "[::1]:8800"\nsecret = "whsec_AAAA"\n'
    webhooks = load(write(tmp_path, FILE + table), {}).webhooks
    assert webhooks is not None
    assert (webhooks.host, webhooks.port, webhooks.secret) == ("::1", 8800, "whsec_AAAA")
    assert "AAAA" not in repr(webhooks)


@pytest.mark.parametrize("name", ["https://intranet.example.com", "10.0.0.1", "intranet", "a b.example.com", ""])
def test_a_private_name_is_a_name(tmp_path: Path, name: str) -> None:
    """A URL, an address, a single label and what is no name are refused with the key; names come from both sources."""
    listed = FILE.replace("[limits]", f'private_names = ["{name}"]\n[limits]')
    with pytest.raises(ConfigError, match=r"media\.private_names: .* must be a name"):
        load(write(tmp_path, listed), {})
    good = write(tmp_path, FILE.replace("[limits]", 'private_names = ["v6.Example.com"]\n[limits]'))
    assert load(good, {}).private_names == ("v6.Example.com",)
    given = load(good, {"CONTRACT_MEDIA_PRIVATE_NAMES": "a.example.com, b.example.com"})
    assert given.private_names == ("a.example.com", "b.example.com")
