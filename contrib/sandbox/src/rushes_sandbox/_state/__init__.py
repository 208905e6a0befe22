"""What the gateways remember between requests: tasks, money, request rates, uploads."""
