"""The command line of rushes."""
