"""What the sandbox keeps for one protocol, and does for it."""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable

from rushes_sandbox._protocols.incoming import Refused, Reply
from rushes_sandbox._rendering.scene import Picture
from rushes_sandbox._state.state import GatewayState
from rushes_sandbox._state.tasks import GatewayTask, TaskView
from rushes_sandbox._state.uploads import Upload, UploadStore, image_type

_DATA_URI = re.compile(r"data:[^;,]*;base64,(.*)", re.DOTALL)


class Backend:
    """The tasks, files and addresses of one provider. Used from the server's event loop only."""

    def __init__(
        self,
        provider: str,
        link: str,
        state: GatewayState,
        uploads: UploadStore,
        origins: tuple[str, str],
    ) -> None:
        self._provider, self._link = provider, link
        self._state, self._uploads = state, uploads
        # Not from the Host header: a client does not decide where the URLs in answers lead.
        self._origin, self._other_origin = origins

    @property
    def base_url(self) -> str:
        """The base URL of the provider, without a slash at the end."""
        return f"{self._origin}/{self._provider}"

    @property
    def storage_url(self) -> str:
        """Where the routes at the second origin begin; no key is accepted there."""
        return f"{self._other_origin}/storage/{self._provider}"

    @property
    def uploads_url(self) -> str:
        """Where stored files can be fetched, each by its name."""
        return f"{self._origin}/uploads"

    @property
    def now(self) -> float:
        """The time, in seconds since 1970."""
        return self._state.settings.clock()

    @property
    def spent(self) -> tuple[float, float | None]:
        """What was spent, and what is left (None: no limit), in USD."""
        balance = self._state.balance
        return balance.spent, balance.remaining

    # Tasks.

    def find(self, task_id: str) -> GatewayTask | None:
        """Find a task by its id; what was erased is not found."""
        return self._state.tasks.by_id(self._provider, task_id)

    def named(self, client_id: str) -> list[GatewayTask]:
        """Find the tasks that a client gave a name, oldest first."""
        return self._state.tasks.by_client_id(self._provider, client_id)

    def by_token(self, token: str) -> GatewayTask | None:
        """Find the task whose video has, or had, this token in its address."""
        task = self._state.tasks.by_token(token)
        return task if task and task.gateway == self._provider else None

    def view(self, task: GatewayTask) -> TaskView:
        """Look at a task now."""
        return self._state.tasks.view(task, self._address(task))

    def _address(self, task: GatewayTask) -> str:
        return self._link.format(
            results=f"{self._origin}/results",
            storage=f"{self._other_origin}/results",
            base=self.base_url,
            token=task.token,
            id=task.id,
        )

    def cancel(self, task: GatewayTask) -> None:
        """Cancel a task that has not ended; it costs nothing then."""
        if self.view(task).ended:
            raise ValueError(f"{task.id} has ended")
        task.cancelled = True
        self._state.balance.charge(-task.cost)

    def erase(self, task: GatewayTask) -> None:
        """Forget a task and its video; it stays paid for."""
        self._state.tasks.erase(task)

    def film_url(self, task: GatewayTask) -> str:
        """Return the address of a task's video at the second origin, which takes no key."""
        return f"{self._other_origin}/results/{task.token}.mp4"

    def film(self, task: GatewayTask) -> Reply:
        """Return a task's video as an answer; 404 until it is complete."""
        if not self._state.tasks.is_served(task, task.token):
            raise Refused(404, "there is no such video")
        # Derived from what the video shows, so it is the same in the next run.
        tag = {"etag": f'"{task.video.scene.key[:32]}"', "content-type": "video/mp4"}
        return Reply(headers=tag, file=task.video.path)

    # Files that clients send.

    def store(
        self,
        content: bytes,
        *,
        max_bytes: int,
        lifetime: float = math.inf,
        name: str = "",
        accepts: Callable[[bytes], str | None] = image_type,
    ) -> Upload:
        """Store a file for `lifetime` seconds, under a random name if none is given.

        `accepts` gives the type by the content; 400 if it gives none, 413 if the file is too large.
        """
        if len(content) > max_bytes:
            raise Refused(413, f"the file is larger than {max_bytes} bytes", "file")
        kind = accepts(content)
        if kind is None:
            message = "the file is not a JPEG, PNG, WebP or GIF image"
            raise Refused(400, message, "file")
        return self._uploads.add(content, kind, self.now, lifetime, name)

    def upload_url(self, upload: Upload) -> str:
        """Return the public address of a stored file."""
        return f"{self.uploads_url}/{upload.name}"

    def picture(self, given: str, label: str) -> Picture:
        """Return what to show for an image.

        `given` is its address, a data URI, or an upload's name after a scheme (`acme://NAME`). The
        sandbox fetches nothing: an address elsewhere is shown as a card with the label.
        """
        inline = _DATA_URI.fullmatch(given)
        if inline:
            return self.inline_picture(inline[1], label)
        upload = self._uploads.get(given.rpartition("/")[2])
        if upload is None or self.now >= upload.expires or not self._is_own(given, upload):
            return Picture(label, given)
        # Without the address, which differs with each upload: the same image, the same video.
        return Picture(label, "", upload.digest, upload.path)

    def _is_own(self, given: str, upload: Upload) -> bool:
        scheme = given.partition("://")[0]
        return given == self.upload_url(upload) or scheme not in ("http", "https")

    def inline_picture(self, text: str, label: str) -> Picture:
        """Return what to show for an image given as base64; 400 if it is not one."""
        try:
            content = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            raise Refused(400, f"{label} is not base64", label) from None
        kind = image_type(content)
        if kind is None:
            raise Refused(400, f"{label} is not a JPEG, PNG, WebP or GIF image", label)
        digest = hashlib.sha256(content).hexdigest()
        upload = self._uploads.get(digest) or self._uploads.add(
            content, kind, self.now, math.inf, digest
        )
        return Picture(label, "", digest, upload.path)
