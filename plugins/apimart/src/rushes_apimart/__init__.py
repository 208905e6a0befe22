"""The APIMart gateway for rushes."""
