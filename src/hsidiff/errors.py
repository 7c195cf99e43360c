"""What a user can do wrong, and what to do about it.

Every message names what was given, what was expected and what to do, in one line. Each error is
also the built-in error that a caller would expect, so ``except ValueError`` keeps working.
"""


class HsidiffError(Exception):
    """The parent of every error that hsidiff raises on purpose."""


class SceneError(HsidiffError, ValueError):
    """A scene cannot be read, or holds values that no method can use."""


class LabelError(HsidiffError, ValueError):
    """Labels cannot be read, or do not fit the scene."""


class SplitError(HsidiffError, ValueError):
    """A split into training and test labels cannot be made as asked."""


class SettingError(HsidiffError, ValueError):
    """A setting, a profile or a name is unknown or out of range."""


class ModelError(HsidiffError, ValueError):
    """A saved model cannot be loaded, or does not fit the scene it is asked to map."""


class MissingFileError(HsidiffError, FileNotFoundError):
    """A file that was named does not exist."""


class HsidiffWarning(UserWarning):
    """A result is doubtful; the message says why."""
