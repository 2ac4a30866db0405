"""Nouns in, wire shapes out: what clients of the enterprise sessions API read. Pure."""
