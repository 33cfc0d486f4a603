"""A page as a browser's parser sees it, as far as it can be read without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "input", "link", "img", "br"}
_CELL = {"td", "th"}
_ENDED_BY = {
    "td": _CELL,
    "th": _CELL,
    "tr": _CELL | {"tr"},
    "tbody": _CELL | {"tr", "thead"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "li": {"li"},
    "option": {"option"},
}
"""Elements whose end is left out, by those whose beginning ends them."""
_OPEN_ENDED = {"tbody", *(tag for tags in _ENDED_BY.values() for tag in tags)}


@dataclass(eq=False)
class Element:
    """One element, with the text in it and in what it holds."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[Element, ...] = field(repr=False)
    """What holds it, the outermost first."""
    text: str = ""
    held: list[Element] = field(default_factory=list, repr=False)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def classes(self) -> list[str]:
        return self["class"].split()


class Page(HTMLParser):
    """A page that was read; tags that do not match are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        while self._open and self._open[-1].tag in _ENDED_BY.get(tag, ()):
            self._open.pop()
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(element)
        if self._open:
            self._open[-1].held.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open[-1].tag != tag:
            assert self._open[-1].tag in _OPEN_ENDED, f"</{tag}> within <{self._open[-1].tag}>"
            self._open.pop()
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def every(self, tag: str, style: str = "") -> list[Element]:
        """The elements of this tag, only those of a class where one is given."""
        return [one for one in self.elements if one.tag == tag and (not style or style in one.classes)]

    def at(self, place: str) -> Element:
        """The element with this id."""
        (found,) = [one for one in self.elements if one["id"] == place]
        return found

    def within(self, place: str, tag: str, style: str = "") -> list[Element]:
        """Those that the element with this id holds, however deep."""
        holder = self.at(place)
        return [one for one in self.every(tag, style) if any(outer is holder for outer in one.inside)]
