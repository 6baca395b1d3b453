"""Long answers, of which a worker writes no more than the client is about to take: the rest waits without a thread."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import ClientDisconnected
from waitress.task import WSGITask

from supportcases.logs import logger
from supportcases.web.access import REFUSAL
from supportcases.web.mounting import WsgiApp

if TYPE_CHECKING:
    from supportcases.server.channel import Channel

TASK: Final = "supportcases.task"  # where an environment has the task, on the way to `in_pieces` only

log: Final = logger("supportcases.server")


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Waitress's, which tells the app why the server has refused the request, if it has."""

    content_length: int | None

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment."""
        environ: dict[str, Any] = super().get_environment()
        environ[TASK] = self
        if self.request.refusal:
            environ[REFUSAL] = self.request.refusal
        return environ


class Pieces:
    """An answer that ends early where its client does not take it; the channel keeps the rest."""

    def __init__(self, task: Task, answer: Iterable[bytes]) -> None:
        """Take the app's answer."""
        self._task = task
        self._answer = answer
        self._is_kept = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces for as long as the client takes them."""
        more = iter(self._answer)
        for piece in more:
            yield piece
            length = self._task.content_length
            if length is not None and self._task.channel.is_full:
                self._is_kept = True
                self._task.channel.rest = Rest(self._task, self._answer, more, length)
                self._task.content_length = None  # or waitress would miss the rest
                return

    def close(self) -> None:
        """Close the app's answer, unless the rest of it is kept."""
        if not self._is_kept:
            _close(self._answer)


class Rest:
    """The rest of an answer, which a worker goes on with each time that its client has taken what was written."""

    def __init__(self, task: Task, answer: Iterable[bytes], more: Iterator[bytes], length: int) -> None:
        """Keep what `more` yields of `answer`, which has `length` bytes in all."""
        self._task = task
        self._answer = answer
        self._more = more
        self._length = length
        self._channel: Channel = task.channel

    def service(self) -> None:
        """Write as much as fits."""
        turn = self._channel.server.turns.take()
        try:
            ended = self._write()
        except ClientDisconnected:
            ended = True
        except Exception:
            log.exception("an answer is cut short")
            ended = self._channel.close_when_flushed = True
        finally:
            turn.release()
        if ended:
            _close(self._answer)
        self._channel.has_written(ended=ended)

    def cancel(self) -> None:
        """Write nothing any more."""
        self._channel.cancel()

    def _write(self) -> bool:
        """Write pieces while they fit, and return whether that was all."""
        self._task.content_length = self._length
        for piece in self._more:
            self._task.write(piece)
            if self._channel.is_full:
                return False
        if self._task.content_bytes_written < self._length:
            self._channel.close_when_flushed = True  # the client notices
        return True


def in_pieces(app: WsgiApp) -> WsgiApp:
    """Return an application whose answers can be written in pieces."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        task = environ.pop(TASK)
        answer = app(environ, start_response)
        whole = isinstance(answer, list | tuple | ReadOnlyFileBasedBuffer)
        return answer if whole else Pieces(task, answer)

    return application


def _close(answer: Iterable[bytes]) -> None:
    if hasattr(answer, "close"):
        answer.close()
