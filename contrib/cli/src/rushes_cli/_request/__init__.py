"""From options and files to the fields of a request."""
