"""The figure of the agreement between annotators."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ig_widgets.reports.mathtext import escape_math


def plot_agreement(annotators: pd.DataFrame, overlaps: "pd.Series[float]") -> Figure:
    """Plot the agreement of each annotator with the others, and of all annotators about each image.

    Parameters
    ----------
    annotators
        The result of `annotator_agreement`.
    overlaps
        The column ``iou`` of `image_agreement`; NaN values are left out.

    Returns
    -------
    Figure
        Three panels: the mean overlap of each annotator's boxes with those of the others; the numbers of
        boxes that others drew, too, and that nobody else drew, and of objects that the annotator missed; and
        a histogram of the mean overlap per image.
    """
    names = [escape_math(str(name)) or "(no name)" for name in annotators.index]
    figure = Figure(figsize=(11, max(2.7, 1.5 + 0.35 * len(annotators))), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.barh(names, annotators["iou"].fillna(0.0))
    left.set(xlim=(0, 1), xlabel="mean overlap with the others' boxes (IoU)")
    begin = np.zeros(len(annotators))
    for label, color, counts in (
        ("drawn by others, too", "tab:blue", annotators["shared"] - annotators["alone"]),
        ("drawn by nobody else", "tab:orange", annotators["alone"]),
        ("missed", "tab:gray", annotators["missed"]),
    ):
        middle.barh(names, counts, left=begin, color=color, label=label)
        begin += counts.to_numpy()
    middle.set_xlabel("boxes")
    middle.tick_params(axis="y", labelleft=False)
    figure.legend(*middle.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    right.hist(overlaps.dropna(), bins=np.linspace(0, 1, 11))
    right.set(xlim=(0, 1), xlabel="mean overlap of an image's boxes (IoU)", ylabel="images")
    for ax in (left, middle):
        ax.invert_yaxis()
    return figure
