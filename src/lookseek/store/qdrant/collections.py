"""The collections of an index on a Qdrant server: how each is made.

lookseek_shop@points_1   a point an item: its vectors, attributes, routing keys; one for each set of vectors
lookseek_shop@records    small things: manifests, files, reports, photos, who writes (``index/qdrant/records.py``)
lookseek_shop            an alias of the published collection of points
"""

from __future__ import annotations

from typing import NamedTuple

from qdrant_client import QdrantClient, models

from ..schema import Layout
from .server import PATIENCE

__all__ = ["FIELDS", "KEYWORD", "NUMBER", "Placement", "create_points", "create_records"]

KEYWORD, NUMBER = models.PayloadSchemaType.KEYWORD, models.PayloadSchemaType.FLOAT
FIELDS = "fields"
"""The key of a collection's metadata under which its declared attributes stand, each with its kind."""
_GRAPH = models.HnswConfigDiff(m=16, ef_construct=128)
"""As ``edge.py`` builds its graphs."""
_NO_GRAPH = models.HnswConfigDiff(m=0)
"""Of names with several vectors an item, as in ``edge.py``."""
_DISTANCES = {"cosine": models.Distance.COSINE, "euclidean": models.Distance.EUCLID}
_MAX_SIM = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
_FREE = models.StrictModeConfig(enabled=False)
"""Filters on attributes without an index of their own are allowed, which the strict mode of some servers refuses."""


class Placement(NamedTuple):
    """How a new collection is spread over the nodes of a cluster; None where the server decides.

    Args:
        replicas: how many nodes keep each shard.
        shards: into how many parts the points are divided.
    """

    replicas: int | None = None
    shards: int | None = None


def create_points(client: QdrantClient, collection: str, layout: Layout, placement: Placement) -> None:
    """Make an empty collection of points, which must not exist."""
    client.create_collection(
        collection,
        vectors_config={
            name: models.VectorParams(
                size=spec.dim,
                distance=_DISTANCES[spec.metric],
                datatype=models.Datatype.FLOAT16,
                multivector_config=_MAX_SIM if spec.multi else None,
                hnsw_config=_NO_GRAPH if spec.multi else None,
            )
            for name, spec in layout.items()
        },
        hnsw_config=_GRAPH,
        shard_number=placement.shards,
        replication_factor=placement.replicas,
        strict_mode_config=_FREE,
        metadata={FIELDS: {}},
        timeout=PATIENCE,
    )
    client.create_payload_index(collection, "hash", KEYWORD, wait=True, timeout=PATIENCE)


def create_records(client: QdrantClient, collection: str, placement: Placement, indexed: tuple[str, ...]) -> None:
    """Make an empty collection without vectors: one shard, so that its writes have one order.

    Args:
        client: of the server.
        collection: which must not exist.
        placement: the replicas are as the points have them.
        indexed: keys of the payload that are filtered by.
    """
    client.create_collection(
        collection,
        vectors_config={"none": models.VectorParams(size=1, distance=models.Distance.DOT)},  # no point has one
        shard_number=1,
        replication_factor=placement.replicas,
        strict_mode_config=_FREE,
        timeout=PATIENCE,
    )
    for key in indexed:
        client.create_payload_index(collection, key, KEYWORD, wait=True, timeout=PATIENCE)
