"""The page that shows a comparison: one file, opened from disk, with everything inside."""

from rushes_compare._page.plain import player_table
from rushes_compare._page.writing import write_page

__all__ = ["player_table", "write_page"]
