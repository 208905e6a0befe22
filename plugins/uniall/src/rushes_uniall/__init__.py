"""The UniAll gateway for rushes."""
