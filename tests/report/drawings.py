"""What tests of figures ask of a drawing, and of an experiment with other results."""

from dataclasses import replace

import matplotlib as mpl


def with_results(folder, change):
    cells = tuple(replace(cell, result=change(cell.result)) for cell in folder.cells)
    return replace(folder, cells=cells)


def texts(drawing):
    return [artist.get_text() for artist in drawing.figure.findobj(mpl.text.Text)]


def points_of(axes, style):
    """Positions of the large markers of one method."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in axes.lines
        if line.get_color() == style.color and line.get_marker() == style.marker
        if line.get_markersize() == style.full["markersize"]
    ]
