"""What msgspec knows of our types, made before threads share it.

msgspec reads a struct's annotations when it first decodes or converts to the struct. Meanwhile
other threads find the unfinished work and take it for whole, and the interpreter crashes
(`docs/decisions.md` has the details).
"""

import threading
from typing import Any

import msgspec

_making = threading.RLock()  # reading annotations may import a module that gets types ready, too


def ready(*types: Any) -> None:
    """Make all that msgspec needs to decode and convert to these types, and to all types in them.

    The module that owns a type calls this as soon as the type is there; for a plugin's payload it
    is done while the variant is loaded. Raises TypeError, or whatever an annotation raises, where
    msgspec cannot read a type.
    """
    with _making:
        for each in types:
            msgspec.json.Decoder(each)
