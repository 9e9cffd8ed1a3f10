import numpy as np

from ig_widgets.compute.orders.confusion import by_confusion


def test_cells_follow_each_other_the_fullest_first():
    rng = np.random.default_rng(0)
    P = rng.dirichlet([1, 1, 1], 200)
    labels = rng.integers(-1, 3, 200)
    order = by_confusion(P, labels)
    assert sorted(order.tolist()) == list(range(200))
    predicted = P.argmax(axis=1)
    cells = [(labels[i], predicted[i]) for i in order]
    runs = [cell for k, cell in enumerate(cells) if k == 0 or cells[k - 1] != cell]
    wrong = [cell for cell in runs if cell[0] >= 0 and cell[0] != cell[1]]
    right = [cell for cell in runs if cell[0] == cell[1]]
    assert len(set(wrong)) == len(wrong) == 6
    counts = [cells.count(cell) for cell in wrong]
    assert counts == sorted(counts, reverse=True)
    assert runs[: len(wrong)] == wrong
    assert runs[len(wrong) : len(wrong) + len(right)] == right
    assert all(label == -1 for label, _ in runs[len(wrong) + len(right) :])
    assert (labels == -1).sum() == sum(label == -1 for label, _ in cells)


def test_within_a_cell_the_surest_mistake_and_the_weakest_agreement_come_first():
    P = [[0.4, 0.6], [0.1, 0.9], [0.9, 0.1], [0.6, 0.4]]
    assert by_confusion(P, [0, 0, 0, 0]).tolist() == [1, 0, 3, 2]
