"""Running cells: which are pending, each brought to its end, its video measured."""
