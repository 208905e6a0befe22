"""msgspec's information about our types, built before threads share it.

msgspec reads a struct's annotations when it first decodes or converts to the struct. Meanwhile
other threads find the unfinished result and take it for complete, and the interpreter crashes
(`docs/decisions.md` has the details).
"""

import threading
from typing import Any

import msgspec

_making = threading.RLock()  # annotations may import a module that makes types ready, too


def ready(*types: Any) -> None:
    """Build all that msgspec needs to decode and convert to these types, and to all types in them.

    The module that owns a type calls this as soon as the type is defined; for a plugin's payload it
    is called while the variant is loaded. Raises TypeError, or whatever an annotation raises, if
    msgspec cannot read a type.
    """
    with _making:
        for each in types:
            msgspec.json.Decoder(each)
