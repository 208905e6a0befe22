"""HTTP, whatever the gateway: the server, the record of requests, responses, raw connections."""
