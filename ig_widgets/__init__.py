"""Draw a few boxes in a notebook cell, and let the kernel label the rest.

The public names are listed in ``__init__.pyi``; each is imported when it is first used.

>>> import ig_widgets as ig
>>> ig.crowd.iou([[0, 0, 10, 10]], [[5, 0, 10, 10]])
array([[0.33333333]])
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
