"""Decisions are listed, and one that was changed later says so where it begins."""

import re

from documents import ROOT

PAGES = {page.name[:4]: page for page in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))}


def named_at_the_top(text: str) -> set[str]:
    """The decisions that a page links to between its title and its first heading."""
    top = re.split(r"^## ", text, maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"\[(\d{4})\]\(", top))


def test_every_decision_is_listed_in_order() -> None:
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    numbers = re.findall(r"^\| \[(\d{4})\]\((\1-[\w-]+\.md)\)", listed, flags=re.MULTILINE)
    assert numbers == [(number, page.name) for number, page in PAGES.items()]


def test_what_a_later_decision_changes_says_so_at_the_top() -> None:
    tops = {
        number: named_at_the_top(page.read_text(encoding="utf-8")) for number, page in PAGES.items()
    }
    unmarked = {
        (older, newer)
        for newer, named in tops.items()
        for older in named
        if older < newer and newer not in tops[older]
    }
    assert unmarked == set()


def test_only_the_top_of_a_page_counts() -> None:
    page = "# 0009 A\n\nChanges [0007](0007-b.md).\n\n## Context\n\nSee [0008](0008-c.md).\n"
    assert named_at_the_top(page) == {"0007"}
