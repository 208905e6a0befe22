"""All gateways by their ids."""

from rushes_sandbox._gateways import apimart, toapis, uniall
from rushes_sandbox._gateways.gateway import Gateway

GATEWAYS: dict[str, Gateway] = {
    gateway.id: gateway for gateway in (toapis.GATEWAY, apimart.GATEWAY, uniall.GATEWAY)
}
