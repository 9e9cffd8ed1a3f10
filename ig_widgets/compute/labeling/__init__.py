"""From similarities to class probabilities: the weak labeler and its parts."""
