"""How each gateway writes its answers."""

from rushes_sandbox.gateways import apimart, toapis, uniall
from rushes_sandbox.gateways.shape import Gateway

GATEWAYS: dict[str, Gateway] = {
    gateway.id: gateway for gateway in (toapis.GATEWAY, apimart.GATEWAY, uniall.GATEWAY)
}

__all__ = ["GATEWAYS", "Gateway"]
