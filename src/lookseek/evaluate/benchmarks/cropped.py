"""Photos of which a benchmark means a part: cropped to a box, each when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ... import images
from ...errors import CatalogueError, ItemError, QueryError
from ...types import Box, Photo

__all__ = ["CroppedPhotos"]


class CroppedPhotos(Mapping[str, Photo]):
    """Photos, cropped to their boxes where they have one, as PNG.

    Args:
        photos: by id.
        boxes: id to the box, in pixels of the upright photo.
        remedy: what to do about a box outside its photo.

    Raises:
        CatalogueError: when a photo is read whose box lies outside it.
    """

    def __init__(
        self,
        photos: Mapping[str, Photo],
        boxes: Mapping[str, Box],
        remedy: str = "the boxes are for photos of another size: correct the table",
    ) -> None:
        self._photos, self._boxes, self._remedy = photos, boxes, remedy

    def __getitem__(self, key: str) -> Photo:
        photo, box = self._photos[key], self._boxes.get(key)
        if box is None:
            return photo
        try:
            return images.to_png(images.crop(images.decode(photo), box))
        except ItemError:
            return photo  # whoever decodes it receives the error
        except QueryError as error:
            raise CatalogueError(f"{key}: {error}: {self._remedy}") from error

    def __contains__(self, key: object) -> bool:
        return key in self._photos  # Mapping's own would crop it

    def __iter__(self) -> Iterator[str]:
        return iter(self._photos)

    def __len__(self) -> int:
        return len(self._photos)
