"""Draw a few boxes in a notebook cell, and let the kernel label the rest.

Every public name is here; it is imported when it is first used.

>>> import ig_widgets as ig
>>> ig.iou([[0, 0, 10, 10]], [[5, 0, 10, 10]])
array([[0.33333333]])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ig_widgets.compute.agreement import annotator_agreement as annotator_agreement
    from ig_widgets.compute.agreement import image_agreement as image_agreement
    from ig_widgets.compute.agreement import krippendorff_alpha as krippendorff_alpha
    from ig_widgets.compute.agreement import presence as presence
    from ig_widgets.compute.assignments import annotation_progress as annotation_progress
    from ig_widgets.compute.assignments import assign as assign
    from ig_widgets.compute.augmentation.gan import PatternGAN as PatternGAN
    from ig_widgets.compute.augmentation.policies import PolicyAugmenter as PolicyAugmenter
    from ig_widgets.compute.baselines.label_model import SnorkelLabelModel as SnorkelLabelModel
    from ig_widgets.compute.baselines.self_training import SelfTrainer as SelfTrainer
    from ig_widgets.compute.baselines.snuba import Snuba as Snuba
    from ig_widgets.compute.baselines.stumps import LabelingStumps as LabelingStumps
    from ig_widgets.compute.baselines.votes import MajorityVote as MajorityVote
    from ig_widgets.compute.baselines.votes import MaxSimilarity as MaxSimilarity
    from ig_widgets.compute.boxes import box_groups as box_groups
    from ig_widgets.compute.boxes import iou as iou
    from ig_widgets.compute.boxes import merge_boxes as merge_boxes
    from ig_widgets.compute.clusters import image_clusters as image_clusters
    from ig_widgets.compute.detection.detector import PatternDetector as PatternDetector
    from ig_widgets.compute.labeling.labeler import WeakLabeler as WeakLabeler
    from ig_widgets.compute.labeling.stacking import log_odds as log_odds
    from ig_widgets.compute.matching.feature_store import FeatureStore as FeatureStore
    from ig_widgets.compute.matching.matcher import PatternMatcher as PatternMatcher
    from ig_widgets.compute.matching.matcher import match as match
    from ig_widgets.compute.matching.score_map import score_map as score_map
    from ig_widgets.compute.networks.cnn import ImageClassifier as ImageClassifier
    from ig_widgets.compute.networks.weights import load_weights as load_weights
    from ig_widgets.compute.orders.confusion import order_by_confusion as order_by_confusion
    from ig_widgets.compute.orders.disagreement import order_by_disagreement as order_by_disagreement
    from ig_widgets.compute.orders.duplicates import order_duplicates_first as order_duplicates_first
    from ig_widgets.compute.orders.label_errors import order_by_label_error as order_by_label_error
    from ig_widgets.compute.orders.loss import order_by_loss as order_by_loss
    from ig_widgets.compute.orders.neighbours import order_by_neighbours as order_by_neighbours
    from ig_widgets.compute.orders.random import order_by_random as order_by_random
    from ig_widgets.compute.orders.similarity import order_by_similarity as order_by_similarity
    from ig_widgets.compute.patterns import crop_patterns as crop_patterns
    from ig_widgets.compute.patterns import pattern_sources as pattern_sources
    from ig_widgets.compute.reviews import reviewed_boxes as reviewed_boxes
    from ig_widgets.compute.suspects import cross_validated_proba as cross_validated_proba
    from ig_widgets.compute.tipping import tipping_point as tipping_point
    from ig_widgets.compute.words.barlow_twins import BarlowTwins as BarlowTwins
    from ig_widgets.compute.words.filter_maps import filter_maps as filter_maps
    from ig_widgets.compute.words.packing import pack_words as pack_words
    from ig_widgets.compute.words.packing import unpack_words as unpack_words
    from ig_widgets.compute.words.pooling import pool_maps as pool_maps
    from ig_widgets.compute.words.visual_words import VisualWords as VisualWords
    from ig_widgets.compute.words.vqvae import VQVAEWords as VQVAEWords
    from ig_widgets.data.annotations import annotations_frame as annotations_frame
    from ig_widgets.data.crops import labelled_crops as labelled_crops
    from ig_widgets.data.formats.coco import read_coco as read_coco
    from ig_widgets.data.formats.coco import write_coco as write_coco
    from ig_widgets.data.formats.csv_table import read_csv as read_csv
    from ig_widgets.data.formats.csv_table import write_csv as write_csv
    from ig_widgets.data.formats.folders import write_folders as write_folders
    from ig_widgets.data.formats.marked_images import read_marked_images as read_marked_images
    from ig_widgets.data.formats.masks import read_masks as read_masks
    from ig_widgets.data.formats.voc import read_voc as read_voc
    from ig_widgets.data.formats.voc import write_voc as write_voc
    from ig_widgets.data.formats.yolo import read_yolo as read_yolo
    from ig_widgets.data.formats.yolo import write_yolo as write_yolo
    from ig_widgets.data.images import ImageSet as ImageSet
    from ig_widgets.data.labels import folder_labels as folder_labels
    from ig_widgets.data.labels import labels_of as labels_of
    from ig_widgets.data.labels import weak_labels as weak_labels
    from ig_widgets.data.log import AnnotationLog as AnnotationLog
    from ig_widgets.data.simulated import SimulatedAnnotator as SimulatedAnnotator
    from ig_widgets.data.synthetic import strips as strips
    from ig_widgets.data.synthetic import write_strips as write_strips
    from ig_widgets.systems.agreement import agreement_report as agreement_report
    from ig_widgets.systems.audit import review_report as review_report
    from ig_widgets.systems.inspector_gadget import InspectorGadget as InspectorGadget
    from ig_widgets.systems.mlfix import MLfix as MLfix
    from ig_widgets.widgets.box_annotator import BoxAnnotator as BoxAnnotator
    from ig_widgets.widgets.pattern_gallery import PatternGallery as PatternGallery
    from ig_widgets.widgets.pattern_hits import PatternHits as PatternHits
    from ig_widgets.widgets.peer_review import PeerReview as PeerReview
    from ig_widgets.widgets.similarity_review import SimilarityReview as SimilarityReview

__version__ = "0.1.0"

__all__ = [
    "AnnotationLog",
    "BarlowTwins",
    "BoxAnnotator",
    "FeatureStore",
    "ImageClassifier",
    "ImageSet",
    "InspectorGadget",
    "LabelingStumps",
    "MLfix",
    "MajorityVote",
    "MaxSimilarity",
    "PatternDetector",
    "PatternGAN",
    "PatternGallery",
    "PatternHits",
    "PatternMatcher",
    "PeerReview",
    "PolicyAugmenter",
    "SelfTrainer",
    "SimilarityReview",
    "SimulatedAnnotator",
    "SnorkelLabelModel",
    "Snuba",
    "VQVAEWords",
    "VisualWords",
    "WeakLabeler",
    "agreement_report",
    "annotation_progress",
    "annotations_frame",
    "annotator_agreement",
    "assign",
    "box_groups",
    "crop_patterns",
    "cross_validated_proba",
    "filter_maps",
    "folder_labels",
    "image_agreement",
    "image_clusters",
    "iou",
    "krippendorff_alpha",
    "labelled_crops",
    "labels_of",
    "load_weights",
    "log_odds",
    "match",
    "merge_boxes",
    "order_by_confusion",
    "order_by_disagreement",
    "order_by_label_error",
    "order_by_loss",
    "order_by_neighbours",
    "order_by_random",
    "order_by_similarity",
    "order_duplicates_first",
    "pack_words",
    "pattern_sources",
    "pool_maps",
    "presence",
    "read_coco",
    "read_csv",
    "read_marked_images",
    "read_masks",
    "read_voc",
    "read_yolo",
    "review_report",
    "reviewed_boxes",
    "score_map",
    "strips",
    "tipping_point",
    "unpack_words",
    "weak_labels",
    "write_coco",
    "write_csv",
    "write_folders",
    "write_strips",
    "write_voc",
    "write_yolo",
]

_MODULES = {
    "compute.agreement": ("annotator_agreement", "image_agreement", "krippendorff_alpha", "presence"),
    "compute.assignments": ("annotation_progress", "assign"),
    "compute.matching.score_map": ("score_map",),
    "compute.reviews": ("reviewed_boxes",),
    "compute.boxes": ("box_groups", "iou", "merge_boxes"),
    "compute.networks.cnn": ("ImageClassifier",),
    "compute.detection.detector": ("PatternDetector",),
    "compute.matching.feature_store": ("FeatureStore",),
    "compute.augmentation.gan": ("PatternGAN",),
    "compute.baselines.label_model": ("SnorkelLabelModel",),
    "compute.labeling.labeler": ("WeakLabeler",),
    "compute.matching.matcher": ("PatternMatcher", "match"),
    "compute.patterns": ("crop_patterns", "pattern_sources"),
    "compute.augmentation.policies": ("PolicyAugmenter",),
    "compute.baselines.self_training": ("SelfTrainer",),
    "compute.baselines.snuba": ("Snuba",),
    "compute.labeling.stacking": ("log_odds",),
    "compute.baselines.stumps": ("LabelingStumps",),
    "compute.tipping": ("tipping_point",),
    "compute.baselines.votes": ("MajorityVote", "MaxSimilarity"),
    "compute.networks.weights": ("load_weights",),
    "compute.orders.confusion": ("order_by_confusion",),
    "compute.orders.disagreement": ("order_by_disagreement",),
    "compute.orders.duplicates": ("order_duplicates_first",),
    "compute.orders.label_errors": ("order_by_label_error",),
    "compute.orders.loss": ("order_by_loss",),
    "compute.orders.neighbours": ("order_by_neighbours",),
    "compute.orders.random": ("order_by_random",),
    "compute.orders.similarity": ("order_by_similarity",),
    "compute.words.packing": ("pack_words", "unpack_words"),
    "compute.words.filter_maps": ("filter_maps",),
    "compute.words.visual_words": ("VisualWords",),
    "compute.suspects": ("cross_validated_proba",),
    "compute.words.pooling": ("pool_maps",),
    "compute.words.barlow_twins": ("BarlowTwins",),
    "compute.words.vqvae": ("VQVAEWords",),
    "systems.mlfix": ("MLfix",),
    "compute.clusters": ("image_clusters",),
    "systems.audit": ("review_report",),
    "data.annotations": ("annotations_frame",),
    "data.crops": ("labelled_crops",),
    "data.formats.coco": ("read_coco", "write_coco"),
    "data.formats.csv_table": ("read_csv", "write_csv"),
    "data.formats.folders": ("write_folders",),
    "data.formats.marked_images": ("read_marked_images",),
    "data.formats.masks": ("read_masks",),
    "data.formats.voc": ("read_voc", "write_voc"),
    "data.formats.yolo": ("read_yolo", "write_yolo"),
    "data.images": ("ImageSet",),
    "data.labels": ("folder_labels", "labels_of", "weak_labels"),
    "data.log": ("AnnotationLog",),
    "data.simulated": ("SimulatedAnnotator",),
    "data.synthetic": ("strips", "write_strips"),
    "systems.agreement": ("agreement_report",),
    "systems.inspector_gadget": ("InspectorGadget",),
    "widgets.box_annotator": ("BoxAnnotator",),
    "widgets.pattern_gallery": ("PatternGallery",),
    "widgets.pattern_hits": ("PatternHits",),
    "widgets.peer_review": ("PeerReview",),
    "widgets.similarity_review": ("SimilarityReview",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ig_widgets' has no attribute {name!r}")
    return getattr(import_module(f"ig_widgets.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
