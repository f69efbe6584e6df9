"""The fixtures beside plugins of other people: everything works together, in any order."""

from __future__ import annotations

from pathlib import Path

from tests.kit.folder import pytest_in

INI = """
[pytest]
filterwarnings = error
addopts = --strict-markers --disable-socket --allow-hosts=127.0.0.1 --allow-unix-socket
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
DJANGO_SETTINGS_MODULE = site_settings
pythonpath = .
"""
SETTINGS = """
SECRET_KEY = "only here"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
ROOT_URLCONF = "site_urls"
USE_TZ = True
TIME_ZONE = "UTC"
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse("Django"))]
"""
CONFTEST = """
import flask
import pytest

@pytest.fixture
def app():  # of pytest-flask
    made = flask.Flask("theirs")
    made.add_url_rule("/", view_func=lambda: "Flask")
    return made

@pytest.fixture
def push(engagements_api):
    import requests

    def send():
        body = {"type": "CALL", "title": "A call", "source_system": "tests", "external_id": "crm:1",
                "media_url": "https://media.mock.test/ok.mp3", "run_workflows": False}
        writer = {"Authorization": "Bearer " + engagements_api.credentials["writer"]}
        return requests.post(engagements_api.base_url + "/v2/engagements", json=body, headers=writer, timeout=10)

    return send
"""
THEIRS = """
import datetime

import flask
import freezegun
import pytest
import time_machine

def test_flask(app, push, engagements_api):  # the plugin enters a context of their application
    assert push().status_code == 201
    engagements_api.faults.add(kind="close", phase="before_auth", times=1)
    assert flask.current_app.name == "theirs"
    assert app.test_client().get("/").text == "Flask"

def test_flask_alone(app):
    assert flask.current_app.name == "theirs"

@pytest.mark.django_db
def test_django(engagements_api, push):
    from django.contrib.auth.models import User
    from django.test import Client

    assert push().status_code == 201
    assert Client().get("/").content == b"Django"
    User.objects.create(username="ann")
    assert User.objects.count() == 1

async def test_asyncio(engagements_api):
    import asyncio

    import aiohttp

    async with aiohttp.ClientSession() as session:
        asked = [session.post(engagements_api.base_url + "/v2/engagements", json={}) for _ in range(3)]
        assert [answer.status for answer in await asyncio.gather(*asked)] == [401, 401, 401]

@freezegun.freeze_time("2026-03-02")
def test_freezegun(engagements_api, push):
    assert push().json()["created_at"].startswith("2026-03-02T00:00:0")

@time_machine.travel("2026-03-03")
def test_time_machine(engagements_api, push):
    assert push().json()["created_at"].startswith("2026-03-03T00:00:0")

def test_the_time_is_back(engagements_api):
    assert engagements_api.clock.now().year == datetime.datetime.now().year

def test_sockets_stay_blocked(engagements_api):
    import socket

    import pytest_socket

    with pytest.raises((pytest_socket.SocketConnectBlockedError, UserWarning)):  # it warns, and warnings are errors
        socket.create_connection(("192.0.2.1", 80), timeout=1)

def test_in_process_without_sockets(socket_disabled, engagements_api):
    assert engagements_api.app.test_client().post("/api/v2/engagements").status_code == 401
    assert len(engagements_api.requests) == 1
"""


def test_beside_plugins_of_others(tmp_path: Path) -> None:
    """With seven such plugins the fixtures work, and so does theirs, in two orders and where warnings are errors."""
    for name, content in (
        ("pytest.ini", INI), ("site_settings.py", SETTINGS), ("site_urls.py", URLS), ("conftest.py", CONFTEST),
        ("test_theirs.py", THEIRS),
    ):  # fmt: skip
        (tmp_path / name).write_text(content, encoding="utf-8")
    for seed in ("1", "2"):
        assert "9 passed" in pytest_in(tmp_path, f"--randomly-seed={seed}", code=0).stdout
