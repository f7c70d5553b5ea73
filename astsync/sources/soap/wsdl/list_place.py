"""Where the list of counterparties stands in the answer of an operation, by the WSDL and the key ``list``.

Without that key it is the one list that the WSDL describes; of several, the one whose records have the field of the
name. Where the WSDL describes none it is what the WSDL leaves open, or a text (modules of 1C often return JSON in a
string), the result before Out parameters. In doubt it is an error that names the places: a wrong list would become a
wrong phonebook.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from astsync.errors import SourceQueryError
from astsync.language import joined, say
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.answer_types import WsdlElement, WsdlType
from astsync.text import listed, one_line

RETURN = "return"
"""The name of a 1C operation's result; Out parameters stand beside it."""

_DEEPEST = 6
_CHOOSE = say("Choose another operation in source.soap.operation.")
_UNREAD = say('With decode = "none" texts are not looked into.')

ListForm = Literal["typed", "open", "text"]


@dataclass(frozen=True, slots=True)
class ListPlace:
    """The way to the list. ``path`` holds the tags from the answer's element (``response``) down to what holds it.

    ``operation`` is the operation's name, harmless in messages.
    typed: its elements have the tag ``record`` and the type ``record_type``. open: the WSDL does not say what stands
    there. text: it is a text that holds JSON or XML. ``rest`` is what is left of the configured path there.
    """

    operation: str
    response: str
    response_type: WsdlType
    form: ListForm
    path: tuple[str, ...]
    record: str = ""
    record_type: WsdlType | None = None
    rest: str = ""

    def has_beside(self, name: str) -> bool:
        """Whether the element that holds the list may also hold this field."""
        wsdl_type = self.response_type
        for tag in self.path:
            wsdl_type = wsdl_type.elements[tag].type
        return wsdl_type.named(name) is not None


@dataclass(frozen=True, slots=True)
class _Step:
    """A place in the answer: its names, its tags, and what is there."""

    names: tuple[str, ...]
    tags: tuple[str, ...]
    element: WsdlElement

    def below(self) -> Iterator["_Step"]:
        for tag, inner in self.element.type.elements.items():
            yield _Step((*self.names, inner.name), (*self.tags, tag), inner)

    @property
    def is_list(self) -> bool:
        return self.element.many and not self.element.type.text

    @property
    def is_text(self) -> bool:
        return self.element.type.text and not self.element.many

    @property
    def is_open(self) -> bool:
        wsdl_type = self.element.type
        return wsdl_type.open and not wsdl_type.elements and not self.element.many


class ListSearch:
    """The search for the list in the answer of an operation, whose element has the tag ``response``."""

    def __init__(self, operation: str, response: str, wsdl_type: WsdlType, config: SoapConfig) -> None:
        self._operation, self._response, self._type = one_line(operation), response, wsdl_type
        self._config = config
        self._root = _Step((), (), WsdlElement("", wsdl_type))

    def place(self) -> ListPlace:
        """Find the list.

        Raises SourceQueryError that names what there is: when there is no list, several, or none at the wanted path.
        """
        if self._config.list:
            return self._named(self._config.list.split("."))
        return self._to(self._choose(self._root, self._config.fields.name.partition(".")[0]))

    def _to(self, step: _Step, rest: str = "") -> ListPlace:
        common = (self._operation, self._response, self._type)
        if step.is_list and not rest:
            return ListPlace(*common, "typed", step.tags[:-1], step.tags[-1], step.element.type)
        if step.is_text and self._config.decode != "none":
            return ListPlace(*common, "text", step.tags, rest=rest)
        if step.is_open:
            return ListPlace(*common, "open", step.tags, rest=rest)
        raise self._none()

    def _named(self, path: list[str]) -> ListPlace:
        """Follow the configured path from the result, else from the answer itself."""
        result = next((step for step in self._root.below() if step.names == (RETURN,)), None)
        for start in filter(None, (result, self._root)):
            found = self._follow(start, path)
            if found is not None:
                return found
        words = say(
            "the answer of the operation {operation} has no {path} (source.soap.list)",
            operation=self._operation,
            path=one_line(".".join(path)),
        )
        raise SourceQueryError(words, hint=self._holds(4))

    def _follow(self, step: _Step, path: list[str]) -> ListPlace | None:
        for place, name in enumerate(path):
            if step.is_text or step.is_open:
                return self._to(step, ".".join(path[place:]))
            below = next((below for below in step.below() if below.names[-1] == name), None)
            if below is None:
                return None
            step = below
        if step.is_list or step.is_text or step.is_open:
            return self._to(step)
        return self._to(self._choose(step, ""))

    def _choose(self, start: _Step, name: str) -> _Step:
        """Find the one list below; of several the one whose records have the field ``name``."""
        steps = list(_walk(start, _DEEPEST))
        lists = [step for step in steps if step.is_list]
        if len(lists) > 1:
            lists = [step for step in lists if step.element.type.named(name)] or lists
        if lists and self._config.decode in {"auto", "none"}:
            return self._only(lists)
        others = [step for step in steps if step.is_open or (step.is_text and len(step.names) == 1)]
        results = [step for step in others if step.names == (RETURN,)]
        return self._only(results or others or lists)

    def _only(self, steps: list[_Step]) -> _Step:
        if len(steps) == 1:
            return steps[0]
        if not steps:
            raise self._none()
        raise SourceQueryError(
            say("the answer of the operation {operation} holds several lists", operation=self._operation),
            hint=say("Name one of them in source.soap.list: {lists}.", lists=_paths(steps)),
        )

    def _none(self) -> SourceQueryError:
        text = any(step.is_text for step in self._root.below())
        unread = (_UNREAD,) if self._config.decode == "none" and text else ()
        return SourceQueryError(
            say("the answer of the operation {operation} holds no list", operation=self._operation),
            hint=joined(" ", (self._holds(3), *unread, _CHOOSE)),
        )

    def _holds(self, deeper: int) -> str:
        """Write what the answer holds, for a hint."""
        outputs = _paths(_walk(self._root, deeper))
        return say("It holds: {outputs}.", outputs=outputs) if outputs else say("It holds nothing.")


def _paths(steps: Iterable[_Step]) -> str:
    return listed(".".join(step.names) for step in steps)


def _walk(start: _Step, deeper: int) -> Iterator[_Step]:
    """Find all places below, the upper ones first. Lists are not looked into: what is inside belongs to a record."""
    level = [start]
    for _ in range(deeper):
        level = [below for step in level if not step.is_list for below in step.below()]
        yield from level
