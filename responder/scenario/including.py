"""`include`: the blocks, users and flows of other files, put into the library of the file that includes them.

Rules
1. A path counts from the folder of the file that it stands in. Each file is read once, however often it is included.
2. A name may mean one thing only: two files that give it to different steps cannot both be included.
3. A file that includes itself by way of others is an error where the circle closes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from responder.scenario import loader
from responder.scenario import value_types as t
from responder.scenario.problems import Problems, did_you_mean

if TYPE_CHECKING:
    from responder.scenario.library import Library
    from responder.scenario.loader import Document
    from responder.scenario.nodes import Scalar
    from responder.scenario.reading import Fields

DEEPEST: Final = 16
"""Files that include one another in a row."""
MOST_FILES: Final = 256
"""Files that are included in one run."""


class File(Protocol):
    """A file whose keys have been read."""

    @property
    def library(self) -> Library:
        """What it can use."""


class Includes:
    """The files of one run and what they include of each other. `read` makes a file of a document."""

    def __init__(self, problems: Problems, read: Callable[[Document], File | None]) -> None:
        self._problems = problems
        self._read = read
        self._documents: dict[Path, Document] = {}
        self._files: dict[Path, File | None] = {}
        self._open: list[Path] = []
        self.included: set[Path] = set()
        """The files that some other one includes."""

    def known(self, document: Document) -> None:
        """This file was loaded, and need not be read again where it is included."""
        self._documents.setdefault(document.path, document)

    def file(self, document: Document) -> File | None:
        """The file of a document that was loaded, read once."""
        if not document.path.name:
            return self._read(document)
        if document.path not in self._files:
            self._files[document.path] = None
            self._open.append(document.path)
            self._files[document.path] = self._read(document)
            self._open.pop()
        return self._files[document.path]

    def include(self, fields: Fields, by: Document, library: Library) -> None:
        """Put what the key `include` names into the library."""
        node = fields.of("include", t.FILES)
        for scalar in (fields.reader.several(node, "include", t.FILES) or ()) if node is not None else ():
            found = self._found(scalar, by)
            if found is not None:
                self._put(scalar, found.library, library)

    def _found(self, scalar: Scalar, by: Document) -> File | None:
        path = loader.included_path(scalar.text, by)
        if path == by.path or path in self._open:
            at = self._open.index(path) if path in self._open else len(self._open) - 1
            circle = " includes ".join(f"'{file.name}'" for file in (*self._open[at:], path))
            self._problems.add(scalar.place, f"{circle}: that has no end", "take one `include` out")
            return None
        if len(self._open) > DEEPEST:
            self._problems.add(scalar.place, f"more than {DEEPEST} files that include one another", "include fewer")
            return None
        if path not in self.included and len(self.included) >= MOST_FILES:
            self._problems.add(scalar.place, f"more than {MOST_FILES} included files", "include fewer")
            return None
        if not path.is_file():
            beside = path.parent.iterdir() if path.parent.is_dir() else ()
            names = [file.name for file in beside if file.suffix in (".yaml", ".yml")]
            fix = did_you_mean(path.name, names) or "a path counts from the folder of this file"
            self._problems.add(scalar.place, f"there is no file '{scalar.text}'", fix)
            return None
        self.included.add(path)
        document = self._documents.get(path) or loader.read_included(scalar.text, by, self._problems)
        if document is None:
            return None
        self._documents[path] = document
        return self.file(document)

    def _put(self, scalar: Scalar, offered: Library, library: Library) -> None:
        for name, (place, steps, owner) in offered.offers().items():
            own, before = library.blocks.get(name), library.included.get(name)
            if own is not None:
                what = f"'{name}' is defined here and in {place}"
                self._problems.add(own[0].place, what, "give one another name")
            elif before is not None and before[1] is not steps:
                what = f"'{name}' is in {before[0]} and in {place}"
                self._problems.add(scalar.place, what, "give one another name, or include one of the two files")
            else:
                library.included[name] = (place, steps, owner)
        users = dict(library.users)
        for name, user in offered.users.items():
            if users.setdefault(name, user) is not user:
                self._problems.add(scalar.place, f"there is a user '{name}' already", "keep one of the two")
        library.users = users
