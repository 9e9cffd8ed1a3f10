import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from ig_widgets.compute.baselines.snuba import Snuba
from ig_widgets.compute.baselines.snuba_verifier import learn_weights
from ig_widgets.compute.labeling.metrics import label_metrics


@parametrize_with_checks([Snuba(max_heuristics=4)])
def test_it_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def planted(n=60, n_unlabeled=200, n_features=8, seed=0):
    """Half of the features are high for defects and low for others, nine times in ten."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n + n_unlabeled) < 0.5).astype(int)
    X = rng.random((len(y), n_features)).round(3)
    right = rng.random((len(y), n_features // 2)) < 0.9
    X[:, : n_features // 2] += 0.8 * (right == y[:, None])
    return X[:n], y[:n], X[n:], y[n:]


def slow_snuba(X, y, U, *, keep_first, most, counts, plus):
    """Snuba with trees of one feature, in loops over plain scikit-learn."""
    truth = np.where(y == 1, 1, -1)
    fitted_to, kept, votes_x, votes_u, w = list(range(len(y))), [], [], [], []
    seen = {(0,) * (len(y) + len(U))}
    while fitted_to and len(kept) < most:
        found = []
        for column in range(X.shape[1]):
            tree = DecisionTreeClassifier(max_depth=1, random_state=0)
            tree.fit(X[fitted_to][:, [column]], y[fitted_to])
            p, q = (
                rows[:, list(tree.classes_).index(1)] if 1 in tree.classes_ else np.zeros(len(rows))
                for rows in (tree.predict_proba(X[:, [column]]), tree.predict_proba(U[:, [column]]))
            )
            best = None
            for beta in np.linspace(0.25, 0.45, 10):
                vx, vu = (
                    [1 if a >= 0.5 + beta - 1e-12 else -1 if a <= 0.5 - beta + 1e-12 else 0 for a in part]
                    for part in (p, q)
                )
                f1 = f1_score(truth, vx, average="weighted", zero_division=0)
                if best is None or f1 > best[0] + 1e-12:
                    best = f1, beta, vx, vu
            f1, beta, vx, vu = best
            covered = [sum(abs(v[i]) for v in votes_u) for i in range(len(U))]
            if not counts:
                covered = [min(c, 1) for c in covered]
            shared = sum(min(abs(a), c) for a, c in zip(vu, covered, strict=True))
            joined = sum(max(abs(a), c) for a, c in zip(vu, covered, strict=True))
            distance = 1 - (shared / joined if joined else 1) if kept else 1
            score = 0.5 * f1_score(truth, vx, average="micro") + 0.5 * distance
            found.append((-round(score, 12), column, beta, f1, vx, vu))
        wanted, before = (1 if kept else keep_first), len(kept)
        for _, column, beta, f1, vx, vu in sorted(found):
            if tuple(vx + vu) not in seen and len(kept) < min(before + wanted, most):
                seen.add(tuple(vx + vu))
                kept.append((column, beta, f1, len(fitted_to)))
                votes_x.append(vx)
                votes_u.append(vu)
        if len(kept) == before:
            break
        w = learn_weights(np.array(votes_u, dtype=np.int8).T)
        p = 1 / (1 + np.exp(-np.array(votes_x).T @ w))
        gamma = 0.5 - (len(kept) + plus) ** -1.5
        fitted_to = [i for i in range(len(y)) if abs(p[i] - 0.5) <= gamma]
    return kept, 1 / (1 + np.exp(-np.array(votes_u).T @ w))


@pytest.mark.parametrize("seed", [0, 1, 14])  # with 14, one of the heuristics needs a larger beta
@pytest.mark.parametrize(("jaccard", "feedback"), [("sets", "code"), ("counts", "paper")])
def test_it_equals_the_loops_over_plain_scikit_learn(jaccard, feedback, seed):
    X, y, U, _ = planted(40, 60, 6, seed)
    labeler = Snuba(max_heuristics=8, jaccard=jaccard, feedback=feedback, random_state=0).fit(X, y, U)
    kept, p = slow_snuba(
        X, y, U, keep_first=3, most=8, counts=jaccard == "counts", plus=int(feedback == "paper")
    )
    table = labeler.heuristics_
    assert [c for (c,) in table["columns"]] == [column for column, *_ in kept]
    np.testing.assert_allclose(table["beta"], [beta for _, beta, *_ in kept])
    np.testing.assert_allclose(table["f1"], [f1 for _, _, f1, _ in kept])
    assert table["fitted_to"].to_list() == [n for *_, n in kept]
    np.testing.assert_allclose(labeler.predict_proba(U)[:, 1], p)


def test_planted_heuristics_are_found_and_label_the_rest():
    X, y, U, truth = planted()
    labeler = Snuba(random_state=0).fit(X, y, U)
    assert {column for (column,) in labeler.heuristics_["columns"][:3]} <= {0, 1, 2, 3}
    assert label_metrics(truth, labeler.predict_proba(U))["f1"] > 0.85


@pytest.mark.parametrize("model", ["tree", "logistic", "neighbors"])
def test_marginals_are_probabilities_and_one_half_where_all_abstain(model):
    X, y, U, _ = planted()
    labeler = Snuba(model=model, max_cardinality=2, max_heuristics=4, random_state=0).fit(X, y, U)
    P = labeler.predict_proba(U)
    assert P.min() >= 0
    np.testing.assert_allclose(P.sum(axis=1), 1)
    (committee,) = labeler.committees_
    votes = np.column_stack([heuristic.votes(U) for heuristic in committee.heuristics])
    np.testing.assert_array_equal(P[~votes.any(axis=1)], 0.5)
    np.testing.assert_allclose(labeler.heuristics_["coverage"], (votes != 0).mean(axis=0))
    np.testing.assert_array_equal(labeler.heuristics_["weight"], learn_weights(votes))


def test_both_features_of_an_exclusive_or_are_found_together():
    rng = np.random.default_rng(0)
    X, U = rng.random((80, 4)), rng.random((100, 4))
    X[:, 1:3] += 0.05 * np.sign(X[:, 1:3] - 0.5)
    y, truth = ((rows[:, 1] > 0.5) != (rows[:, 2] > 0.5) for rows in (X, U))
    labeler = Snuba(max_cardinality=2, model="neighbors", keep_first=1, random_state=0).fit(X, y, U)
    assert labeler.heuristics_["columns"][0] == (1, 2)
    assert labeler.termination_condition_ == "no vague points"  # a single heuristic leaves none
    assert len(labeler.heuristics_) == 1
    assert (labeler.predict(U) == truth).mean() > 0.75


def test_it_ends_without_vague_points_or_at_the_most_heuristics():
    X, y, U, _ = planted()
    sure = np.repeat(y[:, None], 3, axis=1) + 0.01 * X[:, :3]
    ended = Snuba(random_state=0).fit(sure, y)
    assert ended.termination_condition_ == "no vague points"
    assert len(ended.heuristics_) == 1  # all three vote alike
    assert Snuba(max_heuristics=5, random_state=0).fit(X, y, U).termination_condition_ == "max_heuristics"
    assert len(Snuba(max_heuristics=2, random_state=0).fit(X, y, U).heuristics_) == 2


def test_heuristics_that_never_vote_are_not_kept_and_leave_everything_open():
    X = np.full((10, 3), 0.5)
    labeler = Snuba(random_state=0).fit(X, np.arange(10) % 2)
    assert labeler.termination_condition_ == "no new heuristic"
    assert len(labeler.heuristics_) == 0
    np.testing.assert_array_equal(labeler.predict_proba(X), 0.5)


def test_no_two_heuristics_vote_alike():
    X, y, U, _ = planted()
    X, U = np.hstack([X, X]), np.hstack([U, U])
    (committee,) = Snuba(random_state=0).fit(X, y, U).committees_
    rows = np.concatenate([X, U])
    ballots = [heuristic.votes(rows).tobytes() for heuristic in committee.heuristics]
    assert len(set(ballots)) == len(ballots) > 3


def test_more_classes_are_told_one_from_the_rest():
    rng = np.random.default_rng(0)
    y = np.repeat(["dent", "ok", "scratch"], 30)
    X = rng.random((90, 3)) + 2 * (y[:, None] == np.unique(y))
    labeler = Snuba(random_state=0).fit(X, y)
    P = labeler.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert (labeler.predict(X) == y).mean() == 1
    assert len(labeler.termination_condition_) == 3
    alone = [Snuba(random_state=0).fit(X, y == name).predict_proba(X)[:, 1] for name in labeler.classes_]
    np.testing.assert_allclose(P, np.transpose(alone) / np.sum(alone, axis=0)[:, None])
    assert labeler.heuristics_.groupby("label").size().to_list() == [
        len(committee.heuristics) for committee in labeler.committees_
    ]


def test_without_unlabeled_rows_the_labeled_ones_serve():
    X, y, _, _ = planted()
    alone, given = Snuba(random_state=0).fit(X, y), Snuba(random_state=0).fit(X, y, X)
    np.testing.assert_array_equal(alone.predict_proba(X), given.predict_proba(X))
