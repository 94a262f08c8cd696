"""The main job on emoji: 4 variants x 5 seeds, test split, concatenation fusion.

``python tests/benchmarks/two_by_two.py``; two worker processes.
"""

import time

from report import Row, show

import refnet_viz as rv


def measure() -> list[Row]:
    """Return time, accuracy, purity and overlaps, each beside what was asked."""
    data = rv.data.emoji()
    start = time.perf_counter()
    runs = rv.sweep(data, rv.VARIANTS, seeds=range(5), n_jobs=2, progress=False)
    seconds = time.perf_counter() - start
    graphs = rv.knn(rv.embed(runs, data.test), k=15)
    frame = rv.compare(graphs, rails=rv.rails(data)).set_index(["metric", "variant"])
    rows: list[Row] = [
        {
            "name": "the 2 × 2 with 5 seeds on emoji, two processes",
            "asked": "under 240",
            "measured": f"{seconds:.0f}",
            "unit": "s",
        }
    ]
    asked = {
        "accuracy": "both ≥ plain + .02, both > concatenation rail",
        "purity": "both > plain",
        "overlap with picture": "both ≥ plain + .05",
        "overlap with text": "both ≥ plain + .05",
    }
    for metric, rule in asked.items():
        part = frame.loc[metric]
        values = ", ".join(
            f"{name} {part.loc[name, 'mean']:.3f}"
            for name in ("plain", "refiner", "contrastive", "both")
        )
        both = part.loc["both"]
        rail = "concatenation" if metric == "accuracy" else "sum"
        rows.append(
            {
                "name": f"emoji, test rows, 5 seeds, {metric}: {values}; rail "
                f"({rail}) {part.loc[rail, 'mean']:.3f}; chance "
                f"{both['chance']:.3f}",
                "asked": rule,
                "measured": f"both − plain {both['difference']:+.3f}, 95 % interval "
                f"[{both['diff_low']:+.3f}, {both['diff_high']:+.3f}]: "
                f"{both['verdict']}",
                "unit": "",
            }
        )
    return rows


if __name__ == "__main__":
    show(measure())
