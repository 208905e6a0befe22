"""Tasks as a journal records them."""

from rushes import Result, Task
from rushes.testing._example_tasks import PROMPT, after, ended, make_task

__all__ = ["PROMPT", "after", "ended", "make_task", "with_results"]


def with_results(*urls: str) -> Task:
    """Return a completed task whose videos are at these addresses."""
    results = tuple(Result(url=url) for url in urls)
    base_url = "https://api.acme.example"
    return make_task(base_url=base_url, call=None, state="completed", results=results)
