"""Context: the conversation grew larger than what the model can see at once."""

from collections.abc import Iterator, Sequence

from debrief.analysis.changes import base_name
from debrief.analysis.detector import Advice, Detector, Finding, Scene, bound
from debrief.analysis.view import Step
from debrief.analysis.wording import line_at, names, plural, short, times

READINGS = 4
"""From how many readings of the same text on the agent has forgotten what it read."""

MUCH_TEXT = 200_000
"""Characters read again that are no trifle: some fifty thousand tokens."""

SMALL = 200
"""Characters of a text that is sooner read again than remembered."""

_TOO_LONG = bound(
    r"(?i:\b(?:prompt|input|conversation|request) is too long\b|\bcontext[ _](?:length|window)[ _]exceeded\b"
    r"|\bexceeds? the (?:model's )?(?:maximum )?context (?:length|window|limit)\b"
    r"|\bmaximum context length\b|\bexceed context limit\b"
    r"|\bran out of room in the model's context window\b|\binput token count\b[^\n]{0,60}\bexceeds\b"
    r"|\bexceeds? the maximum number of (?:input )?tokens\b)"
)
_TOO_MUCH_SAID = bound(r"(?i:\bexceeded the \d{1,9} output token maximum\b|\bmax_output_tokens\b)")


class Compaction(Detector):
    """The conversation was summarised to fit the context window.

    Why it matters: after a compaction the agent works from a summary; what was read and agreed before may be
    read and asked again.

    When it is wrong: one compaction in a long, well-divided session does little harm, which is why it is Low.

    What it suggests: from the second on, to split the task into sessions of their own.
    """

    id = "CTX-01"
    name = "compaction"
    label = "Context"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """All compactions of the main conversation together."""
        cuts = [event for event in scene.events if event.kind == "compaction"]
        if not cuts:
            return
        split = Advice(
            "prompt_improvement",
            f"Split the task: one session did not hold it and was summarised {times(len(cuts))}.",
        )
        yield Finding(
            signature="compaction",
            summary=f"The conversation outgrew the context window and was summarised {times(len(cuts))}",
            evidence=tuple(event.ordinal for event in cuts),
            advice=(split,) if len(cuts) > 1 else (),
            state="fact",
            impact="Medium" if len(cuts) > 1 else "Low",
        )


class LimitHit(Detector):
    """The model's service refused a conversation that was too long, or cut an answer off that was.

    Why it matters: what the agent was about to do is lost, and often the session ends there.

    When it is wrong: many agents summarise the conversation and go on. Then the impact is Medium, and High
    only where nothing was done afterwards.

    What it suggests: to split the task, or to ask for long texts in parts.
    """

    id = "CTX-02"
    name = "context or length limit hit"
    label = "Context"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """All refusals of one kind together."""
        kinds = (
            (
                "too long",
                _TOO_LONG,
                "The conversation grew too long for the model",
                "Split the task: the conversation grew too long for the model.",
            ),
            (
                "answer cut off",
                _TOO_MUCH_SAID,
                "An answer grew longer than the model may give",
                "Ask for long texts in parts: an answer grew longer than the model may give.",
            ),
        )
        errors = [event for event in scene.events if event.kind == "api_error"]
        for signature, pattern, said, todo in kinds:
            hits = [(event, match) for event in errors if (match := pattern.search(event.text[:4_000]))]
            if not hits:
                continue
            last, match = hits[-1]
            line = short(line_at(last.text[:4_000], match.start()), 160).replace('"', "'")
            over = not any(step.call.ordinal > last.ordinal for step in scene.steps)
            yield Finding(
                signature=signature,
                summary=f'{said}{f" {times(len(hits))}" if len(hits) > 1 else ""}: "{line}"',
                evidence=tuple(dict.fromkeys((hits[0][0].ordinal, last.ordinal))),
                advice=(Advice("prompt_improvement", todo),),
                state="fact",
                impact="High" if over else "Medium",
            )


class Rereading(Detector):
    """The agent read the very same text of the very same file four times or more.

    Why it matters: each reading fills the context window with what it holds already.

    When it is wrong: after a compaction a file has to be read again. Only readings that gave the same text
    count, so that what changes (a log, a report) is left out, and small texts are.

    What it suggests: to remember what the file holds.
    """

    id = "CTX-03"
    name = "re-reading"
    label = "Context"

    def find(self, scene: Scene) -> Iterator[Finding]:
        """All such files together."""
        again = _read_again(scene.steps)
        if not again:
            return
        files = list(dict.fromkeys(base_name(steps[0].call.path or "") for steps in again))
        extra = sum(len(steps[0].text) * (len(steps) - 1) for steps in again)
        most = len(again[0])
        more = f" and {plural(len(files) - 1, 'more file')} as well" if len(files) > 1 else ""
        yield Finding(
            signature=" ".join(("read again", *sorted(files)[:3])),
            summary=f"The same text of {names(files[:1])} was read {times(most)}{more}",
            evidence=tuple(sorted(end.last_ordinal for steps in again[:3] for end in (steps[0], steps[-1]))),
            advice=(
                Advice("knowledge", f"Remember what {names(files)} holds; it was read again and again."),
            ),
            state="fact",
            impact="Medium" if extra >= MUCH_TEXT else "Low",
        )


def _read_again(steps: Sequence[Step]) -> list[list[Step]]:
    """The readings of each text that was read often enough, the most frequent first."""
    readings: dict[tuple[str, str, str, str], list[Step]] = {}
    for step in steps:
        call = step.call
        if call.tool_kind == "read" and call.path and step.outcome == "ok" and len(step.text) >= SMALL:
            readings.setdefault((call.tool or "", call.path, call.args, step.text), []).append(step)
    found = [same for same in readings.values() if len(same) >= READINGS]
    return sorted(found, key=lambda same: -len(same))


DETECTORS: tuple[Detector, ...] = (Compaction(), LimitHit(), Rereading())
