"""The report of how much people agree."""

import numpy as np
import pandas as pd

from ig_widgets.compute.crowd.agreement import (
    annotator_agreement,
    image_agreement,
    krippendorff_alpha,
    presence,
)
from ig_widgets.reports.figures import agreement_figure
from ig_widgets.reports.report import Report


def agreement_report(annotations: pd.DataFrame, *, min_iou: float = 0.0) -> Report:
    """Show how much people agree, in facts and a picture.

    Parameters
    ----------
    annotations, min_iou
        As in `annotator_agreement`.

    Returns
    -------
    Report
        The facts: how many people and images there are, and how many of these were seen by two people at
        least; Krippendorff's alpha on what is present; around how many things anybody drew a box, and around
        how many everybody who looked did. The picture: see `agreement_figure`.
    """
    people = annotator_agreement(annotations, min_iou=min_iou)
    images = image_agreement(annotations, min_iou=min_iou)
    common = images[images["annotators"] > 1]
    alpha = krippendorff_alpha(presence(annotations))
    facts = {
        "annotators": len(people),
        "images that somebody looked at": len(images),
        "images that two or more looked at": len(common),
        "Krippendorff's alpha on what is present": "too little to tell"
        if np.isnan(alpha)
        else f"{alpha:.2f}",
        "things that anybody drew there": int(common["things"].sum()),
        "things that everybody drew": int(common["agreed"].sum()),
    }
    return Report("Agreement", facts, {"How much people agree": agreement_figure(people, common["iou"])})
