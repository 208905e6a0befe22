"""Make a video with the installed plugin of `rushes new-plugin acme`, at its own stand-in.

Usage: python one_video.py FOLDER; the folder is for the video.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Run `rushes sandbox`, and `rushes generate` against it."""
    command = ["rushes", "sandbox", "--port", "0", "--queue-seconds", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout
            told = json.loads(sandbox.stdout.readline())
            environ = {**os.environ, **told["environment"], "RUSHES_HOME": str(folder / "home")}
            video = folder / "kite.mp4"
            make = ["rushes", "generate", "A red kite", "-m", "acme/video-1", "--duration", "2"]
            subprocess.run([*make, "-o", str(video)], env=environ, check=True, timeout=300)
            assert b"ftyp" in video.read_bytes()[:16]
        finally:
            sandbox.terminate()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
