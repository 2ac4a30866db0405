"""docs/detectors.md is made of the detectors' docstrings and is up to date."""

import re
from pathlib import Path

from debrief.analysis.catalogue import DETECTORS, anchor, catalogue_markdown

PAGE = Path(__file__).parent.parent / "docs" / "detectors.md"
AGAIN = (
    "docs/detectors.md is not what the docstrings say. Write it again with\n  .venv/bin/python -c 'from "
    'debrief.analysis.catalogue import catalogue_markdown; print(catalogue_markdown(), end="")\''
    " > docs/detectors.md"
)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.is_file(), AGAIN
    assert PAGE.read_text(encoding="utf-8") == catalogue_markdown(), AGAIN


def test_links_in_the_table_lead_to_headings() -> None:
    page = catalogue_markdown()
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {anchor(detector) for detector in DETECTORS} == anchors
