"""Proofs from residuals about the edges of a fused graph, beside what is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..responsibility import Bound, Geometry, certified, lipschitz_bound, supported
from .edges import Edges
from .neighbors import Neighbors

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Proof:
    """Bound and certificates of the E edges in one metric, beside the truth.

    Parameters
    ----------
    ks
        The K numbers k' of nearest points that certificates are asked for.
    points
        How many have every modality that counts; neighbours are sought among them.
    bound
        Theorem 1 for every edge, asserted.
    radius
        ``(N, K)`` distance of each point to its k'-th nearest.
    supported
        ``(2, E, K)`` bool: the target is among the k' nearest of the source, then the
        other way round; exact.
    certified
        The same where Theorem 1 proves it from z and the residuals.
    """

    ks: tuple[int, ...]
    points: int
    bound: Bound
    radius: Floats
    supported: Bools
    certified: Bools


def prove(
    graph: Neighbors, geometry: Geometry, ks: tuple[int, ...]
) -> dict[str, Proof]:
    """Return what is proved of the edges: in the sum of the modalities and by each.

    Parameters
    ----------
    graph
        The fused graph.
    geometry
        Both metrics of its embedding.
    ks
        Numbers of nearest points.
    """
    embedding, edges = graph.embedding, graph.edges()
    alone = {
        name: {other: float(other == name) for other in embedding.decoded}
        for name in geometry.names
    }
    geometries = {"sum": geometry}
    geometries |= {
        name: Geometry.of(embedding, weight) for name, weight in alone.items()
    }
    return {space: _proved(edges, metrics, ks) for space, metrics in geometries.items()}


def _proved(edges: Edges, geometry: Geometry, ks: tuple[int, ...]) -> Proof:
    """Return Theorem 1 and what is true and proved of every edge from both ends."""
    points = int(geometry.whole.sum())
    # Where only absent rows make k' too large, all others are among the nearest.
    counts = [min(k, max(1, points - 1)) if k < len(geometry) else k for k in ks]
    bound, radius = geometry.bound(edges.source, edges.target), geometry.radii(counts)
    ends = radius[edges.source], radius[edges.target]
    return Proof(
        ks,
        points,
        bound,
        radius,
        np.stack([supported(bound, end) for end in ends]),
        np.stack([certified(bound, end) for end in ends]),
    )


def proof_table(proofs: Mapping[str, Proof], chosen: Bools) -> pd.DataFrame:
    """Return shares of supported and certified neighbours, a row a space and k'.

    Parameters
    ----------
    proofs
        Space to the proof of the edges of a fused graph in it.
    chosen
        ``(2, E)`` which edges count, seen from the source and from the target.
    """
    rows = []
    for space, proof in proofs.items():
        judged = chosen & np.isfinite(proof.bound.total)
        for place, k in enumerate(proof.ks):
            true, proved = proof.supported[..., place], proof.certified[..., place]
            rows.append(
                {
                    "space": space,
                    "k": k,
                    "neighbors": int(judged.sum()),
                    "supported": _share(true[judged]),
                    "certified": _share(proved[judged]),
                    "chance": min(1.0, k / max(1, proof.points - 1)),
                }
            )
    return pd.DataFrame(rows)


def lipschitz_table(
    graph: Neighbors, proofs: Mapping[str, Proof], chosen: Bools
) -> pd.DataFrame:
    """Return how little the Lipschitz route proves, a row a modality with a decoder.

    `graph` is the fused graph, `proofs` and `chosen` are those of `proof_table`;
    columns are told at `Attribution.lipschitz`.
    """
    embedding, (source, target, _) = graph.embedding, graph.edges()
    rows = []
    for name in [name for name in proofs if name in embedding.decoders]:
        proof = proofs[name]
        most = lipschitz_bound(embedding, name, source=source, target=target)
        radius = proof.radius[:, -1]
        proved = np.stack([most <= radius[source], most <= radius[target]])
        apart = proof.bound.total > 0
        rows.append(
            {
                "modality": name,
                "constant": embedding.decoders[name].lipschitz,
                "bound": float(np.median(most[apart] / proof.bound.total[apart])),
                "k": proof.ks[-1],
                "certified": _share(proved[chosen & np.isfinite(most)]),
            }
        )
    return pd.DataFrame(rows)


def _share(flags: Bools) -> float:
    return float(flags.mean()) if len(flags) else np.nan
