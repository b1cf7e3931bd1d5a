"""What contributors rely on: hooks, the workflow, and the list of what the service is made of."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live import PROJECT, environment

WORKFLOW = PROJECT / ".github" / "workflows" / "ci.yml"
HOOKS = PROJECT / ".pre-commit-config.yaml"
CONFIGURATION = (HOOKS.name, "pyproject.toml", "setup.cfg")
NEEDS_ALL_FILES = "mypy,lint-imports"

# Hooks are processes, dozens of them.
pytestmark = pytest.mark.timeout(400)

Run = Callable[..., "subprocess.CompletedProcess[str]"]

needs_git_and_make = pytest.mark.skipif(
    shutil.which("git") is None or shutil.which("make") is None,
    reason="needs git and make: apt-get install git make",
)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def make(target: str, folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run make with this run's own environment, as if it had just been installed."""
    installed = "--assume-old=.venv/.installed-dev"
    return subprocess.run(
        ["make", "-f", PROJECT / "Makefile", installed, "VENV=.venv", target],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in a repository that has the project's hooks, and nothing else."""
    home, repository = tmp_path / "home", tmp_path / "repository"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\nname = Somebody\nemail = somebody@shop.test\n[init]\ndefaultBranch = main\n"
    )

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=repository,
            env=environment(HOME=home, SKIP=NEEDS_ALL_FILES),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    repository.mkdir()
    for name in CONFIGURATION:
        shutil.copy(PROJECT / name, repository)
    (repository / ".venv").symlink_to(sys.prefix)
    (repository / ".gitignore").write_text("/.venv\n")
    assert run("git", "init").returncode == 0
    make("hooks", repository, HOME=home)
    assert run("git", "add", ".").returncode == 0
    first = run("git", "commit", "-m", "feat: a beginning")
    assert first.returncode == 0, first.stdout + first.stderr
    return run


def commits(run: Run) -> list[str]:
    return run("git", "log", "--format=%s").stdout.splitlines()


# Written so that the hooks do not find them here.
FAULTS = {
    "trailing-whitespace": ("notes.txt", "a line \n"),
    "end-of-file": ("end.txt", "a line"),
    "line-endings": ("lines.txt", "one\r\ntwo\n"),
    "merge-conflict": ("merged.txt", "<" * 7 + " mine\n" + "=" * 7 + "\n" + ">" * 7 + " theirs\n"),
    "large-files": ("large.txt", "0123456789\n" * 60_000),
    "private-keys": ("key.pem", "-----BEGIN " + "RSA PRIVATE KEY-----\n"),
    "yaml": ("list.yml", "[one, two\n"),
    "toml": ("table.toml", "[one\n"),
    "workflows": (".github/workflows/ci.yml", "on: push\njobs: []\n"),
    "dependabot": (".github/dependabot.yml", "version: 1\n"),
    "issue-forms": (".github/ISSUE_TEMPLATE/bug.yml", "name: A bug\n"),
    "issue-config": (".github/ISSUE_TEMPLATE/config.yml", "blank_issues_enabled: perhaps\n"),
    "shebangs": ("command", "no command\n"),
    "ruff-check": ("unused.py", '"""Imports."""\n\nimport os\n'),
    "ruff-format": ("quotes.py", '"""Quotes."""\n\nword = \'word\'\n'),
    "codespell": ("word.md", "wh" + "cih\n"),
}


@needs_git_and_make
def test_each_hook_refuses_what_it_is_for(run: Run, tmp_path: Path) -> None:
    for name, content in FAULTS.values():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    (tmp_path / "repository" / "command").chmod(0o755)
    assert run("git", "add", ".").returncode == 0
    refused = run("git", "commit", "-m", "feat: faults")
    assert refused.returncode != 0
    failed = set(re.findall(r"^- hook id: (\S+)$", refused.stdout + refused.stderr, re.MULTILINE))
    assert failed == set(FAULTS), refused.stdout + refused.stderr
    assert commits(run) == ["feat: a beginning"]


@needs_git_and_make
def test_a_commit_says_in_its_message_what_kind_it_is(run: Run) -> None:
    for message in ("Did things", "feature: things", "feat things", "feat:things", "feat: "):
        refused = run("git", "commit", "--allow-empty", "-m", message)
        assert refused.returncode != 0 and "commit-message" in refused.stdout + refused.stderr
    messages = ["feat: things", "fix(api)!: other things", "Merge branch 'things'"]
    for message in messages:
        done = run("git", "commit", "--allow-empty", "-m", message)
        assert done.returncode == 0, done.stdout + done.stderr
    assert commits(run) == [*reversed(messages), "feat: a beginning"]


def test_every_hook_is_a_tool_that_is_pinned_here_and_tried_here() -> None:
    (repo,) = load(HOOKS)["repos"]
    assert repo["repo"] == "local"
    for hook in repo["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")
        assert (Path(sys.prefix) / hook["entry"].split()[0].removeprefix(".venv/")).exists()
    tried = {*FAULTS, *NEEDS_ALL_FILES.split(","), "commit-message"}
    assert {hook["id"] for hook in repo["hooks"]} == tried


def test_actions_are_pinned_by_their_content() -> None:
    used = re.findall(r"uses: (.+)", WORKFLOW.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v[0-9.]+", action)


def test_the_workflow_may_only_read_and_ends_by_itself() -> None:
    workflow = load(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 90


def test_the_workflow_begins_with_the_oldest_python_that_is_supported() -> None:
    metadata = configparser.ConfigParser()
    metadata.read(PROJECT / "setup.cfg")
    oldest = metadata["options"]["python_requires"].removeprefix(">=")
    jobs = load(WORKFLOW)["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"][0] == oldest
    assert f'python-version: "{oldest}"\n' in WORKFLOW.read_text()


def test_the_workflow_runs_targets_that_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for target in ("check", "sbom"):
        assert f"- run: make {target}\n" in WORKFLOW.read_text()
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@needs_git_and_make
def test_the_bill_of_materials_lists_every_package_with_its_version(tmp_path: Path) -> None:
    listed = tmp_path / "sbom.json"
    make("sbom", PROJECT, SBOM=listed)
    bill = json.loads(listed.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    parts = {(part["name"], part["version"]) for part in bill["components"]}
    pinned = re.findall(
        r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)",
        (PROJECT / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    assert pinned and parts == set(pinned)
