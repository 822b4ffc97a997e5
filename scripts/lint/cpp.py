"""A small reader of C++ source: enough structure for the lint rules, and no more.

It works on characters and brackets, not on a grammar: comments, strings and preprocessor lines are
blanked out (line numbers stay), then brackets are matched. This holds for code that clang-format has
formatted and that keeps to the style of this repository; it is not a parser for anybody's C++.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_TOKENS = re.compile(
    r"""
    (?P<comment> //(?:\\\n|[^\n])* | /\*.*?\*/ )
  | (?P<raw> \bR"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)" )
  | (?P<string> "(?:\\.|[^"\\\n])*" | (?<![0-9a-zA-Z])'(?:\\.|[^'\\\n])+' )
  | (?P<directive> ^[ \t]*\#(?:\\\n|/\*.*?\*/|(?!//)[^\n])* )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


@dataclass(frozen=True)
class Function:
    """One function body. `lines` runs from the line where its declaration starts to its last brace."""

    name: str
    first_line: int
    lines: int


class Source:
    """One file: its text, its text with only code left, and what stands where."""

    def __init__(self, path: str, text: str):
        self.path = path
        self.text = text
        # Set by mark_test_only().
        self.only_for_tests = False

    @classmethod
    def read(cls, root: Path, path: str) -> "Source":
        return cls(path, (root / path).read_text(encoding="utf-8", errors="replace"))

    @property
    def module(self) -> str | None:
        """`engine` for src/engine/transfer.cc; None outside src/."""
        parts = self.path.split("/")
        return parts[1] if len(parts) > 2 and parts[0] == "src" else None

    @property
    def is_test(self) -> bool:
        parts = self.path.split("/")
        named_so = self.path.endswith(("_test.cc", "_test.h")) or parts[0] != "src" or "testing" in parts
        return named_so or self.only_for_tests

    @cached_property
    def code(self) -> str:
        """The text with comments and preprocessor lines blanked and strings emptied."""

        def replace(match: re.Match) -> str:
            found = match.group()
            if match.lastgroup in ("comment", "directive"):
                return _blank(found)
            return '"' + _blank(found)[1:-1] + '"'

        return _TOKENS.sub(replace, self.text)

    @cached_property
    def includes(self) -> list[tuple[int, str]]:
        """(line, name) of each #include, the name with its quotes or angle brackets."""
        pattern = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(<[^>]+>|"[^"]+")', re.MULTILINE)
        return [(self.line_of(match.start(1)), match.group(1)) for match in pattern.finditer(self.text)]

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0] + [match.end() for match in re.finditer("\n", self.text)]

    def line_of(self, offset: int) -> int:
        return bisect_right(self._line_starts, offset)

    def line_text(self, line: int) -> str:
        return self.text.split("\n")[line - 1]

    @cached_property
    def functions(self) -> list[Function]:
        return _Scopes(self).functions()


def mark_test_only(sources: list[Source]) -> None:
    """Headers in src/ that only tests include belong to the tests, whatever their names."""
    includers: dict[str, list[Source]] = {}
    for source in sources:
        for _, include in source.includes:
            includers.setdefault("src/" + include.strip('"'), []).append(source)
    changed = True
    while changed:
        changed = False
        for source in sources:
            users = includers.get(source.path, [])
            if (
                not source.is_test
                and source.path.endswith(".h")
                and users
                and all(user.is_test for user in users)
            ):
                source.only_for_tests = changed = True


