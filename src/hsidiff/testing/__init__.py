"""The common suite: what every classifier must keep, for classifiers of your own, too.

It needs pytest. A file with these lines is a test of ``MyClassifier``::

    import pytest
    from hsidiff.testing import *

    @pytest.fixture(scope="module")
    def make_classifier():
        return lambda **settings: MyClassifier(**{"n_steps": 20, **settings})

Let it learn the scene of 40 x 50 pixels and 12 bands in about a second: it is fitted some twenty
times.
"""

import pytest

pytest.register_assert_rewrite("hsidiff.testing.fitting", "hsidiff.testing.mapping")

from hsidiff.testing.fitting import *  # noqa: E402, F403
from hsidiff.testing.fixtures import *  # noqa: E402, F403
from hsidiff.testing.mapping import *  # noqa: E402, F403
