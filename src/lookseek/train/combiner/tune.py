"""Stage 1: the towers of a CLIP learn that photo plus words, added as they are, is near the photo that is meant.

Source: github.com/ABaldrati/CLIP4Cir, ``src/clip_fine_tune.py``: AdamW with these betas and eps and torch's own weight
decay, the model in evaluation mode all along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.utils.data import Dataset

from ... import images
from ...encode.prepare import Preprocessing, min_side, resize_to_input
from ...types import Photo, Vectors
from ..openclip.clip import Clip
from ..trainer.batches import LoadedBatches
from ..trainer.loop import Training, Validation
from ..trainer.run_folder import best_weights
from ..trainer.schedule import Schedule
from .loss import in_batch_contrastive_loss
from .order import TripletOrder
from .settings import CombinerSettings
from .triplets import Example, GeneratedSets

__all__ = ["TrainableClip", "clip_training", "load_tuned", "plain_sum"]


class TrainableClip(nn.Module):
    """A CLIP as stage 1 trains it: in evaluation mode, so that batch norms go on using what they know."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.model = clip.model
        self._clip = clip

    def train(self, mode: bool = True) -> TrainableClip:
        """See torch and the class."""
        return super().train(False)

    def forward(self, references: Tensor, tokens: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Queries and targets, float (n, dim), each of length 1.

        Args:
            references: photos, uint8 (n, 3, side, side).
            tokens: of the changes, int64 (n, length).
            targets: photos, uint8 (n, 3, side, side).
        """
        query = self._clip.photos(references) + self._clip.words(tokens)
        return normalize(query.float(), dim=-1), normalize(self._clip.photos(targets).float(), dim=-1)


def clip_training(
    clip: Clip,
    train: Sequence[Example],
    more: GeneratedSets,
    photos: Mapping[str, Photo],
    settings: CombinerSettings,
    workers: int,
    validate: Callable[[], Validation],
) -> Training[Sequence[Tensor]]:
    """Return the training of stage 1.

    Args:
        clip: with its first weights, which are trained in place.
        train: triplets.
        more: triplets that were made, and their shares.
        photos: of both.
        settings: of the training.
        workers: processes that decode; 0 decodes in this one.
        validate: measures the towers as they are.
    """
    image, text = settings.tune in ("image", "both"), settings.tune in ("text", "both")
    clip.learn(image, text, settings.checkpointing)
    network = TrainableClip(clip)
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    triples = _Triples(clip, [*train, *(e for made, _ in more for e in made)], photos)
    sizes = [(len(made), share) for made, share in more]

    def loss(model: nn.Module, batch: Sequence[Tensor]) -> Mapping[str, Tensor]:
        references, tokens, targets, groups = batch
        queries, found = model(references, tokens, targets)
        return {"contrast": in_batch_contrastive_loss(queries, found, groups, settings.scale)}

    return Training(
        network=network,
        optimiser=torch.optim.AdamW(learning, lr=settings.tune_rate, betas=(0.9, 0.999), eps=1e-7),
        batches=LoadedBatches(triples, TripletOrder(len(train), sizes, settings.tune_batch, settings.seed, 1), workers),
        loss=loss,
        weights={"contrast": 1.0},
        validate=lambda _: validate(),
        epochs=settings.tune_epochs,
        seed=(settings.seed, 1),
        schedule=Schedule(settings.warm_up, settings.cosine),
        every=settings.every,
        patience=settings.patience,
        name=f"training, stage 1: tuning {'both towers' if image and text else f'the {settings.tune} tower'}",
    )


def load_tuned(clip: Clip, folder: Path) -> None:
    """Give a CLIP the weights of stage 1's best epoch.

    Raises:
        TrainError: there are none.
    """
    TrainableClip(clip).load_state_dict(best_weights(folder))
    clip.model.eval()


def plain_sum(photos: Vectors, texts: Vectors, _: object = None) -> Vectors:
    """CLIP4Cir's sum: features as the towers give them, so that the longer one counts more."""
    return photos + texts


class _Triples(Dataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """Triplets by key, their photos decoded and their words as tokens."""

    def __init__(self, clip: Clip, examples: Sequence[Example], photos: Mapping[str, Photo]) -> None:
        self._examples, self._photos, self._how = examples, photos, clip.how
        self._tokenizer, self._groups = clip.tokenizer, target_groups(examples)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, place: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        row, form = place
        example = self._examples[row]
        tokens = self._tokenizer([example.texts[form]])[0]
        return self._photo(example.reference), tokens, self._photo(example.target), self._groups[row]

    def _photo(self, id: str) -> Tensor:
        how: Preprocessing = self._how
        pixels = resize_to_input(images.decode(self._photos[id], min_side(how)), how)
        return torch.from_numpy(pixels).permute(2, 0, 1)


def target_groups(examples: Sequence[Example]) -> Tensor:
    """Numbers of the targets and of their groups, int64 (n, 2), as ``in_batch_contrastive_loss`` has them."""
    targets: dict[str, int] = {}
    groups: dict[str, int] = {}
    rows = [(targets.setdefault(e.target, len(targets)), groups.setdefault(e.group, len(groups))) for e in examples]
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, 2)
