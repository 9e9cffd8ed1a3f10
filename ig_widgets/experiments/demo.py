"""The whole path without a person: generated strips, a simulated annotator, weak labels and a report.

Run as ``python -m ig_widgets.experiments.demo --out demo``.
"""

import argparse
import shutil
import time
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import f1_score

from ig_widgets.data.examples.simulated import SimulatedAnnotator
from ig_widgets.data.examples.synthetic import write_strips
from ig_widgets.data.images import ImageSet
from ig_widgets.data.labels import labels_of
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.sources import BOX_ANNOTATOR
from ig_widgets.systems.inspector_gadget.gadget import InspectorGadget

KIND: Final = "scratch"
N_IMAGES = 150
N_DEFECTIVE = 20


def main() -> None:
    """Make images, label them and print how well it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for everything that is made")
    out: Path = parser.parse_args().out
    start = time.perf_counter()
    clear(out)

    truth = write_strips(out / "images", KIND, N_IMAGES)
    images = ImageSet.from_folder(out / "images")
    print(f"{len(images)} images in {out / 'images'}")

    with AnnotationLog(out / "annotations.db") as log:
        gadget = InspectorGadget(images, [KIND], log=log, target=N_DEFECTIVE, n_jobs=-1)
        annotate_until(gadget, SimulatedAnnotator(truth))
        gadget.learn()
        gadget.weak_labels.to_csv(out / "weak_labels.csv", index=False)
        report = gadget.report()
        report.save(out / "report.html")

    actual = labels_of(images, truth, gadget.classes_)
    rest = gadget.y_ < 0
    labeled = gadget.weak_labels["label"].map(gadget.classes_.index).to_numpy()
    majority = np.full(len(images), np.bincount(gadget.y_[~rest]).argmax())
    drawn, made = (report.facts[f"patterns {how}"] for how in ("drawn", "made of them"))
    print(f"{(~rest).sum()} images looked at by a simulated person")
    print(f"{drawn} patterns cut out, {made} made of them")
    print(f"on the other {rest.sum()} images:")
    print(f"  F1 of the weak labels      {f1_score(actual[rest], labeled[rest], zero_division=0):.3f}")
    print(f"  F1 of the majority class   {f1_score(actual[rest], majority[rest], zero_division=0):.3f}")
    print(f"weak labels  {out / 'weak_labels.csv'}")
    print(f"report       {out / 'report.html'}")
    print(f"{time.perf_counter() - start:.0f} s")


def clear(out: Path) -> None:
    """Make an empty folder; of what is there already only an earlier demo is removed."""
    marker = out / ".ig_widgets-demo"
    if marker.exists():
        shutil.rmtree(out)
    elif out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} holds other files: name a new folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    marker.touch()


def annotate_until(gadget: InspectorGadget, person: SimulatedAnnotator) -> None:
    """Let a simulated person annotate images in the gadget's order until enough have defects."""
    found = 0
    for position in gadget.order:
        said = person.annotate(gadget.images[[int(position)]])
        gadget.log.extend(said, source=BOX_ANNOTATOR)
        found += int(said["x"].notna().any())
        if found == gadget.target:
            break


if __name__ == "__main__":
    main()
