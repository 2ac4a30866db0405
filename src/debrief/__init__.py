"""Debrief: session insights for coding agents, on your own server.

Transcript bytes come in at `sources`, become a `model.Session`, are read by `analysis`, take their wire
shape in `wire`, are kept by `store`, and are served by `web`. `pipeline` joins these stations.
"""

from typing import Any


def __getattr__(name: str) -> Any:  # noqa: ANN401 (as Python calls it)
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # noqa: PLC0415 (takes long to load, and few ask)

    return version("debrief")
