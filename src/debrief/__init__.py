"""Debrief: session insights for coding agents, on your own server.

Transcript bytes come in at `sources`, become a `model.Session`, are read by `analysis`, take their wire
shape in `wire`, are kept by `store`, and are served by `web`. `pipeline` joins these stations.
"""

from importlib.metadata import version

__version__ = version("debrief")
