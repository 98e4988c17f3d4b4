"""Settings come from a file and the environment, and nothing that is written there is passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import ConfigurationError
from kb.settings import FILE_NAME, changed_settings, read_settings


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("threads = 4\nmax_body_mb = 5\n")

    settings = read_settings(tmp_path, {"KB_THREADS": "6", "PATH": "/bin", "KB_HOME": "/elsewhere", "KB_TOKEN": "kb_x"})

    assert changed_settings(settings) == {"threads": 6, "max_body_mb": 5}
    assert settings.home == tmp_path


@pytest.mark.parametrize(
    ("file", "environment", "told"),
    [
        ("thread = 4", {}, "unknown setting 'thread'"),
        ("threads =", {}, "is not valid TOML"),
        ("threads = 0", {}, "setting threads must lie between 1 and 256, not 0"),
        ("", {"KB_LOGLEVEL": "debug"}, "KB_LOGLEVEL is no setting; known are KB_ATTACHMENT_MB, KB_BASE_URL"),
        ("", {"KB_THREADS": "many"}, "setting threads must be a whole number, not 'many'"),
        ("", {"KB_BASE_URL": "kb.example.org"}, "setting base_url must start with http"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    tmp_path: Path, file: str, environment: dict[str, str], told: str
) -> None:
    (tmp_path / FILE_NAME).write_text(file)

    with pytest.raises(ConfigurationError, match=told.replace("(", r"\(")):
        read_settings(tmp_path, environment)
