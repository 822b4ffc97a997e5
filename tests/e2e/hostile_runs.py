"""Runs one entry of hostile_rules.py in one chain, and judges it from the double's truth and the disk: never from what
godwit says alone. A judgement is a list of complaints; an empty one is a pass."""

import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import sqlite3
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

from godwit import Godwit, Run
from hostile_rules import ACROSS, CONTENTS, DOWN, INSIDE, OLD, UP, UP_READ_BACK, Entry
from s3double import Double

# Nothing but these may leave this machine's memory in a signature.
SECRET = "s3cr3t/of+a/hostile=suite"
RUN_SECONDS_MAX = 200
# Eight attempts at a request, three at an object.
ATTEMPTS_MAX = 24
# What stands at the destination is looked at to settle what became of a write.
LOOKS_MAX = 16
# An object that changes is planned anew three times.
DEFERRALS_MAX = 3
# What may be asked of a source; all of it changes nothing.
READING = {"ListObjectsV2", "HeadObject", "GetObject", "GetObjectTagging"}
WRITING = READING | {
    "PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload",
    "AbortMultipartUpload", "ListParts", "ListMultipartUploads",
}  # fmt: skip
PROBE = ".godwit-probe"
SIGNATURE = re.compile(rb"Signature=[0-9a-f]{16}|AWS4-HMAC-SHA256")
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Bucket:
    """The truth about one bucket of a double, while no rules are in force. Anonymous, so that no client of S3 is between."""

    def __init__(self, double: Double, name: str):
        self.authority, self.name = double.endpoint.removeprefix("http://"), name
        self.ask("PUT", "")

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> bytes:
        connection = http.client.HTTPConnection(self.authority, timeout=60)
        connection.request(method, f"/{self.name}{path}", body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status < 300, (method, path, answer.status, content[:300])
        return content

    def put(self, key: str, content: bytes, tags: str = "") -> None:
        headers = {"x-amz-tagging": tags} if tags else {}
        self.ask("PUT", "/" + urllib.parse.quote(key), content, headers)

    def objects(self) -> dict[str, bytes]:
        """Every object but the markers of directories, by key."""
        page = ElementTree.fromstring(self.ask("GET", "?list-type=2&encoding-type=url"))
        assert page.findtext(f"{NAMESPACE}IsTruncated") == "false"
        keys = [urllib.parse.unquote_plus(key.text) for key in page.iterfind(f"{NAMESPACE}Contents/{NAMESPACE}Key")]
        return {key: self.ask("GET", "/" + urllib.parse.quote(key)) for key in keys if not key.endswith("/")}

    def uploads(self) -> list[str]:
        page = ElementTree.fromstring(self.ask("GET", "?uploads"))
        return [found.text for found in page.iterfind(f"{NAMESPACE}Upload/{NAMESPACE}UploadId")]


def files_of(root: Path) -> dict[str, bytes]:
    if not root.exists():
        return {}
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def key_of(row: dict) -> str:
    """Keys with control characters are shown escaped, and told exactly beside it."""
    return base64.b64decode(row["key_base64"]).decode() if "key_base64" in row else row["key"]


def make_files(root: Path, files: dict[str, bytes], age_seconds: int = 0) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        then = time.time() - age_seconds
        os.utime(path, (then, then))


class Trial:
    """One entry in one chain: fresh buckets, a fresh home, a fresh directory."""

    def __init__(self, double: Double, directory: Path, number: int, entry: Entry, chain: str):
        self.double, self.entry, self.chain = double, entry, chain
        self.directory = directory
        self.files = CONTENTS[entry.content]
        self.complaints: list[str] = []
        self.godwit = Godwit(directory / "home")
        self.source_bucket = Bucket(double, f"source-{number}") if chain in (DOWN, ACROSS, INSIDE) else None
        self.destination_bucket = Bucket(double, f"destination-{number}") if chain != DOWN else None
        self.tree, self.down = directory / "source", directory / "down"
        self.prepare()

    def prepare(self) -> None:
        old = {name: OLD for name in self.files} if self.entry.old else {}
        if self.source_bucket:
            for name, content in self.files.items():
                self.source_bucket.put(f"x/{name}", content, self.entry.tags)
        else:
            make_files(self.tree, self.files)
        if self.destination_bucket:
            for name, content in old.items():
                self.destination_bucket.put(f"x/{name}", content)
        else:
            make_files(self.down, old, age_seconds=3600)

    def complain(self, words: str) -> None:
        self.complaints.append(words)

    def expect(self, holds: bool, words: str) -> None:
        if not holds:
            self.complain(words)

    # --- what is done

    def judge(self) -> list[str]:
        if self.entry.before:
            self.set_rules(self.entry.before)
            self.copy()
        self.set_rules(self.entry.rules)
        since = len(self.double.audit())
        run = self.copy()
        fired = self.fired()
        self.double.rules()
        self.expect(all(count > 0 for count in fired), f"a rule never fired: {fired}")
        rows = self.ledger()
        self.check_end(run, rows)
        self.check_sums(run)
        self.check_verified(rows)
        self.check_failed(rows)
        self.check_requests(since, fired)
        self.check_leavings(run)
        self.check_words(run, rows)
        self.check_source(run)
        self.check_convergence()
        if self.complaints:
            self.complain(str(run)[-3000:])
        shutil.rmtree(self.directory, ignore_errors=True)
        return self.complaints

    def set_rules(self, rules: tuple[dict, ...]) -> None:
        names = {"SOURCE": self.source_bucket, "DESTINATION": self.destination_bucket}
        placed = []
        for rule in rules:
            bucket = names.get(rule.get("bucket"))
            placed.append(rule | ({"bucket": bucket.name} if bucket else {}))
        self.double.rules(*placed)

    def copy(self) -> Run:
        source = f"s3://{self.source_bucket.name}/x" if self.source_bucket else self.tree
        destination = f"s3://{self.destination_bucket.name}/x" if self.destination_bucket else self.down
        options = ["--read-back"] if self.chain in (UP_READ_BACK, ACROSS) else []
        options += self.entry.options
        return self.godwit.copy(source, destination, *options, server=self.double, seconds_max=RUN_SECONDS_MAX)

    def fired(self) -> list[int]:
        return [rule["fired"] for rule in json.loads(self.double.page("/_double/rules"))]

    def ledger(self) -> dict[str, dict]:
        """The rows of the newest run, by name."""
        told = self.godwit.run("ledger", "query", "execution=latest", "-o", "json")
        if told.code != 0:
            return {}
        rows = [row for row in json.loads(told.stdout) if row["type"] == "object"]
        return {name: row for row in rows if not (name := key_of(row)).endswith("/")}

    # --- what is looked at

    def stored(self) -> dict[str, bytes]:
        """What is really at the destination, by name."""
        if not self.destination_bucket:
            return files_of(self.down)
        return {key.removeprefix("x/"): content for key, content in self.destination_bucket.objects().items()}

    def source(self) -> dict[str, bytes]:
        """What is really at the source, by name."""
        if not self.source_bucket:
            return files_of(self.tree)
        return {key.removeprefix("x/"): content for key, content in self.source_bucket.objects().items()}

    def touched(self) -> set[str]:
        """The names of the objects that the rules are about."""
        globs = [rule.get("key", "*").removeprefix("x/") for rule in self.entry.rules]
        named = {name for name in self.files if name in globs}
        return named or set(self.files)

    def check_end(self, run: Run, rows: dict[str, dict]) -> None:
        end, _, rest = self.entry.end_in(self.chain).partition(" ")
        wanted_code = {"verified": 0, "gone": 0, "failed": 1, "deferred": 1}.get(end)
        if end == "stopped":
            number, _, rest = rest.partition(" ")
            wanted_code = int(number)
            codes = "+".join(sorted({error["code"] for error in run.errors}))
            self.expect(codes == rest, f"stopped by {codes}, not {rest}")
            self.expect(not any(row["outcome"] == "verified" for row in rows.values()), f"copied although stopped: {rows}")
        else:
            self.expect(set(rows) == set(self.files), f"the ledger has {sorted(rows)}")
            for name, row in rows.items():
                wanted = end if name in self.touched() else "verified"
                self.expect(row["outcome"] == wanted, f"{name} is {row['outcome']} ({row['code']}), not {wanted}")
                if wanted == "failed":
                    self.expect(row["code"] in rest.split("|"), f"{name} failed by {row['code']}, not {rest}")
        if rest == "Mismatch":
            wanted_code = 3
        self.expect(run.code == wanted_code, f"exit code {run.code}, not {wanted_code}")

    def check_sums(self, run: Run) -> None:
        if not run.lines or run.lines[-1]["type"] != "summary":
            return self.expect(run.code != 0, "no summary")
        said = run.summary
        ends = sum(said[name] for name in ("copied", "skipped", "deferred", "failed"))
        self.expect(said["listed"] == ends, f"listed {said['listed']}, ends {ends}")
        self.expect(said["exit_code"] == run.code, "the summary tells another exit code")
        clean = said["deferred"] + said["failed"] == 0 and said["status"] == "CLEAN"
        self.expect(clean == (run.code == 0), f"{said['status']} with exit code {run.code}")

    def check_verified(self, rows: dict[str, dict]) -> None:
        stored, wanted = self.stored(), self.source()
        for name, row in rows.items():
            if row["outcome"] != "verified":
                continue
            self.expect(stored.get(name) == wanted[name], f"{name} is VERIFIED and WRONG at the destination")
            self.expect(row["level"] in self.entry.levels, f"{name} has evidence {row['level']}")
            if row["level"] == "attested":
                self.expect(self.was_attested(name), f"{name} is attested, and the store checked nothing")

    def was_attested(self, name: str) -> bool:
        """By a checksum that travelled with all of its bytes and was compared, or by the MD5 that the server computed."""
        assert self.destination_bucket
        deaf = any(rule.get("ignore_checksums") for rule in self.entry.rules)
        records = [
            record
            for record in self.double.audit(key=f"x/{name}")
            if record["bucket"] == self.destination_bucket.name and record.get("access_key") == self.double.key
        ]
        writes = [
            record
            for record in records
            if record["operation"] in ("PutObject", "UploadPart", "CopyObject") and record["status"] == 200
        ]
        if any(record["operation"] == "CopyObject" for record in writes):
            return not deaf
        checksums = [any(header.startswith("x-amz-checksum-") for header in record["headers"]) for record in writes]
        if checksums and all(checksums) and not deaf:
            return True
        digests = [any(header == "content-md5" for header in record["headers"]) for record in writes]
        return bool(digests) and all(digests)

    def check_failed(self, rows: dict[str, dict]) -> None:
        """The old object or nothing, or what another writer put there; never a mix and never a part."""
        whole = [OLD] if self.entry.old else []
        whole += [rule["first_put"].encode() for rule in self.entry.rules if "first_put" in rule]
        lies = any("stored" in rule or "flip_request_at" in rule for rule in self.entry.rules)
        stored = self.stored()
        strangers = set(stored) - set(self.files)
        self.expect(not strangers, f"strange names at the destination: {strangers}")
        for name, content in self.files.items():
            is_whole = name not in stored or stored[name] in (*whole, content)
            # A server that stores other bytes than it was sent does so under the final name.
            self.expect(is_whole or (lies and self.destination_bucket), f"{name} is neither old nor new: {len(stored.get(name, b''))} bytes")
            if name not in rows and self.entry.old:
                self.expect(stored.get(name) == OLD, f"{name} was touched without a row in the ledger")

    def check_requests(self, since: int, fired: list[int]) -> None:
        records = self.double.audit()[since:]
        source = self.source_bucket.name if self.source_bucket else ""
        rounds = 1 + DEFERRALS_MAX if self.entry.end_in(self.chain) == "deferred" else 1
        # Parts and pages of one object are requests of their own; what fails is looked at in between.
        requests = 3 * len(self.files)
        self.expect(max(fired) <= ATTEMPTS_MAX * rounds * requests, f"rules fired {fired} times")
        attempts: Counter = Counter()
        for record in records:
            key = record.get("key", "")
            own = PROBE in key
            allowed = READING if record["bucket"] == source else WRITING
            self.expect(own or record["operation"] in allowed, f"{record['operation']} of {record['bucket']}/{key}")
            if not own and record["operation"] != "ListObjectsV2":
                extent = record["headers"].get("range", record.get("part", 0))
                attempts[(record["operation"], record["bucket"], key, extent)] += 1
        for request, count in attempts.items():
            self.expect(count <= ATTEMPTS_MAX * rounds + LOOKS_MAX, f"{count} times {request}")

    def check_leavings(self, run: Run) -> None:
        staged = [str(path) for path in self.down.rglob(".godwit*")] if self.down.exists() else []
        self.expect(not staged, f"staged files were left: {staged}")
        if self.destination_bucket:
            named = self.uploads_in_ledger()
            forgotten = [upload for upload in self.destination_bucket.uploads() if upload.encode() not in named]
            self.expect(not forgotten, f"uploads that no ledger names: {forgotten}")

    def uploads_in_ledger(self) -> bytes:
        checkpoints = b""
        for path in self.godwit.home.glob("data/godwit/tasks/*/exec-*.db"):
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as ledger:
                checkpoints += b"\n".join(bytes(row[0]) for row in ledger.execute("SELECT checkpoint FROM uploads"))
        return checkpoints

    def check_words(self, run: Run, rows: dict[str, dict]) -> None:
        for error in run.errors:
            places = [str(self.directory)]
            places += [bucket.name for bucket in (self.source_bucket, self.destination_bucket) if bucket]
            is_named = any(place in error["message"] for place in places)
            has_kind = error["code"] != "" or error["kind"] != ""
            self.expect(is_named and ": " in error["message"] and has_kind, f"what failed? {error}")
        said = [("output", (run.stdout + run.stderr).encode(errors="surrogateescape"))]
        said += [(str(path), path.read_bytes()) for path in self.godwit.home.rglob("*") if path.is_file()]
        for place, content in said:
            self.expect(SECRET.encode() not in content, f"the secret key stands in {place}")
            self.expect(not SIGNATURE.search(content), f"a signature stands in {place}")
        raw = [character for character in run.stderr if ord(character) < 32 and character not in "\n"]
        self.expect(not raw, f"control characters in the messages: {raw}")

    def check_source(self, run: Run) -> None:
        overwritten = any("first_put" in rule and rule.get("bucket") == "SOURCE" for rule in self.entry.rules)
        if overwritten:
            return
        self.expect(self.source() == self.files, "the source was touched")

    def check_convergence(self) -> None:
        """Without the rules the same command ends clean, and both ends are equal (I10)."""
        run = self.copy()
        self.expect(run.code == 0, f"the second run: {str(run)[-1500:]}")
        wanted, stored = self.source(), self.stored()
        self.expect(stored == wanted, f"not equal after the second run: {self.sizes(stored)}, not {self.sizes(wanted)}")
        if self.destination_bucket:
            self.expect(self.destination_bucket.uploads() == [], "uploads were left by the second run")
            leftovers = [key for key in self.destination_bucket.objects() if ".godwit" in key]
            self.expect(leftovers == [], f"left by the second run: {leftovers}")

    @staticmethod
    def sizes(objects: dict[str, bytes]) -> dict[str, str]:
        return {name: f"{len(content)} {hashlib.md5(content).hexdigest()[:6]}" for name, content in objects.items()}
