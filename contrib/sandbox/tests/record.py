"""Record what the sandbox answers to each of our plugins, as `rushes smoke` does.

The conformance kit reads it again; it says nothing about a live service.
Usage: python contrib/sandbox/tests/record.py [PROVIDER ...]
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rushes_sandbox import Sandbox

PLUGINS = Path(__file__).parents[3] / "plugins"


def main(providers: list[str]) -> None:
    """Run `rushes smoke` for every provider that the sandbox stands in for."""
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as home:
        for provider, url in sandbox.base_urls.items():
            if providers and provider not in providers:
                continue
            folder = PLUGINS / provider / "tests" / "recordings"
            prefix = provider.upper()
            environment = {
                **os.environ,
                "RUSHES_HOME": home,
                f"{prefix}_BASE_URL": url,
                f"{prefix}_API_KEY": sandbox.key,
            }
            command = ["rushes", "smoke", provider, "--spend", "--yes", "--record", str(folder)]
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
