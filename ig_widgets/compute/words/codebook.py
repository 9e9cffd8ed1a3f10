"""The codebook of a VQ-VAE, updated by moving averages of the cells assigned to each word."""

import torch
from torch import Tensor, nn

_DECAY = 0.99
_DEAD = 0.01  # cells on average that a word stands for: below, it starts anew
_TINY = 1e-5


class Codebook(nn.Module):
    """Words as moving averages of cells (van den Oord et al. 2017, appendix A.1).

    Parameters
    ----------
    n_words
        How many.
    channels
        Numbers in each.

    Attributes
    ----------
    words : Tensor of shape (n_words, channels)
        The words.
    """

    words: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, n_words: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("words", torch.zeros(n_words, channels))
        self.register_buffer(
            "counts", torch.zeros(n_words)
        )  # zero: each word starts as a cell of the first batch
        self.register_buffer("sums", torch.zeros(n_words, channels))

    def nearest(self, cells: Tensor) -> Tensor:
        """Return the (n, cells) positions of the words next to (n, cells, channels) cells (eq. 1)."""
        distances = self.words.square().sum(dim=1) - 2 * (cells @ self.words.T)
        return distances.argmin(dim=-1)

    def learn(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Move words towards cells, and return the words and the positions of words that stand for these.

        Parameters
        ----------
        cells
            (n, cells, channels).

        Returns
        -------
        words : Tensor of the same shape
            As they were before they moved.
        positions : Tensor of shape (n, cells)
            In `words`.
        """
        flat = cells.detach().flatten(0, 1)
        self._revive(flat)
        names = self.nearest(cells.detach())
        words = self.words[names]
        those = names.flatten()
        counts = torch.bincount(those, minlength=len(self.words))
        self.counts.mul_(_DECAY).add_(counts, alpha=1 - _DECAY)
        self.sums.mul_(_DECAY).index_add_(0, those, flat, alpha=1 - _DECAY)
        self.words.copy_(self.sums / (self.counts[:, None] + _TINY))
        return words, names

    def _revive(self, flat: Tensor) -> None:
        """Move words without assigned cells to cells of this batch."""
        dead = (self.counts < _DEAD).nonzero().flatten()
        if len(dead) == 0:
            return
        chosen = flat[torch.randint(len(flat), (len(dead),)).to(flat.device)]
        self.words[dead] = chosen
        self.counts[dead] = 1.0
        self.sums[dead] = chosen
