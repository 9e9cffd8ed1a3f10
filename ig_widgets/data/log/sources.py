"""The sources of statements: which widget, or which part of one, somebody used to make them."""

BOX_ANNOTATOR = "BoxAnnotator"
"""Boxes that people draw, and images that they say show nothing."""

PEER_REVIEW = "PeerReview"
"""Verdicts on boxes, and remarks about them."""

PATTERN_GALLERY = "PatternGallery"
"""Verdicts on patterns."""

PATTERN_HITS = "PatternHits"
"""Boxes that a search has found and people accept or reject."""

SIMILARITY_REVIEW = "SimilarityReview"
"""Decisions about the labels of images."""

SIMILARITY_REVIEW_LOOKS = "SimilarityReview: looks"
"""Images that people looked at in a review without deciding anything."""
