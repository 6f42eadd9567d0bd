"""Ctrl-C where workers are about: heard by the parent alone, and only where nothing can be left half done.

Python raises ``KeyboardInterrupt`` between any two steps of the main thread, also between the start of a process and
the note that it was started, or within the very lines that end it. Here Ctrl-C is noted when it comes, and raised where
it is asked for.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


class CtrlC:
    """Ctrl-C as noted: ``bell`` has something to read once it came, so that a wait for workers can also wait for it."""

    def __init__(self, handler: Handler) -> None:
        self._handler, self._noted = handler, False
        self.bell, self._rope = multiprocessing.Pipe(duplex=False)

    def note(self, number: int, frame: FrameType | None) -> None:
        """Remember that it came; the handler of the signal."""
        if not self._noted:
            self._noted = True
            self._rope.send_bytes(b"!")

    def heed(self) -> None:
        """Do now what Ctrl-C does in this process, usually raise KeyboardInterrupt, if it came."""
        if self._noted:
            self.bell.recv_bytes()
            self._noted = False
            self._handler(signal.SIGINT, None)

    def close(self) -> None:
        """Take the bell down."""
        self.bell.close()
        self._rope.close()


@contextmanager
def ctrl_c_noted() -> Generator[CtrlC]:
    """Within the block Ctrl-C is only noted; what came and was not heeded by then is heeded at its end.

    In a thread that is not the main one, and where Ctrl-C is ignored or ends the process without Python, nothing
    changes: there it interrupts nothing.
    """
    handler = signal.getsignal(signal.SIGINT)
    ours = threading.current_thread() is threading.main_thread() and callable(handler)
    ctrl_c = CtrlC(handler if callable(handler) else signal.default_int_handler)
    if ours:
        signal.signal(signal.SIGINT, ctrl_c.note)
    try:
        yield ctrl_c
    finally:
        if ours:
            signal.signal(signal.SIGINT, handler)
        try:
            ctrl_c.heed()
        finally:
            ctrl_c.close()


@contextmanager
def children_deaf_to_ctrl_c() -> Generator[None]:
    """A process started within the block never gets Ctrl-C, not even while its Python is starting."""
    if not hasattr(signal, "pthread_sigmask"):
        yield  # no masks here; a worker that has started ignores it
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # started later, within the block, it would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
