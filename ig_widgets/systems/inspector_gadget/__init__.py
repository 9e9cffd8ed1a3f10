"""Inspector Gadget: people draw boxes, the kernel labels the rest."""
