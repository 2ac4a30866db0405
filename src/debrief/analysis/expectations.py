"""Lines of output in, whether they only quote an error out: a test's expectation, or source code."""

import re

_EXPECTED = re.compile(
    r"(?i:\bassert|\bexpect\(|\bexpected:? [\"'`<{\[]|\bto (?:equal|be|contain|throw|match)\b)"
    r"|(?i:\bmock|\bsimulat)|\.to(?:Equal|Be|Contain|Throw|Match)"
    r"|^\s{0,20}[\u2713\u2714\u2715\u2717\u00d7\u25cb]|\((?:pass|fail|skip)\)"
    r"|^(?:PASSED|FAILED) \S{1,200}::|^\s{0,8}(?:FAIL|PASS)\s{1,4}\S|^(?:not )?ok \d"
)
_SOURCE = re.compile(
    r"^\s{0,20}(?:>\s{0,4})?\d{1,6}\s{0,6}[|\u2502\u2192]|={2,3}\s?[\"']"
    r"|^\s{0,60}(?:if|elif|else|for|while|return|throw|raise|except|catch|case|const|let|var|def|func|fn|import"
    r"|from|//|#)(?:[\s({]|$)"
)


def only_quoted(line: str) -> bool:
    """Whether `line` tells what a test expects, or shows code that holds the words of an error."""
    return _EXPECTED.search(line) is not None or _SOURCE.search(line) is not None
