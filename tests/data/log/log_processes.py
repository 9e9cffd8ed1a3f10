"""What the tests let several processes do to one annotation log: python log_processes.py TASK WHERE [N]."""

import contextlib
import json
import os
import select
import signal
import sys
import threading
import time

import numpy as np

from ig_widgets.data.log.log import AnnotationLog


def in_children(n, work):
    """Run work(i) in n children at once; return what each wrote, line by line."""
    pipes = []
    for i in range(n):
        read, write = os.pipe()
        if os.fork() == 0:
            os.close(read)
            code = 1
            with contextlib.suppress(BrokenPipeError), os.fdopen(write, "w", buffering=1) as out:
                work(i, out)
                code = 0
            os._exit(code)
        os.close(write)
        pipes.append(read)
    said = []
    for read in pipes:
        with os.fdopen(read) as lines:
            said.append(lines.read().split())
    codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(n)]
    assert codes == [0] * n, codes
    return said


def open_at_once(where, n):
    start = time.time() + 0.3

    def work(i, out):
        time.sleep(max(0, start - time.time()))
        with AnnotationLog(where) as log:
            log.append([{"image": "a.png"}], annotator=f"p{i}")
            out.write(log.id + "\n")

    return in_children(n, work)


def write_at_once(where, n):
    def work(i, out):
        with AnnotationLog(where) as log:
            for _ in range(25):
                out.write(log.append([{"image": "a.png"}], annotator=f"p{i}")[0] + "\n")

    return in_children(n, work)


def undo_at_once(where, n):
    def work(_i, out):
        with AnnotationLog(where) as log:
            out.writelines(f"{log.undo('ada')[0]}\n" for _ in range(10))

    return in_children(n, work)


def fork_while_open(where, n):
    """Let children use their parent's log while the parent writes, and after it has closed it."""
    log = AnnotationLog(where)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            log.append([{"image": "parent.png"}], annotator="parent")

    thread = threading.Thread(target=write)
    thread.start()
    read, parent_closed = os.pipe()
    for i in range(n):
        if os.fork() == 0:
            os.close(parent_closed)
            log.append([{"image": "before.png"}], annotator=f"p{i}")
            os.read(read, 1)
            log.append([{"image": "after.png"}], annotator=f"p{i}")
            os._exit(0)
    time.sleep(0.3)
    stop.set()
    thread.join()
    log.close()
    os.close(parent_closed)
    return [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(n)]


def kill_while_writing(where, n):
    """Kill n writers with SIGKILL, several at work at any time; return the keys whose append had returned."""
    rng = np.random.default_rng(0)
    acknowledged = []

    def write(out, rng):
        log = AnnotationLog(where)
        while True:
            statements = [
                {"image": f"{os.getpid()}.png", "label": "crack", "present": True}
                for _ in range(rng.integers(1, 4))
            ]
            os.write(out, (" ".join(log.append(statements, annotator="ada")) + "\n").encode())

    at_work = {}
    started = 0
    while started < n or at_work:
        while started < n and len(at_work) < 4:
            read, out = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(read)
                write(out, np.random.default_rng(started))
            os.close(out)
            # one in four dies at any moment from its start on, the others after their first statement
            end = time.monotonic() + rng.uniform(0.0, 0.05) if started % 4 == 0 else None
            at_work[read] = [pid, bytearray(), end]
            started += 1
        for read in select.select(list(at_work), [], [], 0.002)[0]:
            at_work[read][1].extend(os.read(read, 65536))
            at_work[read][2] = at_work[read][2] or time.monotonic() + rng.uniform(0.0, 0.1)
        for read, (pid, said, end) in list(at_work.items()):
            if end is not None and time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                while more := os.read(read, 65536):
                    said.extend(more)
                os.waitpid(pid, 0)
                os.close(read)
                del at_work[read]
                acknowledged.append(said.decode().split())
    return acknowledged


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](sys.argv[2], int(sys.argv[3]))))  # noqa: T201
