"""What a command had done when it was stopped: the same command goes on from there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hsidiff.half_written import alone_in
from hsidiff.training.ranks import ranks
from hsidiff.training.reuse import reuse_networks


@contextmanager
def going_on(out: Path) -> Iterator[None]:
    """Keep networks that learn without labels beside ``out``, until the block ends well.

    A network that is trained is kept with its state every minute, so a command that was killed,
    started again, goes on where it was and ends with the same weights. Within the block a network
    that was trained once is found again. Another scene or other settings learn anew.

    Args:
        out: what the command writes; the hidden folder ``.NAME.unfinished`` beside it goes when all
            is done.

    Raises:
        SettingError: if another run is writing to ``out``.
    """
    kept = unfinished_folder(out)
    if not ranks().is_first:
        with reuse_networks(kept):
            yield
        return
    with alone_in(kept, f"--out {out}"), reuse_networks(kept):
        yield
        shutil.rmtree(kept, ignore_errors=True)


def unfinished_folder(out: Path) -> Path:
    """The hidden folder beside what a command writes that keeps what it has done."""
    out = Path(os.path.abspath(out))  # noqa: PTH100  without ".." a name is left, and links stay
    return out.with_name(f".{out.name}.unfinished")
