"""What held-out labels say of a map, as the page shows it: told by the code of the reports."""

from typing import Any

from hsidiff.report.blocks import Section, render_part
from hsidiff.report.map_scores import leakage_of, score_blocks, score_rows, score_sections
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.validation import validation_in_words


def accuracy_of(results: ResultFolder, scene: str) -> dict[str, Any]:
    """Scores in short and at length.

    Args:
        results: of a map.
        scene: the scene's name.

    Returns:
        ``rows``: name, number and interval of each score; none where nothing was held out.
        ``words``: what was held out, and from whom; or why nothing was.
        ``leakage``: what the held-out labels give away, each a text and whether it is a caution.
        ``page``: all of it, with confusion matrix and scores per class, as HTML with its styles.
    """
    words, reason = validation_in_words(results.result), results.facts("validation").get("why")
    if results.facts("validation").get("kind") == "none" and reason:
        words.append(f"{reason[:1].upper()}{reason[1:].rstrip('.')}.")
    texts = [block.content for block in leakage_of(results) if block.macro == "sentence"]
    # The button is called after the matrix, so that comes first.
    scores = Section("Scores", score_blocks(results.result))
    reliability, classes, confusion, leakage = score_sections(results, scene)
    return {
        "rows": score_rows(results.result),
        "words": words,
        "leakage": [[text, kind == "caution"] for text, kind in texts],
        "page": render_part((), (confusion, scores, classes, leakage, reliability)),
    }
