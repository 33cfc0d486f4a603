"""Runs of pytest inside of a test, with the plugin of this checkout, whether or not it is installed."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.util import find_spec

import pytest

_ALREADY_IMPORTED = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
"""Said of our own modules: the test that runs them in this process has imported them."""


def run_inside(pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    """Run these tests; every warning is an error."""
    pytester.makepyfile(test_client=tests)
    if find_spec("pytest_asyncio") is not None:
        pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    installed = any(point.value == "responder.pytest_plugin" for point in entry_points(group="pytest11"))
    ours = [] if installed else ["-p", "responder.pytest_plugin"]
    warnings = ["-W", "error", "-W", _ALREADY_IMPORTED]
    return pytester.runpytest_inprocess(*ours, *warnings, "-p", "no:cacheprovider", *options)
