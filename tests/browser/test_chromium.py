"""Where there is no browser the tests are skipped with the reason; in CI they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import EXECUTABLE, PACKAGES, require_browser, what_is_missing


def test_a_missing_browser_or_package_is_named_with_what_brings_it(tmp_path: Path) -> None:
    present = tmp_path / "chromium"
    present.touch()

    assert what_is_missing(present, ("pytest",)) == ""
    assert "Debian's package chromium brings it" in what_is_missing(tmp_path / "none", ("pytest",))
    assert "no_such_package is missing; pip install" in what_is_missing(present, ("pytest", "no_such_package"))


@pytest.mark.parametrize("environment", [{"CI": "true"}, {}])
def test_nothing_is_skipped_or_failed_when_nothing_is_missing(environment: dict[str, str]) -> None:
    refusals: list[BaseException] = []
    try:
        require_browser("", environment)
    except (pytest.skip.Exception, pytest.fail.Exception) as refusal:
        refusals.append(refusal)

    assert refusals == []


def test_a_test_is_skipped_with_the_reason_when_something_is_missing_outside_ci() -> None:
    with pytest.raises(pytest.skip.Exception, match="it is not there"):
        require_browser("it is not there", {})


def test_a_test_fails_when_something_is_missing_in_ci() -> None:
    with pytest.raises(pytest.fail.Exception, match="it is not there"):
        require_browser("it is not there", {"CI": "true"})


def test_ci_installs_the_browser_and_says_that_it_is_ci() -> None:
    ci = Path(__file__).parents[2].joinpath(".ci/run").read_text(encoding="utf-8")

    assert str(EXECUTABLE) in ci
    assert "export CI=true" in ci
    for package in PACKAGES:
        assert package.replace("_", "-") in Path(__file__).parents[2].joinpath("pyproject.toml").read_text("utf-8")
