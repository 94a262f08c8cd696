"""What runs on a GPU gives what the CPU gives: ``python tests/benchmarks/gpu.py``.

Trains, pre-trains and embeds on both devices from the same seed, encodes pictures with
a network of timm that nobody trained, and prints a table: differences and how many
times faster the GPU is. Without a GPU it says so and ends with 1.
"""

import dataclasses
import sys
import time

import numpy as np
import torch

import refnet_viz as rv

ROWS, WIDE = 20_000, 512
CONFIG = rv.Config(epochs=3, hidden=512, width=128, batch_size=1024)


def data(rows: int, width: int) -> rv.data.Dataset:
    """Return two modalities that show ten classes; a tenth of the rows unlabelled."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, rows).astype(float)
    centres = rng.normal(size=(2, 10, width))
    arrays = {
        name: centres[i][labels.astype(int)] + 4 * rng.normal(size=(rows, width))
        for i, name in enumerate(("a", "b"))
    }
    labels[rng.random(rows) < 0.1] = np.nan
    return rv.data.Dataset.from_arrays(arrays, labels=labels)


def timed(function, device: str):
    """Return a result and the wall seconds it took."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    result = function()
    if device == "cuda":
        torch.cuda.synchronize()
    return result, time.perf_counter() - start


def training(name: str, train, held_out) -> str:
    """Return a line about one way of training on both devices."""
    made, seconds = {}, {}
    for device in ("cpu", "cuda"):
        train(device, epochs=1)  # warm
        made[device], seconds[device] = timed(lambda d=device: train(d), device)
    spaces = {
        device: rv.embed(run, held_out, device=device) for device, run in made.items()
    }
    across = rv.embed(made["cuda"], held_out, device="cpu")
    error = np.linalg.norm(across.z - spaces["cuda"].z) / np.linalg.norm(across.z)
    right = {device: space.accuracy for device, space in spaces.items()}
    return (
        f"| {name} | {seconds['cpu']:.1f} s | {seconds['cuda']:.1f} s | "
        f"{seconds['cpu'] / seconds['cuda']:.1f} | {right['cpu']:.3f} / "
        f"{right['cuda']:.3f} | {error:.1e} |"
    )


def encoding() -> str:
    """Return a line about an untrained network of timm on both devices."""
    import timm
    from PIL import Image

    rng = np.random.default_rng(0)
    images = [
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
        for _ in range(512)
    ]
    torch.manual_seed(0)
    model = timm.create_model("resnet18", pretrained=False, num_classes=0)
    setup = timm.data.resolve_data_config({}, model=model)
    pair = (model, timm.data.create_transform(**setup))
    vectors, seconds = {}, {}
    for device in ("cpu", "cuda"):
        (vectors[device], _), seconds[device] = timed(
            lambda d=device: rv.data.encode(
                images, pair, kind="pictures", device=d, progress=False
            ),
            device,
        )
    error = np.linalg.norm(vectors["cpu"] - vectors["cuda"]) / np.linalg.norm(
        vectors["cpu"]
    )
    return (
        f"| encode, resnet18 of timm | {seconds['cpu']:.1f} s | "
        f"{seconds['cuda']:.1f} s | {seconds['cpu'] / seconds['cuda']:.1f} | | "
        f"{error:.1e} |"
    )


def main() -> int:
    """Print the table."""
    if not torch.cuda.is_available():
        print("no GPU here")
        return 1
    whole = data(ROWS, WIDE)

    def fit(device: str, epochs: int = CONFIG.epochs):
        config = dataclasses.replace(CONFIG, epochs=epochs)
        return rv.fit(whole, config, device=device, progress=False)

    def pretrain(device: str, epochs: int = CONFIG.epochs):
        config = dataclasses.replace(CONFIG, epochs=epochs, contrastive=0.0)
        return rv.pretrain(whole, config, device=device, progress=False)

    print(f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}")
    print(
        f"{ROWS:,} rows, 2 x {WIDE} features, {CONFIG.epochs} epochs, "
        f"batches of {CONFIG.batch_size}"
    )
    print("| | CPU | GPU | times faster | accuracy CPU / GPU | relative error of z |")
    print("|---|---|---|---|---|---|")
    print(training("fit", fit, whole.test), flush=True)
    print(training("pretrain", pretrain, whole.test), flush=True)
    print(encoding())
    return 0


if __name__ == "__main__":
    sys.exit(main())
