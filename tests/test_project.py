"""The project's own files agree with each other."""

import re
import tomllib

import pytest
import yaml

from conftest import ROOT

CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ibis-framework": "ibis-duckdb",
    "matplotlib": "matplotlib-base",
    "playwright": "playwright-python",
}


def requirement(text: str) -> tuple[str, str]:
    name, bound = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[\w+\])?(.*)", text).groups()
    return name.lower().replace("_", "-"), bound


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def declared() -> dict[str, str]:
    about = project()
    everything = sum(about["optional-dependencies"].values(), about["dependencies"])
    return dict(requirement(text) for text in everything)


def test_the_conda_environment_is_that_of_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, pip = environment["dependencies"]
    *by_pip, itself = pip["pip"]
    assert itself == "-e ."
    conda = dict(requirement(text) for text in [*packages, *by_pip])
    assert conda.pop("python") == project()["requires-python"]
    assert conda.pop("pip") == ""
    assert conda == {CONDA_NAMES.get(name, name): bound for name, bound in declared().items()}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-spark.lock"])
def test_a_lock_pins_every_package_with_hashes_and_no_address(name):
    lock = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert all(re.match(r"[A-Za-z0-9_.-]+==\S+", entry) for entry in entries)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in lock
    assert "index-url" not in lock


def test_the_locks_hold_what_is_declared_and_agree():
    main, spark = map(locked, ("requirements.lock", "requirements-spark.lock"))
    on_a_cluster = {requirement(text)[0] for text in project()["optional-dependencies"]["spark"]}
    assert main.keys() >= set(declared()) - on_a_cluster
    assert not main.keys() & on_a_cluster
    assert spark.keys() >= on_a_cluster
    assert all(main[name] == spark[name] for name in main.keys() & spark.keys())


def locked(name: str) -> dict[str, set[str]]:
    """The versions of each package, several where Pythons differ."""
    versions = {}
    lock = (ROOT / name).read_text(encoding="utf-8")
    for package, version in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", lock, re.M):
        versions.setdefault(requirement(package)[0], set()).add(version)
    return versions


def test_the_changelog_has_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {project()['version']} " in changelog
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project()["version"]


def test_ci_runs_lint_tests_and_reports():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert re.findall(r"^make (\w+)$", script, re.M) == ["lint", "test", "report"]
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert "run: .ci/run" in workflow


def test_every_listed_notebook_exists_and_is_listed():
    readme = (ROOT / "notebooks/README.md").read_text(encoding="utf-8")
    files = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(re.findall(r"`(\w+\.ipynb)`", readme)) == files
