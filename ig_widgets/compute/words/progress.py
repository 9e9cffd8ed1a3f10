"""A progress bar for feature maps computed on demand."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.words.filter_bank import FilterMaps

if TYPE_CHECKING:
    from tqdm.auto import tqdm


class ProgressMaps:
    """Feature maps that advance a progress bar as they are computed.

    Parameters
    ----------
    maps
        (n_images, rows, columns, channels): an array, or what `filter_maps` returns.
    bar
        Bar that is advanced.
    """

    def __init__(self, maps: FilterMaps | NDArray[np.float32], bar: "tqdm[Any]") -> None:
        self._maps = maps
        self._bar = bar

    def __len__(self) -> int:
        """Count the images."""
        return len(self._maps)

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Return the map of an image, or those of several."""
        found = np.asarray(self._maps[key], np.float32)
        self._bar.update(len(found) if found.ndim == 4 else 1)
        return found
