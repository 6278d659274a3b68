"""A model of open_clip, as it is, as a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

from ...encode.folder import TEXT, TOKENIZER
from ...errors import TrainError
from ...progress import Progress
from ..export.folder import check_target, model_config, write_folder
from ..export.parity import FP16_LIMIT
from .graphs import image_graph, text_graph
from .load import PublishedClip, load_published
from .parity import TEXT_LIMIT, ClipParity, measure_parity
from .source import parse_source
from .tokens import Tokens, tokenizer_file

__all__ = ["ExportedClip", "export_published"]


@dataclass(frozen=True, slots=True)
class ExportedClip:
    """What an export made.

    Args:
        folder: the model folder.
        size: of both graphs, bytes.
        same: how near it is to open_clip.
        licence: as its repository says, or that it does not.
    """

    folder: Path
    size: int
    same: ClipParity
    licence: str

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        same = self.same
        words = f", {same.text:.1e} on {same.texts} texts (limit {TEXT_LIMIT:.0e})" if same.texts else ""
        return [
            f"{self.folder}: image.onnx{f', {TEXT} and {TOKENIZER}' if same.texts else ''}, {self.size / 1e6:.1f} MB",
            f"parity: 1 - cosine {same.photo:.1e} at worst on {same.photos} drawn photos (limit "
            f"{FP16_LIMIT:.0e}){words}",
            f"licence: {self.licence}",
            f"the model card: {self.folder / 'README.md'}",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]


def export_published(name: str, target: Path, *, progress: Progress, licence: str = "") -> ExportedClip:
    """Make a model folder of a model of open_clip: whole, or not at all.

    Args:
        name: as source.py has it.
        target: the model folder, which must not be there; its name becomes the model's.
        progress: notified of every stage.
        licence: that somebody agreed to; "" for whatever its repository says.

    Raises:
        TrainError: no such model, something at ``target``, another licence, or a model that lookseek can't make what it
            is.
        ModelError: it is not pinned to a revision, or can't be fetched.
    """
    check_target(target)
    source = parse_source(name)
    progress.phase("loading the model", None)
    found = load_published(source)
    if licence and found.origin.licence not in ("", licence):
        raise TrainError(
            f"the licence of {name} is {found.origin.licence} now, not {licence}: nothing was written. If you agree to "
            f"it: lookseek export {name} FOLDER"
        )
    progress.phase("writing the towers", None)
    image = image_graph(found.clip)
    words = (text_graph(found.clip), tokenizer_file(found.clip.tokenizer, found.clip.name)) if found.reads else None
    progress.phase("comparing it with open_clip", None)
    same = measure_parity(found, image, words, progress)
    licence = found.origin.licence or licence or "not known to lookseek: look where the weights came from"
    progress.phase("writing the model folder", None)
    own = target.resolve().name
    files = {
        "image.onnx": image,
        "config.json": model_config(
            own,
            found.clip.dim,
            found.clip.how,
            licence,
            _sources(found),
            text={"tower": "tokens", "length": words[1].length, "pad": words[1].pad} if words else None,
            languages=found.origin.languages if words else (),
        ),
        "README.md": _card(own, found, words[1] if words else None, same, licence).encode(),
    }
    if words is not None:
        files |= {TEXT: words[0], TOKENIZER: words[1].content}
    write_folder(target, files)
    return ExportedClip(target, len(image) + (len(words[0]) if words else 0), same, licence)


def _sources(found: PublishedClip) -> tuple[str, ...]:
    at = found.source.hub
    where = f"https://huggingface.co/{at.repository}/tree/{at.revision}" if at else f"{found.weights}"
    return where, f"sha256:{found.digest}", "https://github.com/mlfoundations/open_clip"


def _card(name: str, found: PublishedClip, tokens: Tokens | None, same: ClipParity, licence: str) -> str:
    clip, at = found.clip, found.source.hub
    versions = ", ".join(
        f"{package} {metadata.version(package)}" for package in ("open_clip_torch", "torch", "onnxruntime")
    )
    typed = found.source.typed if at else found.source.typed.replace(str(found.source.place), found.weights or "FOLDER")
    rows = {
        "model": f"`{clip.name if at or found.source.name else 'a folder'}`, its towers as they are",
        "weights": f"`{found.weights}`, SHA-256 `{found.digest}`",
        "revision": f"{at.repository} at `{at.revision}`" if at else "none: they were given as a file",
        "licence": f"{licence}. The terms of the data that it was trained on may apply too.",
        "photos": f"{clip.how.width} x {clip.how.height}, fitted with `{clip.how.resize}`; the graph normalises (mean "
        f"{[round(x, 3) for x in clip.mean]}, deviation {[round(x, 3) for x in clip.std]} on the scale 0 to 255)",
        "words": f"{tokens.length} tokens, more are cut; languages as its page says: "
        f"{', '.join(found.origin.languages) or 'it does not, so try yours'}"
        if tokens
        else "none: what maps its photos' vectors was learned for photos alone",
        "vectors": f"float32 (n, {clip.dim}), not normalised; weights stored as fp16",
        "made by": f"`lookseek export {typed} {name}`, {date.today().isoformat()}, {versions}",
    }
    texts = (
        f"; {same.text:.1e} at worst on {same.texts} texts from words on (limit {TEXT_LIMIT:.0e}),\n"
        "English, Vietnamese and cut ones, every token alike"
        if tokens
        else ""
    )
    table = "\n".join(f"| {key} | {text} |" for key, text in rows.items())
    return f"""# {name}

{"Photos and words to vectors of one space" if tokens else "Photos to vectors"}: a model of open_clip, exported without
any training.

| | |
|---|---|
{table}

## Parity

1 - cosine with open_clip in torch at fp32: {same.photo:.1e} at worst on {same.photos} drawn garments that both took
alike (limit {FP16_LIMIT:.0e}){texts}. Where each side prepares the photo itself
({found.seen["interpolation"]} there, bicubic here), {same.prepared:.1e} on average.

## Figures

None: nothing was measured with it. `lookseek evaluate --list` names what can be.
"""
