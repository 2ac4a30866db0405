"""What the generations of OpenHands share: its tools, its token counts, and how both are written down."""
