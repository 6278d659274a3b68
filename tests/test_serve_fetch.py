"""Fetching by URL: what is refused, what cuts it short, and that the address that was checked is the one asked."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lookseek.errors import FetchError
from lookseek.remote.addresses import Address, is_public
from lookseek.remote.fetch import fetch, system_resolve
from lookseek.serve.guards.rate_limit import client_key

LOOPBACK = ip_address("127.0.0.1")
PUBLIC = ip_address("9.9.9.9")


def nothing_is_asked(host: str, port: int) -> Sequence[Address]:
    raise AssertionError(f"{host} was looked up")


def nobody_knows(host: str, port: int) -> Sequence[Address]:
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


ADDRESSES = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:9.9.9.9",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::1",
    "2001:0:5ef5:79fd:0:59d:a0e5:ba1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "5f00::1",
]

SPELLINGS = [
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://0/",
    "http://127.1/",
    "http://127.0.1/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://127.0.0.1../",
    "http://0x/",
    "http://1.1.1.1.1/",
    "http://127.0.0.256/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://metadata/",
    "http://router.home.arpa/",
    "http://9.9.9.9@127.0.0.1/",
    "http://user:hunter2@pictures.example/",
    "http://@pictures.example/",
    "http://pictures.example\\@127.0.0.1/",
    "http://pictures.example#@127.0.0.1:22/",
    "http://127.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://ⅼocalhost/",
    "http://örtlich.example/",
    "http://%31%32%37.0.0.1/",
    "http://[::1]/",
    "http://[::]:80/",
    "http://[fe80::1%25eth0]/",
    "http://[::ffff:7f00:1]/",
    "http://[v1.a]/",
    "http://[::1/",
    "http://pictures.example:22/",
    "http://pictures.example:6379/",
    "http://pictures.example:0/",
    "http://pictures.example:99999/",
    "http://pictures.example:x/",
    "https://pictures.example:8443/",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "data:image/png;base64,AAAA",
    "ftp://pictures.example/a.jpg",
    "gopher://pictures.example:80/_x",
    "jar:http://pictures.example!/",
    "http:/pictures.example/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "127.0.0.1/",
    "",
    "http://",
    "http:///a.jpg",
    "http://pictures.example/a\r\nHost: 127.0.0.1",
    " http://pictures.example/",
    "http://pictures.example/\ud800",
    "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 130 + "example/",
    "http://pictures.example/" + "a" * 3000,
]


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_that_is_not_public_is_refused_written_or_resolved(text: str) -> None:
    address = ip_address(text)
    assert not is_public(address)
    url = f"http://[{text}]/" if address.version == 6 else f"http://{text}/"
    with pytest.raises(FetchError, match="not public"):
        fetch(url, max_bytes=1000, resolve=nothing_is_asked)
    with pytest.raises(FetchError, match="no address, or one that is not public") as refused:
        fetch("http://pictures.example/", max_bytes=1000, resolve=lambda host, port: [PUBLIC, address])
    assert text not in str(refused.value), "what a name stands for inside is not told"


@pytest.mark.parametrize("text", ["1.1.1.1", "9.9.9.9", "2620:fe::fe", "2001:4860:4860::8888"])
def test_addresses_of_the_internet_are_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("url", SPELLINGS, ids=ascii)
def test_tricks_in_a_url_are_refused_whatever_the_resolver_would_say(url: str) -> None:
    resolve = nobody_knows if "#" in url else nothing_is_asked
    with pytest.raises(FetchError, match=": ") as refused:
        fetch(url, max_bytes=1000, resolve=resolve)
    assert "hunter2" not in str(refused.value)


def test_an_unknown_name_and_a_private_one_read_the_same() -> None:
    said = []
    for resolve in (nobody_knows, lambda host, port: [LOOPBACK], lambda host, port: []):
        with pytest.raises(FetchError) as refused:
            fetch("http://intern.example/", max_bytes=10, resolve=resolve)
        said.append(str(refused.value))
    assert len(set(said)) == 1


@given(st.one_of(st.text(max_size=60), st.from_regex(r"https?://[^\s]{0,40}", fullmatch=True)))
@example("http://[::ffff:127.0.0.1%0]/")
@example("http://a\u2024b/")
@settings(max_examples=200, deadline=None)
def test_whatever_is_given_only_a_fetch_error_comes_out(url: str) -> None:
    with pytest.raises(FetchError):
        fetch(url, max_bytes=10, resolve=nobody_knows, allow=lambda address: False)


@given(st.ip_addresses())
@settings(deadline=None)
def test_clients_are_counted_by_address_and_of_ipv6_by_the_network_of_a_customer(address: Address) -> None:
    name = client_key(str(address))
    assert name != "unknown"
    if address.version == 6 and address.ipv4_mapped is None:
        assert client_key(str(IPv6Address(int(address) ^ 1))) == name


# With real servers on the loopback, which the tests allow on their own ports.


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


Say = Callable[[socket.socket, bytes], None]


class Server:
    """Answers each connection with what ``say`` writes, and remembers the heads of the requests."""

    def __init__(self, say: Say | bytes, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.heads: list[bytes] = []
        self._say, self._context = say, context
        self._listening = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()
        self.port = self._listening.getsockname()[1]

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._talk, args=(line,), daemon=True))
            self._threads[-1].start()

    def _talk(self, line: socket.socket) -> None:
        line.settimeout(5)
        try:
            if self._context is not None:
                line = self._context.wrap_socket(line, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = line.recv(4096)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            if isinstance(self._say, bytes):
                line.sendall(self._say)
            else:
                self._say(line, head)
        except OSError:
            pass
        finally:
            line.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(6)


@contextmanager
def serving(say: Say | bytes, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    server = Server(say, context, host)
    try:
        yield server
    finally:
        server.close()


def get(server: Server, path: str = "/a.jpg", **options: object) -> bytes:
    given: dict[str, object] = {"max_bytes": 100_000, "resolve": lambda host, port: [LOOPBACK]} | options
    url = f"http://pictures.example:{server.port}{path}"
    return fetch(url, allow=LOOPBACK.__eq__, ports={server.port}, **given)  # type: ignore[arg-type]


def test_a_picture_comes_as_it_is_and_the_request_tells_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(answer(b"\xff\xd8picture", "Set-Cookie: a=b")) as server:
        assert get(server, "/áo dài.jpg".replace(" ", "%20") + "?q=đỏ&r=%C3") == b"\xff\xd8picture"
        assert get(server) == b"\xff\xd8picture"
    line, *lines = server.heads[0].decode("ascii").split("\r\n")
    assert line == "GET /%C3%A1o%20d%C3%A0i.jpg?q=%C4%91%E1%BB%8F&r=%C3 HTTP/1.1"
    assert lines == [
        f"Host: pictures.example:{server.port}",
        "User-Agent: lookseek",
        "Accept: image/*",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
        "",
    ]
    assert b"Cookie" not in server.heads[1]


def test_chunks_and_a_body_that_ends_with_the_connection_are_read() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") as server:
        assert get(server) == b"abcde"
    with serving(b"HTTP/1.0 200 OK\r\n\r\nabc") as server:
        assert get(server) == b"abc"


def test_a_name_that_changes_its_answer_is_asked_once_and_the_checked_address_is_used() -> None:
    asked = []

    def rebinding(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        return [LOOPBACK] if len(asked) == 1 else [ip_address("127.0.0.2")]

    with serving(answer(b"abc")) as server:
        assert get(server, resolve=rebinding) == b"abc"
        assert asked == ["pictures.example"]
        with pytest.raises(FetchError, match="not public"):
            get(server, resolve=rebinding)
        assert len(server.heads) == 1


def test_an_address_of_ipv6_is_connected_to_and_named_in_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    own = ip_address("::1")
    with serving(answer(b"abc"), host="::1") as server:
        url = f"http://[0::1]:{server.port}/"
        assert fetch(url, max_bytes=10, resolve=nothing_is_asked, allow=own.__eq__, ports={server.port}) == b"abc"
        assert f"Host: [::1]:{server.port}\r\n".encode() in server.heads[0]


@pytest.mark.parametrize("silent", [False, True])
def test_a_dead_address_leaves_time_for_the_next(silent: bool) -> None:
    if silent and sys.platform != "linux":
        pytest.skip("only Linux drops connections to a full queue")
    dead = ip_address("127.0.0.9")
    with serving(answer(b"abc")) as server, ExitStack() as full:
        if silent:
            listening = full.enter_context(socket.create_server((str(dead), server.port), backlog=0))
            for _ in range(3):
                line = full.enter_context(socket.socket())
                line.setblocking(False)
                line.connect_ex(listening.getsockname())
        found = fetch(
            f"http://pictures.example:{server.port}/",
            max_bytes=10,
            seconds=2,
            resolve=lambda host, port: [dead, LOOPBACK],
            allow=lambda address: address.is_loopback,
            ports={server.port},
        )
        assert found == b"abc"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "//127.0.0.1/",
        "http://[::1]/",
        "http://localhost/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0x7f000001/",
        "file:///etc/passwd",
        "http://pictures.example:22/",
        "http://[",
        "http://pictures.example/\x01",
    ],
)
def test_a_redirect_is_checked_like_the_first_url(location: str) -> None:
    with serving(answer(b"", f"Location: {location}", status="302 Found")) as server:
        with pytest.raises(FetchError):
            fetch(
                f"http://pictures.example:{server.port}/",
                max_bytes=10,
                resolve=lambda host, port: [PUBLIC] if host != "pictures.example" else [LOOPBACK],
                allow=lambda address: is_public(address) or (address == LOOPBACK and not server.heads),
                ports={server.port, 80},
            )
        assert len(server.heads) == 1


def test_three_redirects_are_followed_and_a_loop_ends() -> None:
    def say(line: socket.socket, head: bytes) -> None:
        number = int(head.split()[1][1:])
        line.sendall(answer(b"there") if number == 3 else answer(b"", f"Location: {number + 1}", status="301 Moved"))

    with serving(say) as server:
        assert get(server, "/0") == b"there"
    with serving(answer(b"", "Location: /again", status="307 Again")) as server:
        with pytest.raises(FetchError, match="more than 3 redirects"):
            get(server)
        assert len(server.heads) == 4


def test_a_body_that_never_ends_is_cut_at_the_limit() -> None:
    def endless(line: socket.socket, head: bytes) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            line.sendall(b"x" * 10_000)

    with serving(endless) as server, pytest.raises(FetchError, match=r"larger than the limit of 0\.1 MB"):
        get(server)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    ],
    ids=["negative", "trailers", "huge"],
)
def test_chunks_that_lie_are_cut_too(start: bytes) -> None:
    def endless(line: socket.socket, head: bytes) -> None:
        line.sendall(start)
        while True:
            line.sendall(b"x: yyyyyy\r\n" * 1000)

    with serving(endless) as server, pytest.raises(FetchError, match="larger than"):
        get(server)


def test_endless_headers_and_interim_answers_are_cut() -> None:
    def endless(line: socket.socket, head: bytes) -> None:
        while True:
            line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    with serving(endless) as server, pytest.raises(FetchError, match="larger than"):
        get(server)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_slow_drip_ends_at_the_deadline(start: bytes) -> None:
    dripped = []

    def drip(line: socket.socket, head: bytes) -> None:
        line.sendall(start)
        for _ in range(1000):  # 50 seconds
            line.sendall(b"x")
            dripped.append(1)
            time.sleep(0.05)

    with serving(drip) as server:
        with pytest.raises(FetchError, match=r"not answered wholly within 0\.4 seconds"):
            get(server, seconds=0.4)
        assert len(dripped) < 1000, "the deadline came before the end"


def test_a_slow_lookup_ends_at_the_deadline() -> None:
    free = threading.Event()

    def slow(host: str, port: int) -> Sequence[Address]:
        free.wait(5)
        return [PUBLIC]

    with pytest.raises(FetchError, match="not answered wholly"):
        fetch("http://pictures.example/", max_bytes=10, seconds=0.2, resolve=slow)
    free.set()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(b"abc", length=100_001), "larger than the limit"),
        (answer(b"abc", length=50), "ended 47 bytes early"),
        (answer(b"secret", status="404 hidden"), "answered 404, not 200"),
        (answer(b"", status="204 Nothing"), "answered 204"),
        (answer(gzip.compress(b"\0" * 10_000_000), "Content-Encoding: gzip"), "packed"),
        (answer(b"", "Transfer-Encoding: gzip, chunked"), "packed"),
        (b"SSH-2.0-OpenSSH_9.2 secret\r\n", "connection failed"),
        (b"", "connection failed"),
    ],
)
def test_answers_that_are_no_picture_are_told_apart_without_their_words(said: bytes, words: str) -> None:
    with serving(said) as server, pytest.raises(FetchError, match=words) as refused:
        get(server)
    assert not {"secret", "hidden"} & set(str(refused.value).split())


def test_a_body_longer_than_it_says_is_read_as_far_as_it_says() -> None:
    with serving(answer(b"abcdef", length=3)) as server:
        assert get(server) == b"abc"


def test_a_gzip_bomb_that_does_not_say_so_stays_packed() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    with serving(answer(bomb)) as server:
        assert get(server) == bomb


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(certificate, key) of pictures.example."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here, which makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=pictures.example"
    more = ["-addext", "subjectAltName=DNS:pictures.example", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *more], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


def test_tls_names_the_host_and_checks_its_certificate(certificate: tuple[Path, Path]) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda line, name, own: names.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    with serving(answer(b"abc"), context) as server:

        def ask(host: str, trust: ssl.SSLContext | None) -> bytes:
            url = f"https://{host}:{server.port}/"
            allow, ports = LOOPBACK.__eq__, {server.port}
            return fetch(url, max_bytes=10, resolve=lambda *_: [LOOPBACK], allow=allow, ports=ports, context=trust)

        assert ask("pictures.example", trusting) == b"abc"
        assert names == ["pictures.example"]
        for host, trust in (("others.example", trusting), ("pictures.example", None)):
            with pytest.raises(FetchError, match="certificate can't be trusted"):
                ask(host, trust)
        assert len(server.heads) == 1, "nothing is asked of a host that is not trusted"


def test_the_system_knows_the_loopback() -> None:
    assert LOOPBACK in system_resolve("localhost", 80)
