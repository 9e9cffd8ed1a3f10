import hashlib
import http.server
import threading
from functools import partial

import pytest
import torch
from torch import nn

from ig_widgets.compute.networks.weights import load_weights


class Small(nn.Module):
    head = "fc"

    def __init__(self, classes=3, width=4):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.bn = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width, classes)


def state(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.pth"
    torch.save(Small().state_dict(), path)
    return path


def test_a_file_fills_the_whole_network(file):
    network = Small()
    assert load_weights(network, file) == []
    assert same(network.state_dict(), torch.load(file, weights_only=True))


def test_a_head_for_other_classes_is_left_as_it_is(file):
    network = Small(classes=2)
    head = state(network.fc)
    assert load_weights(network, str(file)) == ["fc.bias", "fc.weight"]
    assert same(network.fc.state_dict(), head)
    assert torch.equal(network.conv.weight, torch.load(file, weights_only=True)["conv.weight"])


def test_a_head_of_other_layers_is_left_as_it_is(tmp_path):
    official = nn.ModuleDict({"features": nn.Conv2d(3, 4, 3), "classifier": nn.Sequential(nn.Linear(4, 5))})
    torch.save(official.state_dict(), tmp_path / "wide.pth")
    light = nn.ModuleDict({"features": nn.Conv2d(3, 4, 3), "classifier": nn.Linear(4, 2)})
    fresh = load_weights(light, tmp_path / "wide.pth", head="classifier")
    assert fresh == ["classifier.bias", "classifier.weight"]
    assert torch.equal(light["features"].weight, official["features"].weight)


def test_files_from_before_the_counters_of_batch_normalization_are_read(tmp_path):
    old = {name: value for name, value in Small().state_dict().items() if "num_batches" not in name}
    torch.save(old, tmp_path / "old.pth")
    network = Small()
    assert load_weights(network, tmp_path / "old.pth") == []
    assert torch.equal(network.conv.weight, old["conv.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("conv.bias"), "it lacks conv.bias"),
        (lambda weights: weights.update({"conv2.bias": torch.zeros(1)}), "superfluous conv2.bias"),
        (
            lambda weights: weights.update({"conv.bias": torch.zeros(9)}),
            r"shapes differ of conv.bias \(9,\) instead of \(4,\)",
        ),
    ],
)
def test_a_file_of_another_network_is_refused_and_changes_nothing(file, change, message):
    weights = torch.load(file, weights_only=True)
    change(weights)
    torch.save(weights, file)
    network = Small()
    before = state(network)
    with pytest.raises(ValueError, match=f"small.pth do not fit Small: .*{message}"):
        load_weights(network, file)
    assert same(network.state_dict(), before)


def test_a_head_may_not_differ_where_there_is_none(file):
    network = Small(classes=2)
    with pytest.raises(ValueError, match=r"fc.bias \(3,\) instead of \(2,\), fc.weight"):
        load_weights(network, file, head="")


class Bomb:
    def __reduce__(self):
        return (print, ("executed",))


def test_a_pickle_is_refused_and_not_executed(tmp_path, capsys):
    torch.save({"conv.weight": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(ValueError, match=r"bomb\.pth holds more than weights"):
        load_weights(Small(), tmp_path / "bomb.pth")
    assert capsys.readouterr().out == ""


def test_a_whole_model_is_refused(tmp_path):
    torch.save(Small(), tmp_path / "model.pth")
    with pytest.raises(ValueError, match=r"save it again with torch.save\(network.state_dict\(\), path\)"):
        load_weights(Small(), tmp_path / "model.pth")


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    torch.save({"epoch": 3, "model": Small().state_dict()}, tmp_path / "run.pth")
    with pytest.raises(ValueError, match="a dictionary of epoch, model"):
        load_weights(Small(), tmp_path / "run.pth")


@pytest.mark.parametrize("kept", [0, 100, 2000])
def test_a_file_that_is_cut_off_is_refused(file, kept):
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"small\.pth"):
        load_weights(Small(), file)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.pth"):
        load_weights(Small(), tmp_path / "absent.pth")


@pytest.fixture
def server(tmp_path):
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            asked.append(arguments)

    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder, asked
        httpd.shutdown()
        thread.join()


def publish(folder, digest=None):
    torch.save(Small().state_dict(), folder / "small.pth")
    content = (folder / "small.pth").read_bytes()
    digest = digest or hashlib.sha256(content).hexdigest()[:8]
    (folder / "small.pth").rename(folder / f"small-{digest}.pth")
    return f"small-{digest}.pth"


def test_a_url_is_downloaded_once_and_kept(server, tmp_path):
    url, folder, asked = server
    name = publish(folder)
    first, second = Small(), Small()
    for network in (first, second):
        assert load_weights(network, f"{url}/{name}?version=1", folder=tmp_path / "kept") == []
    assert same(first.state_dict(), second.state_dict())
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [name]
    assert len(asked) == 1


def test_a_download_that_is_not_what_its_name_says_is_refused_and_not_kept(server, tmp_path):
    url, folder, _ = server
    name = publish(folder, digest="0123abcd")
    with pytest.raises(ValueError, match="does not have the SHA-256 0123abcd"):
        load_weights(Small(), f"{url}/{name}", folder=tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_url_that_fails_is_named_with_what_to_do(server, tmp_path):
    url, *_ = server
    with pytest.raises(OSError, match=r"absent.pth cannot be downloaded \(.*404.*\); download the file"):
        load_weights(Small(), f"{url}/absent.pth", folder=tmp_path)


def test_a_url_of_a_local_file_works(file, tmp_path):
    assert load_weights(Small(), file.as_uri(), folder=tmp_path / "kept") == []


def test_a_url_without_a_file_is_refused():
    with pytest.raises(ValueError, match="does not end in the name of a file"):
        load_weights(Small(), "https://example.org/")


def test_downloads_are_kept_where_torchvision_keeps_its_own(file, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    load_weights(Small(), file.as_uri())
    assert (tmp_path / "torch/hub/checkpoints/small.pth").exists()
