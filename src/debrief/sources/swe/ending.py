"""A run's exit status in, its end state and a sentence out."""

from debrief.model import EndState

_REASONS = {
    "exit_cost": "its limit of cost was reached",
    "exit_context": "the context was full",
    "exit_format": "the model did not keep to the format",
    "exit_api": "the model's service failed",
    "exit_environment_error": "the environment failed",
    "exit_error": "an error ended it",
    "exit_command_timeout": "commands took too long",
    "exit_total_execution_time": "the run took too long",
    "early_exit": "it was ended early",
}

_FINISHED = {"submitted": "The agent submitted its work.", "exit_forfeit": "The agent gave up."}


def judged(status: str | None, *, cut_off: bool, has_steps: bool) -> tuple[EndState, str]:
    """How the run ended; "submitted (exit_cost)" is what was there when a limit was reached."""
    if cut_off:
        return "truncated", "The document breaks off."
    if status is None and has_steps:
        return "running", "No exit status is stated: the run goes on, or was cut off."
    if status is None:
        return "unknown", "No exit status is stated."
    if status in _FINISHED:
        return "finished", _FINISHED[status]
    reason = next((words for name, words in _REASONS.items() if name in status), None)
    return "error", f"The run ended with {status}{f': {reason}' if reason else ''}."
