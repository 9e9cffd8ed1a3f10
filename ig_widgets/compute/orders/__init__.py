"""What to look at next: each order is the positions of all images, none twice."""
