"""What Gemini CLI and its descendants share: parts, tools, token counts, and how a conversation stands."""
