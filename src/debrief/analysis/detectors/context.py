"""Context: the conversation grew larger than what the model can see at once."""

from collections.abc import Iterator

from debrief.analysis.detector import Advice, Detector, Finding, Scene
from debrief.analysis.wording import times


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


DETECTORS: tuple[Detector, ...] = (Compaction(),)
