"""What a hostile S3 server does to a copy, as data: each entry is rules of the double (tests/s3double/rules.h), the
chains in which they bite, and the end that they must lead to. test_hostile_rules.py runs and judges them.

A name bears the row of the fault catalogue. "once" is a fault that goes away: the copy must end verified. "always" is one
that stays: the copy must fail cleanly, and end verified when it is gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MIB = 1 << 20

# Where bytes go: from a directory to S3, back, from S3 through us to S3 (--read-back keeps the server from copying), and
# inside the server.
UP, UP_READ_BACK, DOWN, ACROSS, INSIDE = "up", "up-read-back", "down", "across", "inside"


def pattern(size: int, seed: int) -> bytes:
    """Bytes of no period that a part or a page could have."""
    block = bytes((i * i * 31 + i * seed + (i >> 8)) & 255 for i in range(65_537))
    return (block * (size // len(block) + 1))[:size]


# Objects by name. Every key begins with "k", which is how rules leave the probe's own requests alone.
CONTENTS: dict[str, dict[str, bytes]] = {
    "small": {"k": pattern(5_000, 1)},
    "parts": {"k": pattern(9 * MIB + 17, 2)},
    "several": {f"k{number}": pattern(100 * number, number) for number in range(1, 6)} | {"kd/k6": b"six"},
    "empty": {"k": b""},
    "odd": {"k +%2B&=;?#'\"<ü>\\~\n\t": pattern(700, 3)},
}
# What stood at the destination before.
OLD = b"the old object\n"


@dataclass(frozen=True)
class Entry:
    """`rules` apply while the run is judged. `end` is "verified"; "failed CODE" or "deferred" (of the object whose key the
    rules name, while others are verified); or "stopped EXIT CODE" (the run goes no further)."""

    name: str
    rules: tuple[dict, ...]
    chains: tuple[str, ...]
    content: str = "small"
    end: str = "verified"
    # Something else stands at the destination at first.
    old: bool = False
    # Rules for a run before this one, which leaves something to carry on with.
    before: tuple[dict, ...] = ()
    options: tuple[str, ...] = ()
    # Levels of evidence that a verified object may have.
    levels: tuple[str, ...] = ("attested", "read_back", "read_back_cached", "server_copy")
    # Another end in some chain.
    ends: tuple[tuple[str, str], ...] = ()
    # Tags of the source's objects.
    tags: str = ""

    def end_in(self, chain: str) -> str:
        return dict(self.ends).get(chain, self.end)


@dataclass(frozen=True)
class Target:
    """A request, and where it is sent."""

    name: str
    match: dict
    chains: tuple[str, ...]
    content: str = "small"
    tags: str = ""

    @property
    def writes(self) -> bool:
        return self.name.startswith(("Put", "Create", "Upload", "Complete", "Copy"))


def on(operation: str, **match) -> dict:
    return {"operation": operation, "key": "x/k*"} | match


WRITES_BY = (UP, ACROSS)
READS_BY = (DOWN, ACROSS)
PUT = Target("PutObject", on("PutObject"), WRITES_BY)
CREATE = Target("CreateMultipartUpload", on("CreateMultipartUpload"), WRITES_BY, "parts")
PART = Target("UploadPart", on("UploadPart", part=2), WRITES_BY, "parts")
COMPLETE = Target("CompleteMultipartUpload", on("CompleteMultipartUpload"), WRITES_BY, "parts")
GET = Target("GetObject", on("GetObject", bucket="SOURCE"), READS_BY)
RANGE = Target("GetRange", on("GetObject", bucket="SOURCE"), READS_BY, "parts")
BACK = Target("ReadBack", on("GetObject", bucket="DESTINATION"), (UP_READ_BACK, ACROSS))
HEAD = Target("HeadObject", on("HeadObject", bucket="SOURCE"), READS_BY, "parts")
LIST = Target("ListObjectsV2", on("ListObjectsV2", key="x/"), (UP, DOWN, ACROSS), "several")
COPY = Target("CopyObject", on("CopyObject"), (INSIDE,))
TAGS = Target("GetObjectTagging", on("GetObjectTagging", bucket="SOURCE"), (ACROSS,), "small", "a=b&c=d")
TARGETS = (PUT, CREATE, PART, COMPLETE, GET, RANGE, BACK, HEAD, LIST, COPY, TAGS)


def entry(target: Target, name: str, effects: dict, end: str = "verified", **rest) -> Entry:
    """`name` is ROW_words; the target's name goes between them."""
    row, words = name.split("_", 1)
    fields = {"content": target.content, "chains": target.chains, "tags": target.tags} | rest
    return Entry(f"{row}_{target.name}_{words}", (target.match | effects,), end=end, **fields)


