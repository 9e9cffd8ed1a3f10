"""Other ways to weak labels, to compare with."""
