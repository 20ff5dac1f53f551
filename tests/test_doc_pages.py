"""Documents name what there is: links lead somewhere, commands and their options exist."""

import inspect
import re
from pathlib import Path

import pytest

from edge3dpose import PoseEstimator
from edge3dpose.cli import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]
    if ".venv" not in path.parts
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMES = "|".join(cli.list_commands(None))
COMMAND = re.compile(rf"\bedge3dpose ((?:{NAMES}) [^\n`]*)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def _text(file):
    return (ROOT / file).read_text(encoding="utf-8")


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(file, text):
    """The links of a page that lead nowhere: to no file, or to no heading."""
    found = []
    for link in LINK.findall(text):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (ROOT / file).parent / path if path else ROOT / file
        there = target.exists() and (not anchor or anchor in anchors(_text(target)))
        found += [] if there else [link]
    return found


def flags_of(name):
    """The options of a command, hidden ones excepted."""
    options = cli.get_command(None, name).params
    shown = [option for option in options if not getattr(option, "hidden", False)]
    return {"--help", *(flag for o in shown for flag in [*o.opts, *o.secondary_opts])}


def unknown_flags(text):
    """The options in a page's command lines that their commands do not have."""
    found = []
    for line in COMMAND.findall(re.sub(r"\\\n", " ", text)):
        name = line.split()[0]
        found += [f"{name} {flag}" for flag in FLAG.findall(line) if flag not in flags_of(name)]
    return found


def unknown_files(text):
    """The source files in a page's text that are neither in the package nor in the repository."""
    folders = [ROOT / "edge3dpose", ROOT]
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_0-9]+\.(?:py|cu|cpp|json))`", text)
    return [name for name in named if not any((folder / name).exists() for folder in folders)]


@pytest.mark.parametrize("file", DOCUMENTS)
def test_source_files_in_documents_exist(file):
    assert unknown_files(_text(file)) == []


@pytest.mark.parametrize("file", DOCUMENTS)
def test_links_lead_somewhere(file):
    assert broken_links(file, _text(file)) == []


@pytest.mark.parametrize("file", DOCUMENTS)
def test_commands_in_documents_have_their_options(file):
    assert unknown_flags(_text(file)) == []


def test_the_command_page_names_no_option_that_a_command_lacks():
    text = _text("docs/cli.md")
    head, *sections = re.split(r"^## ", text, flags=re.M)
    assert sorted(section.split("\n", 1)[0] for section in sections) == cli.list_commands(None)
    aliases = {"--mirror"}
    for section in sections:
        name, body = section.split("\n", 1)
        table = "\n".join(line.split("|")[1] for line in body.splitlines() if line[:1] == "|")
        assert set(FLAG.findall(table)) - aliases - flags_of(name) == set(), name


def test_the_library_page_has_every_argument():
    section = re.split(r"^## ", _text("docs/python.md"), flags=re.M)[1]
    arguments = re.findall(r"^\| `(\w+)` \|", section, flags=re.M)
    assert arguments == list(inspect.signature(PoseEstimator).parameters)


def test_the_readme_is_short():
    assert len(_text("README.md").splitlines()) <= 150


def test_a_wrong_link_and_a_wrong_option_are_caught():
    links = "[a](docs/none.md) [b](docs/cli.md#none) [c](docs/cli.md#run) [d](https://x.org)"
    assert broken_links("README.md", links) == ["docs/none.md", "docs/cli.md#none"]
    assert unknown_flags("    edge3dpose run --sauce 1 --source x") == ["run --sauce"]
    assert unknown_files("`runtime/lift.py`, `runtime/left.py`") == ["runtime/left.py"]