def once(target: Target, name: str, effects: dict, **rest) -> Entry:
    """The first request meets it, the second does not."""
    return entry(target, f"{name}_once", effects | {"times": 1}, **rest)


def always(target: Target, name: str, effects: dict, code: str, listing_exit: int = 7, **rest) -> Entry:
    """Every request meets it. Of a listing no object is known, so that the run stops."""
    end = f"stopped {listing_exit} {code}" if target is LIST else f"failed {code}"
    return entry(target, f"{name}_always", effects, **({"end": end, "old": target.writes or target is LIST} | rest))


HTML = "<html><head><title>Sign in</title></head><body>Please accept the terms</body></html>"
ERROR_200 = {"status": 200, "code": "InternalError"}


def busy_and_back() -> Iterator[Entry]:
    """Refusals that ask for another attempt, in every shape."""
    for target in TARGETS:
        yield once(target, "E52_500_with_its_code", {"status": 500, "code": "InternalError"})
        yield once(target, "E52_503_slow_down", {"status": 503, "code": "SlowDown"})
        # An answer to HEAD has no body that could name it.
        code = "ServiceUnavailable" if target is HEAD else "SlowDown"
        yield always(target, "E52_503_slow_down", {"status": 503, "code": "SlowDown"}, code)
    for target in (PUT, COMPLETE, GET, RANGE, LIST):
        yield once(target, "E52_429_without_body", {"status": 429, "body": ""})
        yield once(target, "E52_502_with_a_web_page", {"status": 502, "body": HTML, "content_type": "text/html"})
        yield once(target, "E52_400_request_timeout", {"status": 400, "code": "RequestTimeout"})
        yield once(target, "E52_409_operation_aborted", {"status": 409, "code": "OperationAborted"})
        yield once(target, "E52_503_with_xml_of_another_kind", {"status": 503, "body": "<ListBucketResult/>"})
    for target in (PUT, PART, GET, LIST):
        slow = {"status": 503, "code": "SlowDown", "headers": {"Retry-After": "1"}}
        yield once(target, "E52_retry_after_1", slow)
        nonsense = slow | {"headers": {"Retry-After": "-99999999999999999999"}}
        yield once(target, "E52_retry_after_nonsense", nonsense)


def refusals() -> Iterator[Entry]:
    """Refusals that another attempt cannot cure: one request, and no more."""
    for target in (PUT, CREATE, PART, COMPLETE, GET, RANGE, LIST, COPY):
        denied = {"status": 403, "code": "AccessDenied"}
        yield always(target, "E57_403_access_denied", denied, "AccessDenied", 4)
        absent = {"status": 501, "code": "NotImplemented"}
        yield always(target, "E57_501_not_implemented", absent, "NotImplemented", 6)
    for target in (PUT, GET, LIST):
        yield always(target, "E57_400_without_body", {"status": 400, "body": ""}, "BadRequest", 6)
        unknown = {"status": 400, "code": "InvalidArgument", "message": "Unsupported header 'if-none-match'"}
        yield always(target, "E57_400_for_a_header", unknown, "InvalidArgument", 6)
        cut = {"status": 403, "body": "<?xml version='1.0'?><Error><Code>Acc"}
        yield always(target, "E57_403_with_a_cut_body", cut, "Forbidden", 4)
        teapot = {"status": 418, "body": "short and stout"}
        yield always(target, "E57_418", teapot, "HTTP 418", 6)
    yield always(LIST, "E57_404_no_such_bucket", {"status": 404, "code": "NoSuchBucket"}, "NoSuchBucket", 5)
    yield always(PUT, "E57_404_no_such_bucket", {"status": 404, "code": "NoSuchBucket"}, "NoSuchBucket")
    yield always(PUT, "E57_413", {"status": 413, "code": "EntityTooLarge"}, "EntityTooLarge")
    for target in (PUT, COMPLETE):
        changed = {"status": 412, "code": "PreconditionFailed"}
        yield once(target, "E57_412_that_was_not_true", changed)
        yield entry(target, "E57_412_for_ever_always", changed, "deferred", old=True)
    for target in (GET, RANGE):
        yield once(target, "A10_412_that_was_not_true", {"status": 412, "code": "PreconditionFailed"})
        yield entry(target, "A10_412_for_ever_always", {"status": 412, "code": "PreconditionFailed"}, "deferred")
        yield once(target, "E50_416_for_a_range_that_is_there", {"status": 416, "code": "InvalidRange"})


