import torch

from ig_widgets.compute.words.codebook import Codebook


def test_a_cell_stands_for_the_word_next_to_it():
    torch.manual_seed(0)
    book = Codebook(7, 4)
    book.words.copy_(torch.randn(7, 4))
    cells = torch.randn(3, 10, 4)
    slow = (cells[:, :, None] - book.words).square().sum(dim=-1).argmin(dim=-1)
    assert torch.equal(book.nearest(cells), slow)


def test_words_go_to_the_means_of_their_cells():
    torch.manual_seed(1)
    centers = torch.tensor([[4.0, 0.0], [-4.0, 0.0], [0.0, 4.0]])
    book = Codebook(12, 2)  # enough that each kind is among the first cells that words are made of
    for _ in range(600):
        kinds = torch.randint(3, (2, 50))
        book.learn(centers[kinds] + 0.1 * torch.randn(2, 50, 2))
    for center in centers:
        assert (book.words - center).norm(dim=1).min() < 0.15


def test_every_word_starts_as_a_cell_and_one_that_stands_for_nothing_starts_anew():
    torch.manual_seed(2)
    book = Codebook(5, 2)
    cells = torch.randn(1, 40, 2)
    words, names = book.learn(cells)
    assert words.shape == cells.shape
    assert names.shape == (1, 40)
    assert all((cells[0] - word).norm(dim=1).min() < 1e-6 for word in words[0])
    lost = torch.full((2,), 1e3)
    book.words[4] = lost
    book.counts[4] = 0
    book.learn(cells)
    assert (book.words[4] - lost).norm() > 100
