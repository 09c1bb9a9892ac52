"""The page that ``einrnn report`` writes: whole, self-contained, and true to the text."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from einrnn.cli import main

TEXT = """# <script>alert("&")</script>
input x[N], q[N]
f := sum[i] x[i]^2                 # <b>
[sum] df/dx[i] = 2 x[i]
[a<b] df/dx[i] = x[i]
[no] refute df/dx[i] = x[i]
p[k] := softmax[k](q[k])
[chain] d(log(p[k]))/dq[l] = delta[k,l] - p[l]
                           = delta[k,l] (1 - p[l])
"""
VOID = {"meta"}


class Page(HTMLParser):
    """The tags that are open, and what the page has."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                inside = (value or "").startswith("#")
                (self.links if inside else self.outside).append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("page")
    source, target = folder / "a.ein", folder / "report.html"
    source.write_text(TEXT, encoding="utf-8")
    found = CliRunner().invoke(main, ["report", str(source), "-o", str(target)])
    assert (found.exit_code, found.output) == (0, "")
    read = Page()
    read.feed(target.read_text(encoding="utf-8"))
    return read


def test_it_is_well_formed_and_needs_nothing_beside_it(page: Page) -> None:
    assert not page.open
    assert not page.outside


def test_each_claim_has_a_place_and_a_link_to_it(page: Page) -> None:
    assert page.ids == [f"d1-{number}" for number in range(1, 6)]
    assert [link.removeprefix("#") for link in page.links] == page.ids


def test_the_text_is_shown_as_it_is(page: Page) -> None:
    shown = page.text[page.text.rindex("Text") :]
    for line in TEXT.splitlines():
        assert line in shown


def test_it_says_what_is_wrong(page: Page) -> None:
    assert "2 not as expected" in page.text
    assert "did you mean df/dx[i] = 2 x[i] (proved)" in page.text
    assert "counterexample with" in page.text


def test_a_proof_is_written_out_where_asked(tmp_path: Path) -> None:
    source, target = tmp_path / "a.ein", tmp_path / "report.html"
    source.write_text(TEXT, encoding="utf-8")
    command = ["report", str(source), "-o", str(target), "--explain", "sum"]
    assert CliRunner().invoke(main, command).exit_code == 0
    assert "f differentiated" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("files", "target", "code"),
    [(["none.ein"], "a.html", "E001"), (["a.ein"], "missing/a.html", "E002")],
)
def test_what_cannot_be_read_or_written(
    files: list[str], target: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.ein").write_text("input x\n[1] x = x\n", encoding="utf-8")
    found = CliRunner().invoke(main, ["report", *files, "-o", target])
    assert found.exit_code == 2
    assert code in found.output
