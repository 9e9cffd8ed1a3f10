"""What a review looks at: tables of labels and patterns, with what was decided about them."""
