"""The ToAPIs gateway for rushes."""
