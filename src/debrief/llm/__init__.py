"""A Session and its Analysis by rules in, the same with what a language model adds out. Off by default.

The model is a guest that is believed nothing: what it says must cite events that it was shown and quote
them exactly, and what does not is dropped and counted. It never removes what the rules have found, and
whatever goes wrong with it leaves their analysis standing.

The only station that asks somebody outside: at the one address that the settings name.
"""

from debrief.llm.settings import LlmSettings, llm_settings

__all__ = ["LlmSettings", "llm_settings"]
