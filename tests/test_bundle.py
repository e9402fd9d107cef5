"""The scripts of charts are made once and kept; what is kept is used only when it is whole."""

import pytest
import vl_convert

from rareearths.figures import bundle


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Count how often the scripts are made; the cache is an empty folder."""
    calls, make = [], vl_convert.javascript_bundle
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda: calls.append(1) or make())
    monkeypatch.setattr(bundle, "user_cache_path", lambda name: tmp_path / "cache" / name)
    return calls


def script_of_a_new_process() -> str:
    bundle.script.cache_clear()
    return bundle.script()


def test_the_second_process_takes_what_the_first_one_kept(made, tmp_path):
    first = script_of_a_new_process()
    assert "vegaEmbed" in first
    assert script_of_a_new_process() == first
    assert len(made) == 1
    (kept,) = (tmp_path / "cache/rareearths").iterdir()

    kept.write_bytes(kept.read_bytes()[:-1])
    assert script_of_a_new_process() == first
    assert len(made) == 2
    assert script_of_a_new_process() == first
    assert len(made) == 2


def test_without_a_cache_folder_the_scripts_are_made_anew(made, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert "vegaEmbed" in script_of_a_new_process()
    assert "vegaEmbed" in script_of_a_new_process()
    assert len(made) == 2