def cut_connections() -> Iterator[Entry]:
    """FIN and RST while the request goes out, before the answer, in its head and in its body."""
    for target in (PUT, PART, COMPLETE, GET, RANGE, LIST, COPY):
        yield once(target, "D34_answer_cut_in_its_head", {"cut_reply_at": 40})
        yield once(target, "D34_answer_reset_in_its_head", {"cut_reply_at": 40, "reset": True})
        yield once(target, "D34_no_answer", {"cut_reply_at": 0})
    for target in (PUT, PART):
        for at in (0, 1, 4_999):
            yield once(target, f"D34_request_cut_at_{at}", {"cut_request_at": at})
        yield once(target, "D34_request_reset_in_the_middle", {"cut_request_at": 2_500, "reset": True})
        yield always(target, "D34_request_cut_in_the_middle", {"cut_request_at": 2_500}, "ConnectionClosed|ECONNRESET")
    for target in (GET, RANGE, BACK):
        yield once(target, "D38_body_cut", {"cut_reply_at": 3_000})
        yield once(target, "D38_body_reset", {"cut_reply_at": 3_000, "reset": True})
        yield always(target, "D38_body_cut", {"cut_reply_at": 3_000}, "BodyCut")
    yield once(LIST, "D38_page_cut", {"cut_reply_at": 600}, old=True)
    yield always(LIST, "D38_page_cut", {"cut_reply_at": 600}, "BodyCut")


