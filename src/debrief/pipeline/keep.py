"""The ways in which raw transcripts are kept; see `raw`, which keeps them."""

from typing import Literal

KeepRaw = Literal["sealed", "redacted", "no"]
