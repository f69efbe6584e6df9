"""`tox -e netns` makes the namespace that these tests run in. Outside of one they refuse to begin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.stage import Stage, is_fresh_namespace, set_up, staged


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return the world of the tests. Fails outside a fresh namespace, before it changes anything."""
    if not is_fresh_namespace():
        pytest.exit("this is no fresh network and mount namespace: run tox -e netns", returncode=2)
    folder = tmp_path_factory.mktemp("stage")
    set_up(folder)
    with staged(folder) as stage:
        yield stage
