"""Arrows point down only: which module may include what (layers.txt), and who may see Asio and Beast."""

import re
from pathlib import Path

from cpp import Source
from finding import Finding

ASIO_MODULE = "net"
# Each file that includes Beast costs half a minute to compile.
BEAST_FILES_MAX = 4


def read_layers(path: Path) -> dict[str, set[str]]:
    layers: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            module, _, below = line.partition(":")
            layers[module.strip()] = set(below.split())
    for below in layers.values():
        if below == {"*"}:
            below |= set(layers)
    return layers


def reachable(layers: dict[str, set[str]], module: str) -> set[str]:
    seen = {module}
    waiting = [module]
    while waiting:
        for below in layers.get(waiting.pop(), ()):
            if below not in seen:
                seen.add(below)
                waiting.append(below)
    return seen


def check_source(source: Source, layers: dict[str, set[str]]) -> list[Finding]:
    module = source.module
    if module is None:
        return []
    if module not in layers:
        return [Finding(source.path, 1, "layering", f"module `{module}` is not in scripts/lint/layers.txt")]
    allowed = reachable(layers, module) if source.is_test else layers[module] | {module}
    findings = []
    for line, include in source.includes:
        target = include.strip('"<>').split("/")[0]
        if include.startswith('"') and "/" not in include:
            findings.append(Finding(source.path, line, "layering", f'write {include} as "module/file.h"'))
        elif target in layers and target not in allowed:
            findings.append(
                Finding(
                    source.path,
                    line,
                    "layering",
                    f"`{module}` may not include {include}: arrows point down only",
                )
            )
    return findings + check_asio(source, module)


def check_asio(source: Source, module: str) -> list[Finding]:
    findings = []
    for line, include in source.includes:
        if not re.match(r"<boost/(asio|beast)", include):
            continue
        if module != ASIO_MODULE:
            findings.append(Finding(source.path, line, "asio", f"only {ASIO_MODULE} includes {include}"))
        elif include.startswith("<boost/beast") and not source.path.endswith(".cc"):
            findings.append(Finding(source.path, line, "beast", f"{include} belongs in a .cc file"))
    return findings


def check_beast_count(sources: list[Source]) -> list[Finding]:
    """At most BEAST_FILES_MAX files of src/ include Beast, tests not counted."""
    users = [
        source.path
        for source in sources
        if not source.is_test and any(include.startswith("<boost/beast") for _, include in source.includes)
    ]
    if len(users) <= BEAST_FILES_MAX:
        return []
    message = f"{len(users)} files include Beast, {BEAST_FILES_MAX} may: {', '.join(sorted(users))}"
    return [Finding(users[-1], 1, "beast", message)]


def check_cmake(path: str, text: str, layers: dict[str, set[str]]) -> list[Finding]:
    """DEPENDS of a module's CMakeLists.txt names no more than layers.txt allows."""
    call = re.search(r"godwit_module\(\s*(\w+)([^)]*)\)", text)
    if not call:
        return []
    module = call.group(1)
    depends = re.search(r"(?<!TEST_)\bDEPENDS\s+((?:[a-z0-9_]+\s*)+)", call.group(2))
    named = set(depends.group(1).split()) if depends else set()
    return [
        Finding(path, 1, "layering", f"`{module}` may not depend on `{other}`: arrows point down only")
        for other in sorted(named - layers.get(module, set()))
    ]
