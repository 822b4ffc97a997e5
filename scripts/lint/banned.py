"""Calls and words that this repository does without, each with what to use instead."""

import re
from dataclasses import dataclass

from cpp import Source
from finding import Finding


@dataclass(frozen=True)
class Ban:
    pattern: re.Pattern
    message: str
    # Modules (or files) of src/ where it is right after all.
    allowed_in: tuple[str, ...] = ()
    in_tests: bool = True


def _ban(pattern: str, message: str, allowed_in: tuple[str, ...] = (), in_tests: bool = True) -> Ban:
    return Ban(re.compile(pattern), message, allowed_in, in_tests)


_CALL = r"(?<![\w.>:])(?:std::|::)?"

BANS = [
    _ban(
        r"\b(?:usleep|nanosleep|sleep_for|sleep_until)\s*\(|(?<![\w.>])::sleep\s*\(|\bsleep\s*\(\s*\d",
        "no sleeping: wait for the event, by the clock port",
    ),
    _ban(
        _CALL + r"s?rand(?:_r)?\s*\(|(?<![\w.>])::s?random\s*\(|\bstd::random_device\b",
        "use the random port of base",
        ("base", "runtime"),
    ),
    _ban(r"\bcatch\s*\(\s*\.\.\.\s*\)", "catch what is known at the module's edge; the rest is a bug"),
    _ban(
        r"\bnew\b(?!\s*\()(?<!operator new)",
        "no naked new: std::make_unique, or wrap it in unique_ptr at once",
    ),
    _ban(r"(?<!= )\bdelete\b(?!d)(?<!operator delete)", "no delete: let an owner release it"),
    _ban(r"\busing\s+namespace\s+std\s*;", "name what is used"),
    _ban(
        _CALL + r"(?:strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|alloca)\s*\(",
        "unbounded or unchecked: use fmt or from_chars",
        in_tests=False,
    ),
    _ban(_CALL + r"(?:sto(?:i|l|ll|ul|ull|f|d))\s*\(", "throws on bad input: use from_chars", in_tests=False),
    _ban(_CALL + r"(?:system|popen|tmpnam|mktemp)\s*\(", "no shell, no guessable names", in_tests=False),
    _ban(_CALL + r"assert\s*\(", "use GODWIT_CHECK, which stays on in release"),
    _ban(r"\.detach\s*\(\s*\)", "a detached thread outlives what it uses: own it and join it"),
    _ban(r"(?:\.|->|::)(?:get_)?instance\s*\(\s*\)", "no singletons: pass it"),
    _ban(r"\bstd::(?:cout|cerr|clog)\b", "write through the output of app, or log", ("app",), in_tests=False),
    _ban(
        _CALL + r"(?:printf|puts)\s*\(", "write through the output of app, or log", ("app",), in_tests=False
    ),
    _ban(
        _CALL + r"(?:secure_)?getenv\s*\(",
        "the environment is read in app and handed down",
        ("app",),
        in_tests=False,
    ),
    _ban(
        _CALL + r"(?:abort|_exit|quick_exit)\s*\(",
        "use GODWIT_CHECK for bugs",
        ("base/check.cc", "app"),
        in_tests=False,
    ),
]

# Headers that product code does without.
_LIBRARY = {
    "<format>": "not in this standard library: use fmt",
    "<print>": "not in this standard library: use fmt",
    "<generator>": "not in this standard library",
    "<regex>": "slow and recursive: write the few lines",
    "<iostream>": "static constructors everywhere: use fmt",
    "<boost/process.hpp>": "no shell",
}

_WORDS = ("utils", "util", "common", "manager", "helper", "helpers", "misc")


def check(source: Source) -> list[Finding]:
    return check_calls(source) + check_includes(source) + check_remarks(source) + check_names(source)


def check_calls(source: Source) -> list[Finding]:
    findings = []
    place = source.path.removeprefix("src/")
    for ban in BANS:
        if source.is_test and not ban.in_tests:
            continue
        if any(place == where or place.startswith(where + "/") for where in ban.allowed_in):
            continue
        for match in ban.pattern.finditer(source.code):
            if not _is_owned_new(source.code, match):
                line = source.line_of(match.start())
                findings.append(
                    Finding(source.path, line, "banned", f"`{match.group().strip()}`: {ban.message}")
                )
    return findings


def _is_owned_new(code: str, match: re.Match) -> bool:
    """`unique_ptr<T>(new T(...))` owns it in the same expression; so does GoogleTest's registration."""
    if match.group() != "new":
        return False
    before = code[max(0, match.start() - 200) : match.start()]
    return bool(
        re.search(
            r"(?:\b(?:unique|shared)_ptr<[^;]*>\s*(?:\w+\s*)?[({]|AddGlobalTestEnvironment\()\s*$", before
        )
    )


def check_includes(source: Source) -> list[Finding]:
    findings = []
    for line, include in source.includes if not source.is_test else []:
        if include in _LIBRARY:
            findings.append(Finding(source.path, line, "banned", f"{include}: {_LIBRARY[include]}"))
    return findings


def check_remarks(source: Source) -> list[Finding]:
    """Notes to self have an issue number, and nothing is left that says it is broken."""
    findings = []
    for match in re.finditer(r"\b(FIXME|XXX|HACK|TODO(?!\(#\d+\)))\b", source.text):
        message = f"{match.group()}: do it, or file an issue and write TODO(#number)"
        findings.append(Finding(source.path, source.line_of(match.start()), "remark", message))
    if source.path.endswith(".h") and "#pragma once" not in source.text:
        findings.append(Finding(source.path, 1, "remark", "a header needs #pragma once"))
    return findings


def check_names(source: Source) -> list[Finding]:
    """A file or folder called `utils` is where layering goes to die."""
    findings = []
    stem_words = re.split(r"[/_.]", source.path)
    for word in _WORDS:
        if word in stem_words:
            findings.append(Finding(source.path, 1, "name", f"`{word}` says nothing: name what it is"))
    if re.search(r"[^a-z0-9_./]", source.path):
        findings.append(Finding(source.path, 1, "name", "file names are snake_case"))
    return findings
