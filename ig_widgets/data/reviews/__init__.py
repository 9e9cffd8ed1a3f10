"""Tables of the labels and patterns under review, with the decisions of the annotators."""
