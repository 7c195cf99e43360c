"""A window: a rectangle of pixels of a scene."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels, rows first, counted from the upper left pixel (0, 0).

    Attributes:
        row: first row.
        col: first column.
        n_rows: height in pixels.
        n_cols: width in pixels.
    """

    row: int
    col: int
    n_rows: int
    n_cols: int

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> "Window":
        """The window that covers a scene of ``shape`` (rows, cols)."""
        return cls(0, 0, *shape)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices, to index an array (rows, cols, ...) of the whole scene."""
        rows = slice(self.row, self.row + self.n_rows)
        cols = slice(self.col, self.col + self.n_cols)
        return rows, cols

    def within(self, other: "Window") -> tuple[slice, slice]:
        """Slices as :attr:`slices`, for an array of ``other``, which this window lies in."""
        return Window(self.row - other.row, self.col - other.col, self.n_rows, self.n_cols).slices

    def grown(self, margin_px: int) -> "Window":
        """This window with ``margin_px`` more pixels on each side; it may leave the scene."""
        return Window(
            self.row - margin_px,
            self.col - margin_px,
            self.n_rows + 2 * margin_px,
            self.n_cols + 2 * margin_px,
        )

    def clipped(self, shape: tuple[int, int]) -> "Window":
        """The part of this window that lies inside a scene of ``shape`` (rows, cols)."""
        row, col = max(self.row, 0), max(self.col, 0)
        end_row = min(self.row + self.n_rows, shape[0])
        end_col = min(self.col + self.n_cols, shape[1])
        return Window(row, col, max(end_row - row, 0), max(end_col - col, 0))