def framing() -> Iterator[Entry]:
    """Answers that are no proper HTTP, or are only just."""
    for target in (PUT, COMPLETE, GET, LIST):
        yield once(target, "D38_length_too_large", {"headers": {"Content-Length": "999999"}, "close": True})
        yield once(target, "D38_length_is_no_number", {"headers": {"Content-Length": "many"}})
        yield once(target, "D38_length_is_negative", {"headers": {"Content-Length": "-1"}})
        yield once(target, "D38_length_beyond_64_bits", {"headers": {"Content-Length": "18446744073709551617"}})
        yield once(target, "D38_answer_that_is_not_http", {"raw_before": "SSH-2.0-OpenSSH_9.2\r\n"})
        yield once(target, "D38_head_of_a_mebibyte", {"headers": {"x-padding": "a" * MIB}})
        yield once(target, "E60_interim_answers", {"raw_before": "HTTP/1.1 102 Processing\r\n\r\n" * 3})
    for target in (GET, RANGE, LIST):
        yield once(target, "D38_chunked", {"chunked": True})
        yield once(target, "D38_chunked_without_end", {"chunked_without_end": True})
        yield once(target, "D38_bytes_behind_the_answer", {"raw_after": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"})
    yield always(GET, "D38_chunked_without_end", {"chunked_without_end": True}, "MalformedAnswer")
    yield once(GET, "D38_length_too_small", {"headers": {"Content-Length": "4999"}})
    yield always(GET, "D38_length_too_small", {"headers": {"Content-Length": "4999"}}, "", end="deferred")
    yield once(GET, "D38_two_lengths", {"raw_before": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"})
    endless = {"raw_before": "HTTP/1.1 100 Continue\r\n\r\n" * 5_000}
    yield once(GET, "E60_interim_answers_without_end", endless)


def slowness() -> Iterator[Entry]:
    """Peers that stop and peers that drip: the low-speed deadline frees the slot, the next attempt succeeds."""
    for target in (PUT, GET, LIST):
        yield once(target, "D36_answer_stalls_in_its_head", {"stall_reply_at": 20})
    for target in (GET, RANGE):
        yield once(target, "D36_body_stalls", {"stall_reply_at": 3_000})
        yield once(target, "D36_body_drips", {"drip_ms": 200})
    yield once(PART, "D36_request_stalls", {"stall_request_at": 1_000})
    for target in (PUT, GET, LIST):
        yield once(target, "D36_answer_comes_late", {"delay_ms": 3_000})


def lost_answers() -> Iterator[Entry]:
    """The server has acted and its answer is lost (I11)."""
    lost = {"after_act": True, "cut_reply_at": 0}
    for target, row in ((PUT, "D35"), (CREATE, "D35"), (PART, "D35"), (COMPLETE, "E45"), (COPY, "D35")):
        for old in (False, True):
            place = "over_an_old_object" if old else "where_nothing_was"
            yield once(target, f"{row}_answer_lost_after_the_act_{place}", lost, old=old)
            yield once(target, f"{row}_500_after_the_act_{place}", lost | {"cut_reply_at": 100_000, "status": 500}, old=old)
    unseen = {"operation": "HeadObject", "key": "x/k", "bucket": "DESTINATION", "status": 404, "times": 1}
    for target in (PUT, COMPLETE):
        name = f"E55_{target.name}_answer_lost_and_the_object_not_seen_yet_once"
        yield Entry(name, (target.match | lost | {"times": 1}, unseen), target.chains, target.content)


def bodies_of_200() -> Iterator[Entry]:
    """Status 200 is no success by itself."""
    page = {"status": 200, "body": HTML, "content_type": "text/html"}
    for target in TARGETS:
        yield once(target, "D41_login_page", page)
    for target in (PUT, COMPLETE, GET, RANGE, COPY, CREATE):
        yield always(target, "D41_login_page", page, "MalformedAnswer")
    yield always(LIST, "D41_login_page", page, "MalformedAnswer")
    for target in (COMPLETE, COPY, CREATE, LIST):
        yield once(target, "E44_200_with_an_error", ERROR_200)
        yield always(target, "E44_200_with_an_error", ERROR_200, "InternalError")
        for words, body in (("nothing", ""), ("white_space", " \n"), ("half_a_document", "<?xml version='1.0'?><CompleteMul")):
            yield once(target, f"E44_200_with_{words}", {"status": 200, "body": body})
        yield once(target, "E44_200_with_another_root", {"status": 200, "body": "<Owner><ETag>x</ETag></Owner>"})
        yield always(target, "E44_200_with_nothing", {"status": 200, "body": ""}, "MalformedAnswer")
    for target in (PUT, PART):
        yield once(target, "E44_200_with_an_error", ERROR_200)
        yield always(target, "E44_200_with_an_error", ERROR_200, "MalformedAnswer")


def hostile_xml() -> Iterator[Entry]:
    bomb = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    documents = {
        "a_dtd": "<!DOCTYPE r [<!ELEMENT r ANY>]><r/>",
        "an_external_entity": "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>",
        "a_billion_laughs": f"<!DOCTYPE r [<!ENTITY l0 'ha'>{bomb}]><r>&l9;</r>",
        "depth_of_10000": "<a>" * 10_000 + "</a>" * 10_000,
        "a_nul": "<ListBucketResult>\0</ListBucketResult>",
    }
    for words, body in documents.items():
        for target in (LIST, COMPLETE):
            yield once(target, f"E56_{words}", {"status": 200, "body": body})
            yield always(target, f"E56_{words}", {"status": 200, "body": body}, "MalformedAnswer")
    foreign = {"replace": {"http://s3.amazonaws.com/doc/2006-03-01/": "urn:somebody:else"}}
    yield entry(LIST, "E56_another_namespace_always", foreign)
    yield entry(COMPLETE, "E56_another_namespace_always", foreign)


def redirects() -> Iterator[Entry]:
    """No Location is ever followed: neither credentials nor bytes go to another origin."""
    places = {
        "another_host": "http://192.0.2.1/x",
        "the_metadata_address": "http://169.254.169.254/latest/meta-data/",
        "a_file": "file:///etc/passwd",
    }
    for target in (PUT, GET, LIST):
        for words, place in places.items():
            moved = {"status": 301, "body": "", "headers": {"Location": place}}
            yield always(target, f"E54_301_to_{words}", moved, "PermanentRedirect", 6)
        permanent = {"status": 308, "body": "", "headers": {"Location": "https://192.0.2.1/"}}
        yield always(target, "E54_308", permanent, "PermanentRedirect", 6)
        yield once(target, "E54_307", {"status": 307, "body": "", "headers": {"Location": "http://192.0.2.1/"}})
    region = {"status": 301, "code": "PermanentRedirect", "headers": {"x-amz-bucket-region": "evil.example.com/"}}
    yield always(LIST, "E54_region_that_is_no_region", region, "PermanentRedirect", 6)


def clocks() -> Iterator[Entry]:
    skewed = {"status": 403, "code": "RequestTimeTooSkewed"}
    for target in (PUT, GET, LIST):
        yield once(target, "E53_skewed", skewed)
        yield always(target, "E53_skewed", skewed, "RequestTimeTooSkewed", 4)
        yield entry(target, "E53_date_of_another_century_always", {"headers": {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}})


def etags() -> Iterator[Entry]:
    # The answer to a write says another ETag than reads do: a read that is pinned to it finds it changed.
    lying = {"ends": ((ACROSS, "deferred"),), "levels": ("attested",)}
    yield entry(PUT, "E51_etag_with_a_blank_always", {"headers": {"ETag": '"a b"'}}, **lying)
    for target in (PUT, PART):
        yield once(target, "E51_no_etag", {"drop_headers": ["ETag"]})
        # Settled by looking at what the store holds.
        yield entry(target, "E51_no_etag_always", {"drop_headers": ["ETag"]}, old=True)
    for words, etag in (("weak", 'W/"0123456789abcdef0123456789abcdef"'), ("opaque", '"zz-top"'), ("like_parts", f'"{"0" * 32}-2"')):
        yield entry(PUT, f"E51_{words}_etag_always", {"headers": {"ETag": etag}}, **lying)
        yield entry(GET, f"E51_{words}_etag_always", {"headers": {"ETag": etag}}, "deferred")
    yield entry(GET, "E51_no_etag_always", {"drop_headers": ["ETag"]}, "deferred")
    yield entry(RANGE, "E50_etag_differs_in_one_range_once", {"headers": {"ETag": '"another"'}, "times": 1})


def lies() -> Iterator[Entry]:
    """Wrong bytes, with everything right that is said of them."""
    for words, lie in (("truncated", "truncate:100"), ("zeroed", "zero:0"), ("flipped", "flip:77"), ("other", "other")):
        for target in (PUT, PART):
            back = {"chains": (UP_READ_BACK, ACROSS), "old": True}
            end = "failed Mismatch"
            if words == "truncated":
                # Seen by its length; of parts by the server itself, when it puts them together.
                end = "deferred" if target is PUT else "failed BadDigest"
            yield entry(target, f"E58_stored_{words}_once", {"stored": lie, "times": 1}, **(back | {"old": False}))
            yield entry(target, f"E58_stored_{words}_always", {"stored": lie}, end, **back)
        yield once(GET, f"E58_served_{words}", {"served": lie})
        yield once(RANGE, f"E58_served_{words}", {"served": lie})
        yield once(BACK, f"E58_served_{words}", {"served": lie})
        code = "BodyCut" if words == "truncated" else "ChecksumMismatch"
        yield always(GET, f"E58_served_{words}", {"served": lie}, code)
        yield always(RANGE, f"E58_served_{words}", {"served": lie}, code)
    for target in (PUT, PART):
        yield once(target, "D37_bit_flips_on_the_way", {"flip_request_at": 1_234})
        yield always(target, "D37_bit_flips_on_the_way", {"flip_request_at": 1_234}, "BadDigest")
        yield once(target, "E58_wrong_checksum_in_the_answer", {"wrong_checksum": True})
    yield once(GET, "E58_wrong_checksum_in_the_answer", {"wrong_checksum": True})
    yield always(GET, "E58_wrong_checksum_in_the_answer", {"wrong_checksum": True}, "ChecksumMismatch")


def deafness() -> Iterator[Entry]:
    """What the server does not know or does not do. The probe meets it too."""
    everywhere = {"operation": "*", "key": "*"}
    for chain, content in ((UP, "small"), (UP, "parts"), (DOWN, "parts"), (ACROSS, "parts"), (ACROSS, "several")):
        name = f"{chain}_{content}".replace("-", "_")
        plain = {"content": content, "chains": (chain,), "old": True}
        yield Entry(f"E57_conditions_ignored_{name}_always", (everywhere | {"ignore_conditions": True},), **plain)
        yield Entry(f"E57_checksums_ignored_{name}_always", (everywhere | {"ignore_checksums": True},), **plain)
    unranged = {"ignore_range": True}
    yield always(RANGE, "E50_range_ignored", unranged, "RangeIgnored")
    yield once(RANGE, "E50_range_ignored", unranged, end="failed RangeIgnored")
    for words, said in (("shifted", "bytes 1-100/9437201"), ("absent", ""), ("nonsense", "bytes */*"), ("of_another_size", "bytes 0-8388607/5")):
        wrong = {"headers": {"Content-Range": said}} if said else {"drop_headers": ["Content-Range"]}
        yield once(RANGE, f"E50_content_range_{words}", wrong)
    multipart = {"status": 206, "body": "--b\r\n\r\nx\r\n--b--", "content_type": "multipart/byteranges; boundary=b"}
    yield once(RANGE, "E50_multipart_byteranges", multipart)
    packed = {"headers": {"Content-Encoding": "gzip"}}
    for target in (GET, RANGE, PUT, LIST):
        yield entry(target, "E60_content_encoding_gzip_always", packed)
    yield entry(GET, "E60_stored_as_aws_chunked_always", {"headers": {"Content-Encoding": "aws-chunked"}})


def late_stores() -> Iterator[Entry]:
    missing = {"status": 404, "code": "NoSuchKey"}
    yield entry(BACK, "E55_not_seen_yet", missing | {"times": 3})
    yield entry(BACK, "E55_never_seen_always", missing, "failed NoSuchKey")
    yield entry(BACK, "E55_the_old_object_is_seen_for_a_while", {"stale": True, "times": 3}, old=True)
    # What was written twice is proved by its first version.
    yield entry(BACK, "E55_the_version_before_is_seen_always", {"stale": True}, old=True)
    yield once(GET, "A5_vanishes_after_the_listing", missing, end="gone")
    yield entry(GET, "A10_overwritten_before_the_read_once", {"first_put": "somebody else's", "times": 1})
    yield entry(RANGE, "A10_overwritten_between_two_ranges_once", {"first_put": "somebody else's", "nth": 2})
    yield entry(PUT, "E57_another_writer_first_once", {"first_put": "somebody else's", "times": 1})
    yield entry(COMPLETE, "E57_another_writer_first_once", {"first_put": "somebody else's", "times": 1})
    yield entry(PUT, "E57_another_writer_first_over_an_old_object_once", {"first_put": "another's", "times": 1}, old=True)
    yield entry(PUT, "E57_the_old_object_is_deleted_first_once", {"first_delete": True, "times": 1}, old=True)


def listings() -> Iterator[Entry]:
    impossible = "ImpossibleListing"
    lies_of_pages = {
        "E47_first_key_twice": {"list_repeat": True},
        "E47_backwards": {"list_reverse": True},
        "E47_key_outside_the_prefix": {"list_foreign_key": "secret/other"},
        "E46_truncated_for_ever_with_the_same_token": {"list_endless_token": "="},
        "E46_truncated_for_ever_with_a_blank_token": {"list_endless_token": ""},
        "E46_truncated_without_token": {"list_endless_without_token": True},
        "E46_empty_pages_without_end": {"list_empty": True, "list_endless_token": "again"},
        "E49_size_negative": {"list_size": "-1"},
        "E49_size_2_63": {"list_size": "9223372036854775808"},
        "E49_size_1e30": {"list_size": "1e30"},
        "E49_date_9999": {"list_last_modified": "9999-12-31T23:59:59.000Z"},
        "E49_date_0000": {"list_last_modified": "0000-00-00T00:00:00.000Z"},
        "E49_date_of_letters": {"list_last_modified": "yesterday"},
        "E51_etag_with_a_newline": {"list_etag": "a\r\nx-evil: 1"},
    }
    for name, effects in lies_of_pages.items():
        row, words = name.split("_", 1)
        rule = {"operation": "ListObjectsV2", "key": "x/"} | effects
        # What no page could say is refused where it is read; what no listing could, where it is put together.
        end = f"stopped 8 {impossible}" if row == "E47" or "empty" in words else "stopped 7 MalformedAnswer"
        yield Entry(f"{row}_ListObjectsV2_{words}_always", (rule,), (UP, DOWN, ACROSS), "several", end, old=True)
    yield entry(LIST, "E48_sizes_that_are_wrong_always", {"bucket": "SOURCE", "list_size": "7"}, chains=READS_BY)
    yield entry(LIST, "E48_etags_that_are_wrong_always", {"bucket": "SOURCE", "list_etag": "wrong"}, chains=READS_BY)
    yield entry(LIST, "E47_page_fails_and_comes_again_once", {"status": 503, "code": "SlowDown", "nth": 2})


def one_more_part(number: int) -> dict:
    part = f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;0&quot;</ETag><Size>1</Size></Part>"
    return {"replace": {"<IsTruncated>false": f"{part}<IsTruncated>false"}}


def leftovers() -> Iterator[Entry]:
    """Uploads that stay behind, and what is said of them when the same command carries on."""
    # Late, so that the first part is there.
    full = on("UploadPart", part=2) | {"status": 507, "code": "XMinioStorageFull", "delay_ms": 500}
    carried_on = {"chains": WRITES_BY, "content": "parts", "before": (full,)}
    for words, effects in {
        "503_once": {"status": 503, "code": "SlowDown", "times": 1},
        "login_page_once": {"status": 200, "body": HTML, "content_type": "text/html", "times": 1},
        "no_such_upload": {"status": 404, "code": "NoSuchUpload"},
        "sizes_that_are_wrong": {"replace": {"<Size>8388608</Size>": "<Size>8388607</Size>"}},
        "etags_that_are_wrong": {"replace": {"<ETag>": "<ETag>0"}},
        "checksums_that_are_wrong": {"wrong_checksum": True},
        "part_number_0": one_more_part(0) | {"times": 1},
    }.items():
        yield Entry(f"E59_ListParts_{words}", (on("ListParts") | effects,), **carried_on)
    beyond = on("ListParts") | one_more_part(10_001)
    yield Entry("E59_ListParts_part_number_10001_always", (beyond,), end="failed MalformedAnswer", **carried_on)
    vanished = on("UploadPart", part=2) | {"status": 404, "code": "NoSuchUpload", "times": 1}
    yield Entry("E59_upload_vanished_between_two_runs", (vanished,), **carried_on)
    refused = on("UploadPart", part=2) | {"status": 403, "code": "AccessDenied"}
    for words, effects, end in (
        ("503", {"status": 503, "code": "SlowDown"}, "stopped 7 AccessDenied+SlowDown"),
        ("403", {"status": 403, "code": "AccessDenied"}, "stopped 4 AccessDenied"),
        ("lost", {"after_act": True, "cut_reply_at": 0}, "stopped 7 AccessDenied+ConnectionClosed"),
    ):
        abort = on("AbortMultipartUpload") | effects
        yield Entry(f"E59_AbortMultipartUpload_{words}_after_a_refused_part_always", (refused, abort), WRITES_BY, "parts", end, old=True)


def contents() -> Iterator[Entry]:
    """The commonest faults on objects of other shapes."""
    for content in ("empty", "odd", "several"):
        for target in (PUT, GET, COPY):
            yield once(target, f"E52_503_of_{content}", {"status": 503, "code": "SlowDown"}, content=content)
            yield once(target, f"D34_no_answer_of_{content}", {"cut_reply_at": 0}, content=content)
        yield once(PUT, f"D35_answer_lost_of_{content}", {"after_act": True, "cut_reply_at": 0}, content=content)
    one_of_many = {"key": "x/k3", "status": 403, "code": "AccessDenied"}
    for target in (PUT, GET, COPY):
        yield always(target, "E57_one_of_several_denied", one_of_many, "AccessDenied", content="several")


def all_entries() -> list[Entry]:
    groups = (
        busy_and_back, refusals, cut_connections, framing, slowness, lost_answers, bodies_of_200, hostile_xml, redirects,
        clocks, etags, lies, deafness, late_stores, listings, leftovers, contents,
    )
    return [each for group in groups for each in group()]


ENTRIES = all_entries()
