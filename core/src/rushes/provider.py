"""What the models of one provider share, declared once."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_type_hints

import msgspec
from msgspec import Struct

from rushes.problems import Source
from rushes.rules import Rule
from rushes.variant import Always, Built, Shots, To, Together, Variant, _Shared

__all__ = ["Provider"]

_OWN = frozenset(("id", "hooks"))
"""What a provider declares for itself, not as a default of its variants."""


class Provider(_Shared, frozen=True, kw_only=True):
    """A provider: endpoints, answers, uploads, how calls are recognised and how often to poll.

    Its models are made with `variant`.
    """

    def variant(
        self,
        model: str,
        *,
        payload: type[Struct],
        page: Source,
        name: str | None = None,
        fields: Mapping[str, To | Together | Always | Shots | Built] | None = None,
        rules: tuple[Rule, ...] = (),
        cost: Callable[[Any], float | None] | None = None,
        input_mode: Callable[[Any], str] | None = None,
        hooks: tuple[Callable[..., Any], ...] = (),
        **others: Any,
    ) -> Variant:
        """Declare one model; its id is `provider/model`, or `provider/name` if a name is given.

        If the payload's `model_field` is declared as `str`, this model alone is accepted there.
        `others` are fields of `Variant` that differ from the provider's. Raises TypeError if there
        is no such field.
        """
        shared = {
            field: getattr(self, field) for field in self.__struct_fields__ if field not in _OWN
        }
        return Variant(
            **{
                **shared,
                "id": f"{self.id}/{name or model}",
                "model": model,
                "payload": _of_model(payload, model, others.get("model_field", self.model_field)),
                "page": page,
                "fields": fields or {},
                "rules": rules,
                "cost": cost,
                "input_mode": input_mode,
                "hooks": (*self.hooks, *hooks),
                **others,
            }
        )


def _of_model(payload: type[Struct], model: str, field: str) -> type[Struct]:
    """Return a payload struct that accepts one model, if the given one accepts any."""
    if get_type_hints(payload, include_extras=True).get(field) is not str:
        return payload
    only: Any = Literal.__getitem__(model)
    return msgspec.defstruct(
        payload.__name__,
        [(field, only)],
        bases=(payload,),
        module=payload.__module__,
        namespace={"__doc__": payload.__doc__},
        kw_only=True,
    )
