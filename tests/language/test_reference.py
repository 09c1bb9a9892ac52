"""The reference page holds every code, and what it prints is what is said today."""

from pathlib import Path

from einrnn.language.catalogue import CATALOGUE
from einrnn.language.reference import with_catalogue

PAGE = Path(__file__).parents[2] / "specs" / "README.md"


def test_the_page_is_up_to_date():
    page = PAGE.read_text(encoding="utf-8")
    assert with_catalogue(page) == page


def test_every_code_is_there_with_its_message():
    page = PAGE.read_text(encoding="utf-8")
    for code in CATALOGUE:
        assert f"#### {code}: " in page
        assert f"[{code}]: " in page
