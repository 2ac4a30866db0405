"""What the Codex formats share: its tools, command results, token counts and copied histories.

The formats themselves stand in `sources/formats/`; these modules know Codex's records, not its files.
"""
