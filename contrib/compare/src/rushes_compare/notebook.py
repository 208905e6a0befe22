"""A comparison read back: typed rows, and a table with players in a notebook."""

from collections.abc import Iterator
from pathlib import Path

from rushes_compare.book import read_results
from rushes_compare.page import player_table
from rushes_compare.results import Cell, Results


class Comparison:
    """What `load` returns: the results, their folder, and a table with players in a notebook."""

    def __init__(self, folder: Path, results: Results) -> None:
        self.folder = folder
        self.results = results

    def __repr__(self) -> str:
        size = f"{len(self.results.rows)} rows by {len(self.results.variants)} variants"
        return f"<comparison {self.results.id}, {size}, in {self.folder}>"

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.results.cells)

    def __len__(self) -> int:
        return len(self.results.cells)

    def video(self, cell: Cell) -> Path | None:
        """Return where a cell's video is."""
        return self.folder / cell.video.file if cell.video else None

    def _repr_html_(self) -> str:
        return player_table(self.results, self.folder)


def load(folder: str | Path) -> Comparison:
    """Read a comparison's folder; raises FolderError where it holds none."""
    place = Path(folder).absolute()
    return Comparison(place, read_results(place))
