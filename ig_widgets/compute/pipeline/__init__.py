"""From boxes on a few images to weak labels of all: the steps of Inspector Gadget, behind one estimator."""