def find_closing(code: str, opening: int) -> int:
    """The offset of the bracket that closes the one at `opening`; the end of the code if none does."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    depth = 0
    for offset in range(opening, len(code)):
        if code[offset] in pairs:
            depth += 1
        elif code[offset] in pairs.values():
            depth -= 1
            if depth == 0:
                return offset
    return len(code)


class _Scopes:
    """Walks the braces of a file at namespace and class level and measures the function bodies."""

    def __init__(self, source: Source):
        self.source = source
        self.code = source.code
        self.found: list[Function] = []

    def functions(self) -> list[Function]:
        self._walk(0, len(self.code))
        return self.found

    def _walk(self, start: int, end: int) -> None:
        """Looks at one namespace or class body: every brace in it opens a scope, a body or a value."""
        statement = offset = start
        parentheses = 0
        while offset < end:
            char = self.code[offset]
            if char in "([":
                parentheses += 1
            elif char in ")]":
                parentheses -= 1
            elif char in ";}" and parentheses == 0:
                statement = offset + 1
            elif char == "{":
                closing = min(find_closing(self.code, offset), end)
                if parentheses == 0 and self._enter(statement, offset, closing):
                    statement = closing + 1
                offset = closing
            offset += 1

    def _enter(self, statement: int, opening: int, closing: int) -> bool:
        """Deals with the braces at `opening`. True when the statement ends with them."""
        head = self.code[statement:opening]
        kind = classify(head)
        if kind == "scope":
            self._walk(opening + 1, closing)
            return "namespace" in head or "extern" in head
        if kind == "function":
            self._record(statement, head, closing)
            return True
        return False

    def _record(self, statement: int, head: str, closing: int) -> None:
        # Access labels stand before a declaration without ending a statement.
        label = re.match(r"\s*(?:(?:public|protected|private)\s*:\s*)*", head)
        first = self.source.line_of(statement + label.end())
        last = self.source.line_of(closing)
        self.found.append(Function(function_name(head[label.end() :]), first, last - first + 1))


def _flat(head: str) -> str:
    """The head with everything inside brackets and template arguments removed."""
    previous = None
    while previous != head:
        previous = head
        head = re.sub(r"\([^()]*\)", "@", head)
        head = re.sub(r"\[[^\[\]]*\]", "`", head)
        head = re.sub(r"\{[^{}]*\}", "$", head)
    previous = None
    while previous != head:
        previous = head
        head = re.sub(r"(?<=[\w\s])<[^<>]*>", "", head)
    return head


# In flattened heads @ stands for (...), ` for [...] and $ for {...}.
_TYPE_HEAD = re.compile(
    r"^[\s`]*(?:template\s*|export\s+|requires\b.*\s)*(?:class|struct|union)\b", re.DOTALL
)
_NOT_PARAMETERS = re.compile(r"\b(?:alignas|decltype|requires)\s*@|\b[A-Z][A-Z0-9_]+\s*@")
_QUALIFIER_LAST = re.compile(r"\b(?:const|noexcept|override|final|mutable)\s*$")


def classify(head: str) -> str:
    """What braces after `head`, at namespace or class level, hold: scope, function or value."""
    flat = _flat(re.sub(r"\boperator\s*(\(\)|\[\]|[^\w\s(]+)", "operator_", head))
    flat = re.sub(r"\b(?:public|protected|private)\s*:(?!:)", " ", flat)
    if re.search(r"\bnamespace\b", flat) or re.search(r'\bextern\s*"\s*"\s*$', flat):
        return "scope"
    assigned = re.search(r"(?<![=!<>+\-*/%&|^])=(?!=)", flat)
    if assigned:
        # A lambda that is given a name at namespace level is a function too.
        return "function" if re.search(r"=\s*`\s*@?[^;]*$", flat) else "value"
    if re.search(r"\benum\b", flat):
        return "value"
    if _TYPE_HEAD.search(flat) and "@" not in _NOT_PARAMETERS.sub("", flat):
        return "scope"
    if "@" not in flat:
        return "value"
    # In a constructor's initialiser list `name{` is a value; after `)` or `}` comes the body.
    initialisers = re.search(r"@[^:]*(?<!:):(?!:)", flat)
    if initialisers and re.search(r"[\w>]\s*$", flat) and not _QUALIFIER_LAST.search(flat):
        return "value"
    return "function"


def function_name(head: str) -> str:
    """`Sink::commit` of `Task<Result<Receipt>> Sink::commit(Context& c) const`."""
    lambda_name = re.search(r"(\w+)\s*=\s*\[", head)
    if lambda_name:
        return lambda_name.group(1)
    operator = re.search(r"[\w:]*\boperator\s*(?:\(\)|\[\]|[^\w\s(]+|\s\w+)", head)
    if operator:
        return re.sub(r"\s+", " ", operator.group())
    test = re.match(r"\s*(TEST(?:_F|_P)?|RC_GTEST_PROP|TYPED_TEST)\s*\(\s*(\w+)\s*,\s*(\w+|\")", head)
    if test:
        return f"{test.group(2)}.{test.group(3)}"
    names = [
        match.group(1)
        for match in re.finditer(r"((?:\w+(?:<[^<>()]*>)?::)*~?\w+)\s*\(", head)
        if match.group(1) not in ("requires", "decltype", "noexcept", "alignas", "explicit", "if")
    ]
    return names[0] if names else "?"
