"""One Chromium for all browser tests, on the live stack; a page for every person, and what its console said."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = ("--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
             "--disable-component-update --disable-sync").split()  # fmt: skip


def chromium(playwright: Any) -> str:
    """A browser on this machine: CHROMIUM, the system's, or the one that playwright installed."""
    known = [os.environ.get("CHROMIUM", ""), shutil.which("chromium") or "", shutil.which("chromium-browser") or "",
             shutil.which("google-chrome") or "", playwright.chromium.executable_path]  # fmt: skip
    found = next((path for path in known if path and Path(path).exists()), "")
    if not found:
        pytest.skip("no Chromium on this machine: set CHROMIUM, or run `playwright install chromium`")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser. Playwright keeps an event loop in this thread, which Django takes for async code: allowed here."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(playwright), args=ARGUMENTS)
        yield opened
        opened.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, live_stack: Any) -> Iterator[Visit]:
    """`visit(user, width=…, scheme=…)`: a page of the person (None: a stranger); a script error fails the test."""
    contexts, errors = [], []

    def opened(user: Any, width: int = 1440, scheme: str = "light") -> Page:
        context = browser.new_context(base_url=live_stack.url, viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        if user is not None:
            context.add_cookies([{"name": k, "value": v, "url": live_stack.url} for k, v in live_stack.cookie(user).items()])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None)
        page.set_default_timeout(15_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []
