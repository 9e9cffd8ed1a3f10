"""The wire between kernel and browser, without a browser: what the kernel sends is kept."""

import comm
import pytest
from comm.base_comm import BaseComm


class RecordingComm(BaseComm):
    def __init__(self, *args, **kwargs):
        self.sent = []
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):  # noqa: ARG002
        self.sent.append((msg_type, data or {}, buffers or []))


@pytest.fixture(autouse=True)
def wire(monkeypatch):
    monkeypatch.setattr(comm, "create_comm", RecordingComm)


@pytest.fixture
def ask():
    """Send a request to a widget as the browser does: ``ask(widget, op, **args)`` gives value and buffers."""

    def send(widget, op, **args):
        request = {"method": "custom", "content": {"id": "7", "op": op, "args": args}}
        widget.comm.handle_msg({"content": {"data": request}, "buffers": []})
        _, data, buffers = widget.comm.sent[-1]
        assert data["content"]["id"] == "7"
        return data["content"], buffers

    return send
