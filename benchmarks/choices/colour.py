"""Which colour vector, and how much it should count beside the look: figures on val.

    python -m benchmarks.choices.colour
    python -m benchmarks.choices.colour --response

Prints two Markdown tables, or a third: the colour where the default model's map responds most, beside the histogram.
docs/decisions/encoder.md holds those that the choices were made by.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from benchmarks.choices.val import Photos, clothing, measure, myntra, similarities
from benchmarks.progress import Stages
from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import ColourEncoder, Encoder, Prepared, encode_photos, load_model
from lookseek.encode.colour import SIDE, to_lab
from lookseek.encode.folder import read_folder
from lookseek.encode.model import DEFAULT, PLAIN
from lookseek.encode.response_colour import CELLS, ResponseColourEncoder, on_sphere, strongest_colour
from lookseek.errors import ItemError
from lookseek.evaluate.cache import cache_key, embed_photos
from lookseek.types import Pixels, Vector, Vectors

WEIGHTS = (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 1)


class Binned:
    """The classic: a hard histogram over 6 x 9 x 9 equal boxes of Lab, of the middle .60 of the photo."""

    name, dim, min_side = "colour", 486, SIDE

    def prepare(self, pixels: Pixels) -> Vector:
        """See Encoder."""
        edge = round(SIDE * 0.2)
        lab = to_lab(images.resize(pixels, SIDE, SIDE)[edge:-edge, edge:-edge].reshape(-1, 3).astype(float))
        box = ((lab + np.array([0, 100, 100])) / (100.001, 200, 200) * (6, 9, 9)).astype(int)
        code = np.ravel_multi_index(tuple(np.clip(box, 0, (5, 8, 8)).T), (6, 9, 9))
        vector: Vector = np.sqrt(np.bincount(code, minlength=486) / len(code)).astype(np.float32)
        return vector

    def encode(self, batch: Sequence[Vector]) -> Vectors:
        """See Encoder."""
        return np.stack(batch)


class Halves:
    """The shipped one for the upper and the lower half of the photo apart."""

    name, min_side = "colour", 2 * SIDE

    def __init__(self) -> None:
        self.half = ColourEncoder()
        self.dim = 2 * self.half.dim

    def prepare(self, pixels: Pixels) -> Vector:
        """See Encoder."""
        middle = max(1, len(pixels) // 2)
        return np.concatenate([self.half.prepare(pixels[:middle]), self.half.prepare(pixels[-middle:])])

    def encode(self, batch: Sequence[Vector]) -> Vectors:
        """See Encoder."""
        return np.stack(batch)


VARIANTS: dict[str, Callable[[], Encoder]] = {
    "hard boxes of Lab, middle .60": Binned,
    "soft lattice, whole photo": lambda: ColourEncoder(centre=100, background=0),
    "soft lattice, Gaussian window": lambda: ColourEncoder(background=0),
    "the same, background weighed down by 1": lambda: ColourEncoder(background=1),
    "**by 3 (shipped)**": ColourEncoder,
    "by 10": lambda: ColourEncoder(background=10),
    "by 3, coarser lattice": lambda: ColourEncoder(levels=4, step=16),
    "by 3, finer lattice": lambda: ColourEncoder(levels=7, step=10),
    "by 3, upper and lower half apart": Halves,
}


def embed(photos: Photos, encoders: list[Encoder]) -> dict[str, np.ndarray]:
    """Vectors of all photos by encoder."""
    found: dict[str, list[Vector]] = {encoder.name: [] for encoder in encoders}
    for _, vectors, _ in encode_photos(enumerate(photos.photos), encoders):
        if isinstance(vectors, ItemError):
            raise vectors
        for name, vector in vectors.items():
            found[name].append(vector)
    return {name: np.stack(rows) for name, rows in found.items()}


class SomeCells(ResponseColourEncoder):
    """The colour of the 5, 10 and 20 strongest cells in a row: one run of the tower for all."""

    counts = (5, CELLS, 20)
    dim = 4 * len(counts)

    def _some(self, photos: Sequence[Prepared]) -> Vectors:
        pairs = list(zip(self.responses(photos), photos, strict=True))
        return np.concatenate(
            [on_sphere(np.array([strongest_colour(*pair, count) for pair in pairs])) for count in self.counts], axis=1
        )


def drawn(queries: int, gallery: int) -> Photos:
    """Drawn designs, one view of each; right is the same category and colour."""
    specs = list(drawn_specs(queries + gallery, 1, 3))
    return Photos(
        "drawn",
        [images.to_png(draw(spec, 224)) for spec in specs],
        np.arange(len(specs)) < queries,
        {"type+colour": np.array([f"{s.attributes['category']}|{s.attributes['colour']}" for s in specs])},
    )


def response() -> None:
    """Prints the table of the colour of the strongest cells."""
    model = load_model(DEFAULT)
    some = SomeCells(read_folder(model.folder))
    for photos in (myntra(400, 2000), drawn(200, 600)):
        ids = [str(row) for row in range(len(photos.photos))]
        looks, _ = embed_photos(
            dict(zip(ids, photos.photos, strict=True)), ids, {cache_key(model): model.image}, Stages()
        )
        made = embed(photos, [ColourEncoder(), some])
        cosines = {"histogram": similarities(made["colour"], photos.val)}
        for place, count in enumerate(some.counts):
            own = made[some.name][:, 4 * place : 4 * place + 4]
            cosines[f"{count} cells"] = similarities(own, photos.val)
        cosines[f"half each, {CELLS} cells"] = (cosines["histogram"] + cosines[f"{CELLS} cells"]) / 2
        look = similarities(looks[model.image.name], photos.val)
        print(
            f"\n{date.today()}, {photos.name}: {photos.val.sum()} queries, gallery {(~photos.val).sum()}, type and "
            f"colour, {model.name}; score = (1 - w) cos(look) + w cos(colour); mAP@10, P@10\n"
        )
        print(f"| w | {' | '.join(cosines)} |\n|---|" + "---|" * len(cosines))
        for weight in WEIGHTS:
            cells = []
            for cosine in cosines.values():
                scores = (1 - weight) * look + weight * cosine
                average, precision, _ = measure(scores, photos.labels["type+colour"], photos.val)
                cells.append(f"{average:.3f}, {precision:.3f}")
            print(f"| {weight} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--response", action="store_true", help="the third table alone")
    if parser.parse_args().response:
        response()
        return
    photos = myntra(1500, 10_000, seed=1)
    print(f"{date.today()}, myntra: {photos.val.sum()} queries (val), gallery {(~photos.val).sum()} (train), seed 1")
    print("\n| colour vector | numbers | colour mAP@10 | P@10 | ms a photo |\n|---|---|---|---|---|")
    sample = [images.decode(p) for p in clothing().photos[:60]]
    for name, make in VARIANTS.items():
        encoder = make()
        vectors = embed(photos, [encoder])["colour"]
        average, precision, _ = measure(similarities(vectors, photos.val), photos.labels["colour"], photos.val)
        began = time.perf_counter()
        for pixels in sample:
            encoder.prepare(pixels)
        each = (time.perf_counter() - began) / len(sample) * 1e3
        print(f"| {name} | {encoder.dim} | {average:.3f} | {precision:.3f} | {each:.2f} |", flush=True)

    encoders: list[Encoder] = [load_model(PLAIN).image, ColourEncoder()]
    sets = [(clothing(), ("category",)), (myntra(1000, 5000), ("type+colour", "colour"))]
    columns = [
        (photos, rule, {n: similarities(v, photos.val) for n, v in embed(photos, encoders).items()})
        for photos, rules in sets
        for rule in rules
    ]
    print("\nscore = (1 - w) cos(look) + w cos(colour)\n")
    print(f"| w | {' | '.join(f'{p.name} {rule} mAP@10 | P@10' for p, rule, _ in columns)} |")
    print("|---|" + "---|---|" * len(columns))
    for weight in WEIGHTS:
        cells = []
        for photos, rule, cosines in columns:
            scores = (1 - weight) * cosines["look"] + weight * cosines["colour"]
            cells += [f"{x:.3f}" for x in measure(scores, photos.labels[rule], photos.val)[:2]]
        print(f"| {weight} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
