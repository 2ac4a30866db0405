"""The detectors, in the order in which they run, and their documentation made of their docstrings."""

import inspect
import re

from debrief.analysis.detector import Detector
from debrief.analysis.detectors import (
    access,
    approach,
    code_quality,
    configuration,
    context,
    dependencies,
    destruction,
    direction,
    environment,
    external_services,
    first_prompt,
    knowledge,
    listening,
    machine,
    packages,
    paths,
    performance,
    requirements,
    safety,
    sandbox,
    suites,
    testing,
    tool_use,
    undone_work,
    verification,
    version_control,
)

DETECTORS: tuple[Detector, ...] = (
    *configuration.DETECTORS,
    *listening.DETECTORS,
    *environment.DETECTORS,
    *machine.DETECTORS,
    *sandbox.DETECTORS,
    *dependencies.DETECTORS,
    *packages.DETECTORS,
    *access.DETECTORS,
    *external_services.DETECTORS,
    *testing.DETECTORS,
    *suites.DETECTORS,
    *code_quality.DETECTORS,
    *version_control.DETECTORS,
    *undone_work.DETECTORS,
    *tool_use.DETECTORS,
    *paths.DETECTORS,
    *context.DETECTORS,
    *approach.DETECTORS,
    *direction.DETECTORS,
    *verification.DETECTORS,
    *requirements.DETECTORS,
    *first_prompt.DETECTORS,
    *knowledge.DETECTORS,
    *safety.DETECTORS,
    *destruction.DETECTORS,
    *performance.DETECTORS,
)

SECTIONS = ("Why it matters:", "When it is wrong:", "What it suggests:")
"""Every detector's docstring has these paragraphs, after the one that says what it looks for."""

_HEAD = """# Detectors

What Debrief looks for in a session. Each issue names its detector and cites the events that show it. This
page is made of the detectors' docstrings by `debrief.analysis.catalogue.catalogue_markdown`; do not edit it.
"""


def catalogue_markdown() -> str:
    """The whole catalogue as a Markdown page."""
    ordered = sorted(DETECTORS, key=lambda detector: detector.id)
    rows = [f"| [{one.id}](#{anchor(one)}) | {one.name} | {one.label} | {one.version} |" for one in ordered]
    table = ["| id | name | label | version |", "|---|---|---|---|", *rows]
    return "\n".join([_HEAD, *table, "", *(_page(one) for one in ordered)]).rstrip() + "\n"


def anchor(detector: Detector) -> str:
    """Where the detector's heading is found in the page."""
    words = re.sub(r"[^\w -]", "", f"{detector.id} {detector.name}".lower())
    return words.replace(" ", "-")


def paragraphs(detector: Detector) -> dict[str, str]:
    """The detector's docstring: "" is what it looks for, the sections go by their names."""
    found: dict[str, str] = {}
    for paragraph in inspect.cleandoc(type(detector).__doc__ or "").split("\n\n"):
        text = " ".join(paragraph.split())
        section = next((name for name in SECTIONS if text.startswith(name)), "")
        found[section] = " ".join(filter(None, (found.get(section), text[len(section) :].strip())))
    return found


def _page(detector: Detector) -> str:
    said = paragraphs(detector)
    lines = [f"## {detector.id} {detector.name}", "", f"*{detector.label}.* {said.get('', '')}", ""]
    for section in SECTIONS:
        lines += [f"**{section}** {said.get(section, '')}", ""]
    return "\n".join(lines)
