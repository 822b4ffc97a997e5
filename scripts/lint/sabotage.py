"""The planted bugs (src/base/sabotage.h), the places where they are planted, and the tests that catch them
(tests/sabotage/bugs.toml) name each other.

That a name in use is in the header is the compiler's to say.
"""

import re

from cpp import Source
from finding import Finding

RULE = "sabotage"
HEADER = "src/base/sabotage.h"
TABLE = "tests/sabotage/bugs.toml"

BUG = re.compile(r"\bBUG\((\w+), *\"")
USE = re.compile(r"\bGODWIT_SABOTAGE\((\w+)\)")
CAUGHT = re.compile(r"^(\w+) = \[\"", re.MULTILINE)


def check(header: str, table: str, sources: list[Source]) -> list[Finding]:
    bugs = BUG.findall(header)
    used = {name for source in sources if source.path != HEADER for name in USE.findall(source.code)}
    caught = CAUGHT.findall(table)
    findings = [Finding(HEADER, 1, RULE, f"`{name}` is planted nowhere") for name in bugs if name not in used]
    findings += [Finding(TABLE, 1, RULE, f"no test catches `{name}`") for name in bugs if name not in caught]
    findings += [Finding(TABLE, 1, RULE, f"`{name}` is no planted bug") for name in caught if name not in bugs]
    return findings
