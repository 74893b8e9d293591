"""The private server of these tests: what becomes of them where it is not installed."""

from pathlib import Path

import pytest

from tests.store.postgres import cluster


@pytest.mark.parametrize(("required", "outcome"), [("", "Skipped"), ("1", "Failed")])
def test_without_its_programs_tests_are_skipped_or_fail_and_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, required: str, outcome: str
) -> None:
    monkeypatch.setenv("APPPW_REQUIRE_SERVICES", required)
    (tmp_path / "14" / "bin").mkdir(parents=True)
    (tmp_path / "14" / "bin" / "initdb").touch()
    monkeypatch.setattr(cluster, "_PLACES", str(tmp_path))
    with pytest.raises(BaseException, match="Debian package postgresql") as caught:
        cluster.find_programs()
    assert type(caught.value).__name__ == outcome
