"""MkDocs hook: pages link to files outside docs/ by relative paths, as GitHub resolves them.

On the site, such a link leads to the file in the repository. CONTRIBUTING.md, which stands beside docs/,
becomes a page of the site.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")  # the path in ](path#anchor)
_CONTRIBUTING = "CONTRIBUTING.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add CONTRIBUTING.md as a page."""
    text = (_root(config) / _CONTRIBUTING).read_text("utf-8")
    files.append(File.generated(config, _CONTRIBUTING, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace relative links that leave docs/ by links to the repository."""
    source = page.file.src_uri
    folder = "" if source == _CONTRIBUTING else posixpath.join("docs", posixpath.dirname(source))

    def target(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link[1]))
        if path == _CONTRIBUTING:
            return posixpath.relpath(path, posixpath.dirname(source) or ".")
        if path == "docs" or path.startswith("docs/"):
            return posixpath.relpath(path.removeprefix("docs/"), posixpath.dirname(source) or ".")
        if not (_root(config) / path).exists():
            return link[1]  # MkDocs reports it
        return f"{config.extra['repository']}/blob/main/{path}"

    return _LINK.sub(target, markdown)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.docs_dir).parent
