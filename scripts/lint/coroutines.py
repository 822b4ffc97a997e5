"""Inside a `co_await` expression stand only names, literals and calls that take them.

Compilers have miscompiled the lifetime of what is made inside such an expression; and a reader should
not have to know when a temporary dies that lives across a suspension. Name things first.
"""

import re

from cpp import Source, find_closing
from finding import Finding

RULE = "co_await"

# A `[` opens a lambda unless it follows a value (then it is a subscript) or another `[` (attribute).
_LAMBDA = re.compile(r"(?<![\w)\]\[\s])\s*\[(?!\[)")
# Types of ours are PascalCase; the named library types allocate. `Type<T>::function(` is a call.
_TEMPORARY = re.compile(
    r"(?<![\w.>])(?:[a-z_]\w*::)*"
    r"([A-Z][a-z0-9]\w*|(?<=std::)(?:string|vector|function|map|set|deque|optional|shared_ptr|unique_ptr))"
    r"\s*(?:<[^<>()]*(?:<[^<>()]*>)?[^<>()]*>)?\s*\("
)


def operand(code: str, start: int) -> str:
    """The text of the expression that begins at `start`: up to `;`, `,` or a bracket that closes."""
    offset = start
    while offset < len(code):
        char = code[offset]
        if char in "([{":
            # A brace after a finished operand is the body of the enclosing `if` or loop.
            offset = find_closing(code, offset)
        elif char in ")]};,":
            break
        offset += 1
    return code[start:offset]


def check(source: Source) -> list[Finding]:
    findings = []
    for match in re.finditer(r"\bco_await\b", source.code):
        text = operand(source.code, match.end())
        line = source.line_of(match.start())
        # `operator co_await` is a declaration.
        if re.search(r"\boperator\s*$", source.code[: match.start()]):
            continue
        for what in offences(text):
            findings.append(
                Finding(source.path, line, RULE, f"{what} inside a co_await expression: name it first")
            )
    return findings


def offences(text: str) -> list[str]:
    found = []
    if _LAMBDA.search(text):
        found.append("a lambda")
    elif "{" in text:
        found.append("a braced initialiser")
    temporary = _TEMPORARY.search(text)
    if temporary:
        found.append(f"a temporary `{temporary.group(1)}`")
    return found
