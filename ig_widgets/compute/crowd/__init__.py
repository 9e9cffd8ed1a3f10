"""Several annotators: their boxes merged, their agreement measured, their work shared out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
