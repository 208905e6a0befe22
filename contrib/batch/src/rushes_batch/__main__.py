"""`python -m rushes_batch` is `rushes worker`."""

from rushes_batch.command import worker

worker(prog_name="rushes worker")
