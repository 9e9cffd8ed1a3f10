from zipfile import BadZipFile, ZipFile

import numpy as np
import pytest
import torch

from ig_widgets.compute.networks.archives import read_archive, write_archive


def test_what_was_written_comes_back(tmp_path):
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(network.parameters(), 0.1, betas=(0.5, 0.999))
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    write_archive(
        tmp_path / "a", {"parts": [network.state_dict(), optimizer.state_dict()], "n": 3, "x": None}
    )
    content = read_archive(tmp_path / "a")
    assert (content["n"], content["x"]) == (3, None)
    other = torch.nn.Linear(3, 2)
    other.load_state_dict(content["parts"][0])
    torch.testing.assert_close(other.weight, network.weight, rtol=0, atol=0)
    resumed = torch.optim.Adam(other.parameters(), 1.0)
    resumed.load_state_dict(content["parts"][1])
    assert resumed.param_groups[0]["betas"] == (0.5, 0.999)
    for optimized, again in ((network, optimizer), (other, resumed)):
        again.zero_grad()
        optimized(torch.full((1, 3), 2.0)).sum().backward()
        again.step()
    torch.testing.assert_close(other.weight, network.weight, rtol=0, atol=0)


def test_there_is_no_pickle_inside(tmp_path):
    write_archive(tmp_path / "a", {"t": torch.ones(2), "words": ["ü", (1, 2.5)]})
    with ZipFile(tmp_path / "a") as archive:
        assert all(name.endswith(".npy") for name in archive.namelist())
    assert read_archive(tmp_path / "a")["words"] == ["ü", (1, 2.5)]


def test_objects_are_refused_both_ways(tmp_path):
    with pytest.raises(TypeError):
        write_archive(tmp_path / "a", {"x": object()})
    np.savez(tmp_path / "b.npz", tree=np.array([object()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_archive(tmp_path / "b.npz")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    write_archive(tmp_path / "a", {"n": 1})
    with pytest.raises(TypeError):
        write_archive(tmp_path / "a", {"n": object()})
    assert read_archive(tmp_path / "a") == {"n": 1}


def test_a_damaged_file_is_an_error(tmp_path):
    write_archive(tmp_path / "a", {"t": torch.ones(200)})
    content = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(content[: len(content) // 2])
    with pytest.raises((BadZipFile, ValueError)):
        read_archive(tmp_path / "a")
