"""The bad manners of a 1C, or of what answers in its place: how the bytes of an answer can come, and not come."""

import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.attacks.network import Line, noise, single

_EVERY = 0.1  # seconds between two drops: a time-out of one second for each never comes
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Good:
    """The answer that was right."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, length: int | None = None, *more: str) -> bytes:
        """The status line and the headers, with a Content-Length where one is given."""
        kind = self.headers.get("Content-Type", "application/json")
        lines = [f"HTTP/1.1 {self.status} OK", f"Content-Type: {kind}", *more]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def whole(self) -> bytes:
        """All of it."""
        return self.head(len(self.body)) + self.body


Play = Callable[[Line, Good], None]


@dataclass(frozen=True)
class Manner:
    """A way to answer badly. ``codes``: the exit codes that are right then."""

    name: str
    play: Play
    codes: frozenset[int] = frozenset({4})


_CHUNKED = "Transfer-Encoding: chunked"


def _silent(line: Line, _good: Good) -> None:
    line.hold()


def _status_drips(line: Line, good: Good) -> None:
    line.drip(single(b"HTTP/1.1 200 " + b"O" * 10_000), _EVERY)


def _header_drips(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    line.drip(itertools.repeat(b"x"), _EVERY)


def _headers_without_end(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 200 OK\r\n")
    line.pour(b"X-More: and more\r\n" * 1000)


def _headers_come_slowly(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 200 OK\r\n")
    line.drip(itertools.repeat(b"X-More: and more\r\n"), 0.3)


def _a_huge_header(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 200 OK\r\nX-Huge: ")
    line.pour(b"x" * _BLOCK)


def _a_huge_status(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 200 ")
    line.pour(b"O" * _BLOCK)


def _body_drips(line: Line, good: Good) -> None:
    line.send(good.head(len(good.body)))
    line.drip(single(good.body), _EVERY)


def _body_drips_to_the_end(line: Line, good: Good) -> None:
    line.send(good.head(None, "Connection: close"))
    line.drip(single(good.body), _EVERY)


def _one_chunk_drips(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED) + b"%x\r\n" % len(good.body))
    line.drip(single(good.body), _EVERY)


def _chunks_drip(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED))
    line.drip((b"1\r\n%b\r\n" % byte for byte in single(good.body)), _EVERY)


def _chunk_size_drips(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED))
    line.drip(itertools.repeat(b"0"), _EVERY)


def _chunk_size_pours(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED))
    line.pour(b"0" * _BLOCK)


def _chunk_extension_drips(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED) + b"5;ext=")
    line.drip(itertools.repeat(b"x"), _EVERY)


def _chunk_size_is_no_number(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED) + b"-5\r\nabcde\r\n0\r\n\r\n")


def _chunk_size_is_huge(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED) + b"f" * 5000 + b"\r\n" + good.body)


def _trailers_drip(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED) + b"%x\r\n%b\r\n0\r\n" % (len(good.body), good.body))
    line.drip(itertools.repeat(b"X-Trailer: and more\r\n"), _EVERY)


def _trailers_pour(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED) + b"%x\r\n%b\r\n0\r\n" % (len(good.body), good.body))
    line.pour(b"X-Trailer: and more\r\n" * 1000)


def _continue_for_ever(line: Line, good: Good) -> None:
    line.drip(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), _EVERY)


def _continue_pours(line: Line, good: Good) -> None:
    line.pour(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def _error_drips(status: int) -> Play:
    def play(line: Line, good: Good) -> None:
        page = b"<html><body>" + b"no " * 10_000
        head = f"HTTP/1.1 {status} No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Type: text/html\r\n"
        line.send(f"{head}Content-Length: {len(page)}\r\n\r\n".encode())
        line.drip(single(page), _EVERY)

    return play


def _redirect_drips(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 99999\r\n\r\n")
    line.drip(itertools.repeat(b"x"), _EVERY)


def _redirect_to_itself(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 307 Again\r\nLocation: /trade\r\nContent-Length: 0\r\n\r\n")


def _packed(body: bytes) -> bytes:
    return gzip.compress(body)


def _gzip_drips(line: Line, good: Good) -> None:
    body = _packed(good.body)
    line.send(good.head(len(body), "Content-Encoding: gzip"))
    line.drip(single(body), _EVERY)


def _gzip_bomb(line: Line, good: Good) -> None:
    line.send(good.head(None, "Content-Encoding: gzip", "Connection: close"))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    line.send(packer.compress(good.body[:1]))
    block = b" " * (1 << 20)
    while True:
        line.send(packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH))


def _gzip_damaged(line: Line, good: Good) -> None:
    body = _packed(good.body)
    line.send(good.head(len(body), "Content-Encoding: gzip") + body[:-20] + noise(20))


def _blanks_without_end(line: Line, good: Good) -> None:
    line.send(good.head(None, "Connection: close"))
    line.pour(b" " * _BLOCK)


def _text_without_end(line: Line, good: Good) -> None:
    start = b'{"value":[{"Description":"' if not good.body.startswith(b"<") else b"<a><b>"
    line.send(good.head(None, "Connection: close") + start)
    line.pour(b"x" * _BLOCK)


def _noise_without_end(line: Line, good: Good) -> None:
    line.send(good.head(None, "Connection: close"))
    line.pour(noise(_BLOCK))


def _records_without_end(line: Line, good: Good) -> None:
    """The list's own beginning, and its first record again and again."""
    start, record = _beginning(good.body)
    line.send(good.head(None, "Connection: close") + start)
    line.pour(record * max(1, _BLOCK // max(1, len(record))))


def _beginning(body: bytes) -> tuple[bytes, bytes]:
    """What stands before the second record of a list, and the first record with what divides it from the next."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip().startswith((b"{", b"[")):
        value = json.loads(text)
        name, rows = next((n, r) for n, r in value.items() if isinstance(r, list))
        record = json.dumps(rows[0] if rows else {}, ensure_ascii=False).encode() + b","
        return b'{"%b":[' % name.encode(), record
    first = body.find(b"<m:Counterparties")
    if first < 0:
        return body[: body.find(b">") + 1], b"<x/>"
    end = body.find(b"</m:Counterparties>", first) + len(b"</m:Counterparties>")
    return body[:first], body[first:end]


def _length_too_large(line: Line, good: Good) -> None:
    line.send(good.head(len(good.body) + 1000) + good.body)


def _length_too_small(line: Line, good: Good) -> None:
    line.send(good.head(max(1, len(good.body) // 2)) + good.body)


def _lengths_differ(line: Line, good: Good) -> None:
    line.send(good.head(len(good.body), "Content-Length: 7") + good.body)


def _length_is_no_number(line: Line, good: Good) -> None:
    line.send(good.head(None, "Content-Length: " + "9" * 5000) + good.body)


def _cut(share: float) -> Play:
    def play(line: Line, good: Good) -> None:
        whole = good.whole()
        line.send(whole[: int(len(whole) * share)])

    return play


def _cut_in_status(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 2")


def _cut_in_header(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 200 OK\r\nContent-Ty")


def _cut_in_chunk(line: Line, good: Good) -> None:
    line.send(good.head(None, _CHUNKED) + b"%x\r\n" % len(good.body) + good.body[: len(good.body) // 2])


def _reset(line: Line, good: Good) -> None:
    line.send(good.whole()[:-10])
    line.reset()


def _closes_at_once(line: Line, good: Good) -> None:
    return


def _retry_after(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 503 Busy\r\nRetry-After: 999999\r\nContent-Length: 4\r\n\r\nwait")


def _retry_after_is_no_time(line: Line, good: Good) -> None:
    line.send(b"HTTP/1.1 503 Busy\r\nRetry-After: " + b"9" * 5000 + b"\r\nContent-Length: 4\r\n\r\nwait")


def _not_http(line: Line, good: Good) -> None:
    line.send(b"\x15\x03\x01\x00\x02\x02\x28" + noise(500))


def _json_like(good: Good) -> bool:
    return not good.body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _bomb(in_json: bytes, in_xml: bytes) -> Play:
    def play(line: Line, good: Good) -> None:
        body = in_json if _json_like(good) else in_xml
        line.send(good.head(len(body)) + body)

    return play


def _levels(line: Line, good: Good) -> None:
    many = 100_000
    body = b'{"value":' + b"[" * many + b"]" * many + b"}" if _json_like(good) else b"<a>" * many + b"</a>" * many
    line.send(good.head(len(body)) + body)


def _gigabyte(line: Line, good: Good) -> None:
    """One string of a gigabyte, with its length said before."""
    start, end = (b'{"value":[{"Description":"', b'"}]}') if _json_like(good) else (b"<a>", b"</a>")
    size = 1 << 30
    line.send(good.head(len(start) + size + len(end)) + start)
    for _ in range(size // _BLOCK):
        line.send(b"x" * _BLOCK)
    line.send(end)


_ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><x>&j;</x>"
)
_EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


MANNERS = (
    Manner("is silent", _silent),
    Manner("the status line drips", _status_drips),
    Manner("a header drips", _header_drips),
    Manner("headers without end", _headers_without_end),
    Manner("headers come slowly", _headers_come_slowly),
    Manner("a huge header", _a_huge_header),
    Manner("a huge status line", _a_huge_status),
    Manner("the body drips, with a length", _body_drips),
    Manner("the body drips to the connection's end", _body_drips_to_the_end),
    Manner("one large chunk drips", _one_chunk_drips),
    Manner("small chunks drip", _chunks_drip),
    Manner("the digits of a chunk's size drip", _chunk_size_drips),
    Manner("the digits of a chunk's size pour", _chunk_size_pours),
    Manner("a chunk's extension drips", _chunk_extension_drips),
    Manner("a chunk's size is no number", _chunk_size_is_no_number),
    Manner("a chunk's size has 5,000 digits", _chunk_size_is_huge),
    Manner("trailers drip", _trailers_drip),
    Manner("trailers pour", _trailers_pour),
    Manner("100 Continue for ever", _continue_for_ever),
    Manner("100 Continue at full speed", _continue_pours),
    Manner("the body of a 401 drips", _error_drips(401)),
    Manner("the body of a 403 drips", _error_drips(403)),
    Manner("the body of a 404 drips", _error_drips(404)),
    Manner("the body of a 500 drips", _error_drips(500)),
    Manner("the body of a redirect drips", _redirect_drips),
    Manner("a redirect to itself", _redirect_to_itself),
    Manner("gzip drips", _gzip_drips),
    Manner("a bomb of gzip", _gzip_bomb),
    Manner("gzip is damaged", _gzip_damaged),
    Manner("blanks without end", _blanks_without_end),
    Manner("text without end", _text_without_end),
    Manner("noise without end", _noise_without_end),
    Manner("records without end", _records_without_end),
    Manner("the length is too large", _length_too_large),
    Manner("the length is too small", _length_too_small),
    Manner("two lengths", _lengths_differ, codes=frozenset({0, 4})),
    Manner("a length of 5,000 digits", _length_is_no_number, codes=frozenset({0, 4})),
    Manner("cut in the status line", _cut_in_status),
    Manner("cut in a header", _cut_in_header),
    Manner("cut in the middle", _cut(0.5)),
    Manner("cut before the last byte", _cut(0.999)),
    Manner("cut in a chunk", _cut_in_chunk),
    Manner("reset before the end", _reset),
    Manner("closes at once", _closes_at_once),
    Manner("Retry-After: 999999", _retry_after),
    Manner("Retry-After of 5,000 digits", _retry_after_is_no_time),
    Manner("is no HTTP", _not_http),
    Manner(
        "a bomb of entities, or a number of a million digits", _bomb(b'{"value":[' + b"9" * 10**6 + b"]}", _ENTITIES)
    ),
    Manner("an external entity, or a string that does not end", _bomb(b'{"value":["', _EXTERNAL)),
    Manner("100,000 levels", _levels),
    Manner("a string of 1 GB", _gigabyte),
)
