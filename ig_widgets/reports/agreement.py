"""The report on the agreement between annotators."""

import numpy as np
import pandas as pd

from ig_widgets.compute.crowd.agreement import (
    annotator_agreement,
    image_agreement,
    krippendorff_alpha,
    presence,
)
from ig_widgets.reports.agreement_figure import plot_agreement
from ig_widgets.reports.report import Report


def agreement_report(annotations: pd.DataFrame, *, min_iou: float = 0.0) -> Report:
    """Report how well annotators agree.

    Parameters
    ----------
    annotations, min_iou
        As in `annotator_agreement`.

    Returns
    -------
    Report
        The facts: the numbers of annotators, of annotated images and of images annotated by at least two;
        Krippendorff's alpha of the labels present; the number of objects boxed by at least one annotator, and
        by all who saw the image. The figure: see `plot_agreement`.
    """
    annotators = annotator_agreement(annotations, min_iou=min_iou)
    images = image_agreement(annotations, min_iou=min_iou)
    common = images[images["annotators"] > 1]
    alpha = krippendorff_alpha(presence(annotations))
    facts = {
        "annotators": len(annotators),
        "annotated images": len(images),
        "images annotated by two or more": len(common),
        "Krippendorff's alpha of the labels present": "undefined (annotations too few or all equal)"
        if np.isnan(alpha)
        else f"{alpha:.2f}",
        "objects boxed there by at least one annotator": int(common["things"].sum()),
        "objects boxed by all who saw the image": int(common["agreed"].sum()),
    }
    return Report(
        "Agreement", facts, {"Agreement between annotators": plot_agreement(annotators, common["iou"])}
    )
