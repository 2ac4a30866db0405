"""Droid's two shapes of a session: what it stores, and what it prints without a screen."""
