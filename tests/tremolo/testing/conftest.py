"""Has the fixtures of Tremolo's plugin for pytest, also where Tremolo is not installed."""

import pytest

PLUGIN = "tremolo.pytest_plugin"


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin(PLUGIN):
        config.pluginmanager.import_plugin(PLUGIN)
