"""Completion in bash, which splits NAME=FILE and --option=VALUE into three words each."""

from typing import Any

from click.shell_completion import BashComplete, CompletionItem


class Bash(BashComplete):
    """Joins those words again, and completes what follows the sign: bash replaces only that."""

    _before = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and what is typed of it."""
        args, incomplete = super().get_completion_args()
        if incomplete == "=":
            args, incomplete = [*args, incomplete], ""
        if len(args) > 1 and args[-1] == "=":
            self._before = f"{args[-2]}="
            return args[:-2], self._before + incomplete
        return args, incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return one line of the answer; bash finds files by itself."""
        if item.is_file:
            return "file,"
        return f"{item.type},{item.value.removeprefix(self._before)}"
