"""What lies around transcripts in the folders of tools that collect them, and belongs to them there.

Such a file is kept with its session and is no transcript of its own. What a label in it says about the agent
is never believed: the transcript's content tells.
"""

from debrief.sources.source import Companions

COLLECTED: tuple[Companions, ...] = (
    # Entire's checkpoints: <2 hex>/<10 hex>/<n>/full.jsonl, each the native transcript so far.
    Companions("full.jsonl", "metadata.json"),
    Companions("full.jsonl", "prompt.txt"),
    Companions("full.jsonl", "context.md"),
    Companions("full.jsonl", "content_hash.txt"),
    # Harbor's jobs: <trial>/agent/trajectory.json beside the trial's own files.
    Companions("trajectory.json", "../result.json"),
    Companions("trajectory.json", "../config.json"),
    Companions("trajectory.json", "../exception.txt"),
    Companions("trajectory.json", "../verifier/*"),
)
