"""What is installed: for a command line that lists plugins, and for tests that load one alone.

`Registry` finds variants by entry point, or takes plugins as objects, and returns each one loaded
(`LoadedVariant`); `load_file` returns those of a file that is not installed. The rest lists entry
points, loads those of other groups in bounded time, and names what is broken. Names are loaded when
they are first used.
"""

from typing import TYPE_CHECKING

from rushes._lazy import lazily

if TYPE_CHECKING:
    from rushes._check.trial import sample_task as sample_task
    from rushes._check.trial import trial as trial
    from rushes._plugins.calling import PLUGIN_ERRORS as PLUGIN_ERRORS
    from rushes._plugins.calling import LoadedVariant as LoadedVariant
    from rushes._plugins.from_file import line_in as line_in
    from rushes._plugins.from_file import load_file as load_file
    from rushes._plugins.installed import COMMANDS as COMMANDS
    from rushes._plugins.installed import LIMIT as LIMIT
    from rushes._plugins.installed import OBSERVERS as OBSERVERS
    from rushes._plugins.installed import VARIANTS as VARIANTS
    from rushes._plugins.installed import WRAPPERS as WRAPPERS
    from rushes._plugins.installed import Installed as Installed
    from rushes._plugins.installed import distribution as distribution
    from rushes._plugins.installed import installed as installed
    from rushes._plugins.installed import version as version
    from rushes._plugins.loading import check_hooks as check_hooks
    from rushes._plugins.loading import check_observer as check_observer
    from rushes._plugins.loading import describe_entry as describe_entry
    from rushes._plugins.loading import import_in_time as import_in_time
    from rushes._plugins.registry import Registry as Registry
else:
    __all__, __getattr__, __dir__ = lazily(
        __name__,
        {
            "rushes._check.trial": "sample_task trial",
            "rushes._plugins.calling": "PLUGIN_ERRORS LoadedVariant",
            "rushes._plugins.from_file": "line_in load_file",
            "rushes._plugins.installed": (
                "COMMANDS LIMIT OBSERVERS VARIANTS WRAPPERS "
                "Installed distribution installed version"
            ),
            "rushes._plugins.loading": "check_hooks check_observer describe_entry import_in_time",
            "rushes._plugins.registry": "Registry",
        },
    )
