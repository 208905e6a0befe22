"""An endpoint for what providers send: `app.Endpoint`, and the command `rushes webhooks`."""
