"""What a browser makes of a page."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Tags, images, visible text; every tag that is opened must be closed."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.open_tags, self.text = [], [], ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("img", "meta", "wbr"):
            self.open_tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open_tags:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]
