"""A search service as most are written, to compare with: FastAPI, torch, numpy.

    python -m benchmarks.service.classic_service [--items 50000] [--port 8001]

One process of uvicorn; an endpoint of ``def``, which FastAPI runs in its thread pool; Pillow and torchvision's
transforms; ResNet-50 in eager fp32, one photo a request; its 2048 pooled features, normalised, times the matrix of all
items, and ``argsort``. Weights are ImageNet's where torch has them in its cache on this machine, else random ones; the
items' vectors are drawn. Neither changes what a request costs.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI, File, Form, UploadFile
from PIL import Image
from torchvision import transforms
from torchvision.models import ResNet50_Weights, resnet50

DIM, SEED = 2048, 0

app = FastAPI()
prepare = transforms.Compose(
    [
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    ]
)


def cached_weights() -> ResNet50_Weights | None:
    """ImageNet's weights if no download is needed for them."""
    name = ResNet50_Weights.IMAGENET1K_V2.url.rpartition("/")[2]
    there = (Path(torch.hub.get_dir()) / "checkpoints" / name).is_file()
    return ResNet50_Weights.IMAGENET1K_V2 if there else None


def load(items: int) -> None:
    """Puts the network and the items' vectors into the app."""
    torch.manual_seed(SEED)
    network = resnet50(weights=cached_weights())
    network.fc = torch.nn.Identity()
    app.state.network = network.eval()
    vectors = np.random.default_rng(SEED).random((items, DIM), np.float32)
    app.state.vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    app.state.ids = [f"item-{n:06d}" for n in range(items)]


@app.get("/health")
def health() -> dict[str, str]:
    """Say which weights there are."""
    return {"status": "ok", "weights": "random" if cached_weights() is None else "ImageNet"}


@app.post("/search")
def search(image: Annotated[UploadFile, File()], k: Annotated[int, Form()] = 10) -> dict[str, list[dict[str, object]]]:
    """Find what looks like a photo."""
    picture = Image.open(io.BytesIO(image.file.read())).convert("RGB")
    with torch.no_grad():
        features = app.state.network(prepare(picture).unsqueeze(0))[0].numpy()
    features = features / np.linalg.norm(features)
    scores = app.state.vectors @ features
    best = np.argsort(-scores)[:k]
    return {"results": [{"id": app.state.ids[n], "score": float(scores[n])} for n in best]}


def main() -> None:
    """Serve."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=50_000)
    options.add_argument("--port", type=int, default=8001)
    chosen = options.parse_args()
    load(chosen.items)
    uvicorn.run(app, port=chosen.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
