"""Sentences that explain the words of strip, pane and maps: one table for all."""

from __future__ import annotations

from ..graph import METRICS

# Word, as it is shown, to what it is, its range, which direction is better, and chance.
WORDS = {
    "latent": "the space of the vectors that the model made of all modalities.",
    "refined": "the space of what the refiner decodes from a vector: every modality, "
    "weighted, as far as the vector still has it.",
    "sum": "the space in which the distances of all modalities are added, each with "
    "its weight: what is near without any model.",
    "rewiring": "share of a point's neighbours that differ from the baseline's, 1 - "
    "Jaccard index; from 0 (the same ones) to 1 (all others), no direction is better; "
    "chance is near 1, and two seeds show what training anew does by itself. Its "
    "verdict is beside two seeds of one variant: higher is more than a seed changes.",
    "in-degree": "how many points have this one among their k nearest; from 0 to all "
    "others, k in the mean; hubs are high, and low or high is no merit.",
    "responsibility": "how well the vectors answer for a modality on rows that were "
    "not trained on; 1 is best, 0 is what the mean of all points answers, below is "
    "worse.",
    "confidence": "largest class probability of the prediction, at most 1; high is "
    "sure, not right; chance is 1 divided by the number of classes.",
    "trustworthiness": "whether points that are near on the map are near in the space "
    "too; from 0 to 1, higher is better; its chance stands beside it.",
    "continuity": "whether points that are near in the space are near on the map too; "
    "from 0 to 1, higher is better; its chance stands beside it.",
    "kept": "edges of the baseline that this graph has too.",
    "gained": "edges that this graph has and the baseline has not.",
    "lost": "edges that the baseline has and this graph has not.",
    "by modality": "edges by the modalities whose own graphs have them; emergent ones "
    "are in none of these; each share stands beside the one that chance would give.",
    "views": "settings under which numbers were shown here: variants, baseline, space, "
    "distance, weights, epoch and k, each once. The best of many looks good by chance, "
    "so the verdicts pay for all of them (Bonferroni): from 1, and fewer is stronger "
    "evidence; undo takes none back, and values that a slider passes do not count.",
    "brackets": "the seed band: where the mean over seeds lies with 95% confidence, by "
    "Student's t; wide where there are few seeds.",
    "distance": "how far two points are from one another in the space; beside it the "
    "median of their distances to all other points; smaller is nearer.",
    "ranks": "the place of each of two points among the other's neighbours, from 1, "
    "the nearest, to all others; chance is the middle.",
    "edge at k": "whether each of two points is among the k nearest of the other; "
    "beside it how often lists drawn by chance have at least one of the two ways.",
    "shared": "how many of the neighbours are the same in both spaces, or of both "
    "points; from 0 to k, more means that the two agree.",
    "aligned UMAP": "a UMAP that begins at the places of the reference map, so that "
    "places can be compared; distances between groups mean little.",
    "UMAP": "a map that keeps neighbours together; distances between groups mean "
    "little.",
    "PCA": "a map along the two directions of largest variance; it has no random part; "
    "further maps are turned, and mirrored if need be, to lie like the first one's.",
    "variance": "share of all variance that each of the two directions has; from 0 to "
    "100 %; beside it what it would be if features were independent: that of the same "
    "values with every feature permuted by itself.",
}


def terms() -> dict[str, str]:
    """Return a sentence for every word that is not everybody's.

    Examples
    --------
    >>> print(terms()["reciprocity"])
    share of neighbours that are neighbours both ways; from 0 to 1, higher is better.
    """
    metrics = {
        name.replace("_", " "): metric.help
        for name, metric in METRICS.items()
        if metric.headline
    }
    return metrics | WORDS
