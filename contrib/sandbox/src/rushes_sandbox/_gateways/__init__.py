"""The three gateways: their URLs, what their handlers do, and the JSON they respond with."""
