"""The picture of the README: ``python docs/picture.py`` trains two runs and writes it.

``rv.replay("docs/images/maps.manifest.json")`` makes the same figure again.
"""

from pathlib import Path

import refnet_viz as rv

PATH = Path(__file__).parent / "images" / "maps.png"


def main() -> None:
    """Write the maps of the plain and the refined space of emoji."""
    data = rv.data.emoji()
    variants = {name: rv.VARIANTS[name] for name in ("plain", "both")}
    runs = rv.sweep(data, variants, seeds=[0], n_jobs=1)
    figure = rv.plot.latent(rv.embed(runs, data.test))
    rv.save(figure, PATH, scale=1.6)


if __name__ == "__main__":
    main()
