"""The built page of a static host, once for all tests in the browser; and its server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # their tests are skipped where there is no selenium
    from support.browser import StaticServer


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page."""
    from support.browser import programs
    from support.web_page import built

    programs()
    return built(tmp_path_factory.mktemp("page"))


@pytest.fixture
def server(page: Path) -> Iterator[StaticServer]:
    """Its static server."""
    from support.browser import StaticServer

    server = StaticServer(page)
    yield server
    server.stop()
