"""API keys: what a file may hold, what a key opens, and that no key is ever told again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from lookseek.errors import KeysError
from lookseek.serve.guards.api_keys import MAX_KEY, Key, Keys, key_from_headers, make_key, read_keys


def line(key: str, scope: str = "read", name: str = "someone") -> str:
    return f"{scope} sha256:{hashlib.sha256(key.encode()).hexdigest()} {name}\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "keys"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_key_that_is_made_opens_what_its_scope_says(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    reading, writing = make_key(file, "read", "shop window"), make_key(file, "write", "stock")
    keys = read_keys(file)
    assert reading.startswith("ls_")
    assert len(reading) >= 35
    assert (keys.scope_of(reading), keys.scope_of(writing)) == ("read", "write")
    assert [key.name for key in keys.keys] == ["shop window", "stock"]
    assert keys.find(writing) == keys.keys[1]
    for wrong in (None, "", "ls_", reading[:-1], reading + "x", reading.upper(), "\ud800", "ключ"):
        assert keys.scope_of(wrong) is None


def test_a_file_of_keys_is_its_owners_alone_and_holds_no_key(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key = make_key(file, "write", "stock")
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key not in file.read_text(encoding="utf-8")
    keys = read_keys(file)
    for shown in (repr(keys), str(keys), repr(keys.keys[0])):
        assert key not in shown
        assert keys.keys[0].digest.hex() not in shown
        assert repr(keys.keys[0].digest) not in shown


def test_a_line_is_added_after_one_that_was_not_ended(tmp_path: Path) -> None:
    file = written(tmp_path, "# ours\n\n" + line("a long random key").rstrip("\n"))
    key = make_key(file, "write", "stock")
    assert read_keys(file).scope_of(key) == "write"
    assert read_keys(file).scope_of("a long random key") == "read"


@pytest.mark.parametrize(
    ("scopes", "reads_open", "writes_possible"),
    [((), True, False), (("write",), True, True), (("read",), False, False), (("read", "write"), False, True)],
)
def test_which_keys_there_are_says_what_is_open(
    tmp_path: Path, scopes: tuple[str, ...], reads_open: bool, writes_possible: bool
) -> None:
    keys = read_keys(written(tmp_path, "".join(line(f"key {scope}", scope, scope) for scope in scopes)))
    assert (keys.reads_open, keys.writes_possible) == (reads_open, writes_possible)
    assert (Keys().reads_open, Keys().writes_possible) == (True, False)


DIGEST = hashlib.sha256(b"a long random key").hexdigest()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("nonsense", "no API key"),
        (f"read {DIGEST} x", "no API key"),
        (f"read sha256:{DIGEST}", "no API key"),
        (f"admin sha256:{DIGEST} x", "neither read nor write"),
        (f"READ sha256:{DIGEST} x", "neither read nor write"),
        (f"read sha256:{DIGEST[:-1]} x", "not 64 hexadecimal digits"),
        (f"read sha256:{DIGEST.upper()} x", "not 64 hexadecimal digits"),
        ("read sha256:ls_plainkeybymistake x", "not 64 hexadecimal digits"),
        (line("").strip(), "anybody guesses"),
        (line("password").strip(), "anybody guesses"),
        (f"write sha256:{'0' * 64} x", "anybody guesses"),
        (line("other", name="first").strip(), "the same name as in line 2"),
        (line("first", name="other").strip(), "the same key as in line 2"),
    ],
)
def test_a_line_that_is_no_key_is_named_by_its_number_and_not_repeated(tmp_path: Path, bad: str, words: str) -> None:
    file = written(tmp_path, f"# keys\n{line('first', name='first')}\n{bad}\n")
    with pytest.raises(KeysError, match=f"line 4: .*{words}") as refused:
        read_keys(file)
    for part in bad.split():
        assert len(part) < 10 or part not in str(refused.value)
    with pytest.raises(KeysError):
        make_key(file, "read", "new")


def test_a_file_that_cannot_be_read_or_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match=r"can't be read \(FileNotFoundError\)"):
        read_keys(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    with pytest.raises(KeysError, match="can't be read"):
        read_keys(tmp_path / "binary")
    with pytest.raises(KeysError, match=r"can't be written \(FileNotFoundError\)"):
        make_key(tmp_path / "none" / "keys", "read", "x")


@pytest.mark.parametrize("name", ["", " x", "x\n", "a\nwrite sha256:0 b", "x" * 101, "\0", "\u2028"])
def test_a_name_that_would_break_the_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeysError, match="no name for a key"):
        make_key(tmp_path / "keys", "read", name)
    assert not (tmp_path / "keys").exists()


def test_a_name_and_a_scope_that_cannot_be_are_refused(tmp_path: Path) -> None:
    make_key(tmp_path / "keys", "read", "x")
    with pytest.raises(KeysError, match="already"):
        make_key(tmp_path / "keys", "write", "x")
    with pytest.raises(KeysError, match="no scope"):
        make_key(tmp_path / "keys", "admin", "y")  # type: ignore[arg-type]


@given(st.text())
@settings(deadline=None)
def test_whatever_a_file_holds_it_is_keys_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any keys"
    file.write_text(text, encoding="utf-8", newline="")
    try:
        assert isinstance(read_keys(file), Keys)
    except KeysError as error:
        assert "line " in str(error)


@given(
    st.lists(st.tuples(st.sampled_from(["read", "write"]), st.text(min_size=12, max_size=40)), unique_by=lambda k: k[1])
)
@settings(deadline=None)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, made: list[tuple[str, str]]) -> None:
    file = tmp_path_factory.getbasetemp() / "many keys"
    text = "".join(line(key, scope, f"key {number}") for number, (scope, key) in enumerate(made))
    file.write_text("# comment\r\n\n  \n" + text, encoding="utf-8")
    keys = read_keys(file)
    assert [(keys.scope_of(key), keys.scope_of(key + "x")) for _, key in made] == [(scope, None) for scope, _ in made]


def test_every_key_is_compared_and_long_ones_are_not_even_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    compared, hashed = [], []
    compare, sha256 = hmac.compare_digest, hashlib.sha256
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append(a) or compare(a, b))
    monkeypatch.setattr("hashlib.sha256", lambda data=b"": hashed.append(data) or sha256(data))
    keys = Keys(tuple(Key("read", str(n), sha256(str(n).encode()).digest()) for n in range(5)))
    assert keys.scope_of("0") == "read"
    assert len(compared) == 5
    assert keys.scope_of("x" * MAX_KEY) is None
    assert len(hashed) == 2
    assert keys.scope_of("x" * (MAX_KEY + 1)) is None
    assert len(hashed) == 2


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({"authorization": "Bearer ls_abc"}, "ls_abc"),
        ({"authorization": "bearer  ls_abc "}, "ls_abc"),
        ({"authorization": "Bearer"}, None),
        ({"x-api-key": "ls_abc"}, "ls_abc"),
        ({"x-api-key": "ls_abc", "authorization": "Bearer other"}, "ls_abc"),
        ({"authorization": basic("anyone:ls_abc")}, "ls_abc"),
        ({"authorization": basic(":ls:abc")}, "ls:abc"),
        ({"authorization": basic("ls_abc")}, None),
        ({"authorization": "Basic ???"}, None),
        ({"authorization": "Basic " + base64.b64encode(b"\xff:\xfe").decode()}, None),
        ({"authorization": basic("a:" + "x" * 5000)}, None),
        ({"authorization": "Digest ls_abc"}, None),
    ],
)
def test_a_key_may_come_in_three_ways(headers: dict[str, str], key: str | None) -> None:
    assert key_from_headers(headers) == key
    assert key_from_headers(Headers({name.title(): value for name, value in headers.items()})) == key


@given(st.text())
@settings(deadline=None)
def test_no_header_breaks_the_reading(value: str) -> None:
    for start in ("", "Basic ", "Bearer "):
        Keys().scope_of(key_from_headers({"authorization": start + value}))
