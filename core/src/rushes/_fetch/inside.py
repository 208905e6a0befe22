"""A video that is base64 text in a JSON answer, written to its part file as the answer arrives."""

import binascii

from rushes._fetch.part_file import PartFile
from rushes._fetch.text_in_json import TextInJson
from rushes.calls import Answer
from rushes.errors import ResultError


class VideoInside:
    """Takes a JSON answer, and writes what the base64 text at a path encodes (RFC 4648, 4).

    Such an answer has no range to continue from: each attempt begins again.
    """

    def __init__(self, part: PartFile, path: str) -> None:
        self._part, self._path = part, path
        self._text = TextInJson(path)
        self._rest, self._padded = b"", False

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest: there are none."""
        return {}

    def restart(self) -> None:
        """Start over."""
        self._part.restart()

    def begin(self, answer: Answer) -> None:
        """Prepare for an answer; its length says nothing of the video's."""
        self._text = TextInJson(self._path)
        self._rest, self._padded = b"", False
        encoding = answer.headers.get("content-encoding", "identity")
        # The end of the text is the end of the video, which is thus as sure as with chunks.
        headers = {"content-encoding": encoding, "transfer-encoding": "chunked"}
        self._part.restart()
        self._part.begin(Answer(200, headers))

    def write(self, chunk: bytes) -> None:
        """Take the next piece of the answer.

        Raises ResultError if the path does not lead to base64 text, and what `PartFile.append` and
        `PartFile.arrived` raise.
        """
        text = self._rest + self._text.feed(chunk)
        end = len(text) if self._text.ended else len(text) // 4 * 4
        self._part.append(self._decoded(text[:end]))
        self._rest = text[end:]
        self._part.arrived(len(chunk))

    def report_progress(self) -> None:
        """Report nothing: how much is to come is not known."""

    @property
    def missing(self) -> str | None:
        """Say what the answer lacks, or None if the whole text, and the rest of it, has come."""
        if self._part.missing:
            return self._part.missing
        if self._text.complete and not self._text.ended:
            raise ResultError(f"the answer has no text at {self._path}")
        return None if self._text.complete else "the answer is cut short"

    def _decoded(self, text: bytes) -> bytes:
        if not text:
            return b""
        try:
            if self._padded:
                raise binascii.Error
            self._padded = text.endswith(b"=")
            return binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error:
            raise ResultError(f"the text at {self._path} in the answer is not base64") from None
