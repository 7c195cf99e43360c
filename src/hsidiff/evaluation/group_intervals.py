"""95 % intervals of scores on labels that came in groups, such as fields: right or wrong together.

Labels of one field are mostly right or wrong together, so n labels of few fields say less than n
labels that were drawn one by one. The intervals here come from the spread between the groups.

Sources: Korn and Graubard (1998), Survey Methodology 24, 193-201 (the interval of a share from
clustered data: that of Clopper and Pearson, with the number of independent draws that would vary as
much); Zou and Donner (2008), Statistics in Medicine 27, 1693-1702 (the interval of a sum from
those of its parts).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hsidiff.amounts import CONFIDENCE


@dataclass(frozen=True)
class GroupInterval:
    """A 95 % interval, as fractions; never of zero width.

    Attributes:
        low: its lower end.
        high: its upper end.
    """

    low: float
    high: float

    def to_json(self) -> list[float]:
        """Both ends."""
        return [self.low, self.high]


def share_interval(is_right: np.ndarray, groups: np.ndarray) -> GroupInterval:
    """The interval of a share, such as overall accuracy, from labels in groups.

    The share's variance is that of the groups' totals (the estimator of cluster samples). From it
    follows how many independent labels would vary as much, less for the few groups it is known
    from, by the ratio of the squared t quantiles; never more than there are labels. Where all or
    none are right, groups do not vary, which does not mean that nothing could: there each group
    counts as one label. The interval takes the groups for a sample of those that the scene has; it
    says nothing about other training labels.

    Args:
        is_right: (n,) bool or fractions, at least one.
        groups: (n,) int, the group of each label.
    """
    n, share = is_right.size, float(is_right.mean())
    _, group = np.unique(groups, return_inverse=True)
    n_groups = int(group.max()) + 1
    if share in (0.0, 1.0) or n_groups == 1:
        return _clopper_pearson(share, n_groups)
    totals = np.bincount(group, is_right - share)
    variance = n_groups / (n_groups - 1) * float((totals**2).sum()) / n**2
    least = share * (1 - share) / n  # no surer than labels that were drawn one by one
    n_effective = share * (1 - share) / max(variance, least)
    ratio = t_quantile(n - 1) / t_quantile(n_groups - 1)
    return _clopper_pearson(share, min(n_effective * ratio**2, n))


def mean_interval(shares: Sequence[float], intervals: Sequence[GroupInterval]) -> GroupInterval:
    """The interval of the mean of shares, such as average accuracy, from those of the shares.

    Taken for independent, as the labels of different classes lie in different groups.
    """
    parts = zip(shares, intervals, strict=True)
    below, above = np.transpose([(share - i.low, i.high - share) for share, i in parts])
    mean, n = float(np.mean(shares)), len(shares)
    return GroupInterval(
        mean - float(np.sqrt((below**2).sum())) / n, mean + float(np.sqrt((above**2).sum())) / n
    )


def _clopper_pearson(share: float, n: float) -> GroupInterval:
    """The exact interval of a share of ``n`` independent labels, which need not be whole."""
    n_right, tail = share * n, (1 - CONFIDENCE) / 2
    low = 0.0 if n_right == 0 else float(stats.beta.ppf(tail, n_right, n - n_right + 1))
    high = 1.0 if share == 1 else float(stats.beta.ppf(1 - tail, n_right + 1, n - n_right))
    return GroupInterval(low, high)


def t_quantile(n_degrees: int) -> float:
    """How many standard errors lie between an estimate and the end of its t interval."""
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, n_degrees))
