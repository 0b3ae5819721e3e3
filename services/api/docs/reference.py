"""The OpenAPI document, arranged for reading: operations by resource, each with all that belongs to it in one place.

Whatever stands here comes out of the document, so the page cannot say anything else than the API does.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from services.api.docs.command import curl, pretty
from services.api.docs.fields import Field, Reader, Word, bounds, words
from services.api.schemas import Schema
from shared.roles import PERMISSIONS, ROLES


class Parameter(NamedTuple):
    """What an operation takes beside its body.

    Attributes:
        name: as it is written.
        place: path, query or header.
        kind, bounds: what it takes.
        about: what it is.
        is_required: whether it can be left out.
    """

    name: str
    place: str
    kind: Sequence[Word]
    bounds: Sequence[str]
    about: str
    is_required: bool


class Body(NamedTuple):
    """A body that is sent or answered.

    Attributes:
        media_type: its Content-Type.
        kind: name of its schema, "" where it has none.
        fields: what is in it.
        example: one, as text.
    """

    media_type: str
    kind: Sequence[Word]
    fields: Sequence[Field]
    example: str


class Answer(NamedTuple):
    """One way in which an operation is answered.

    Attributes:
        status: HTTP status.
        reason: its name.
        meaning: a sentence.
        headers: name and meaning of those that come with it.
        body: what it carries, None where it carries nothing.
    """

    status: int
    reason: str
    meaning: str
    headers: Sequence[tuple[str, str]]
    body: Body | None


class Operation(NamedTuple):
    """One operation.

    Attributes:
        name: the operationId; its anchor.
        method, path: where it is.
        summary: one line.
        permission: what whoever asks must be allowed to, "" where nobody is asked who they are.
        allows: that permission in words.
        roles: those that have it.
        parameters: beside the body.
        body: what is sent, None where nothing is.
        command: an example, for a shell.
        answers: when all is well.
        problems: when not.
    """

    name: str
    method: str
    path: str
    summary: str
    permission: str
    allows: str
    roles: Sequence[str]
    parameters: Sequence[Parameter]
    body: Body | None
    command: str
    answers: Sequence[Answer]
    problems: Sequence[Answer]


class Group(NamedTuple):
    """The operations of one resource.

    Attributes:
        name: its tag; with a prefix its anchor.
        about: a sentence, "" where nothing is said.
        operations: in the document's order.
    """

    name: str
    about: str
    operations: Sequence[Operation]


class Shape(NamedTuple):
    """A named schema.

    Attributes:
        name: its anchor, with a prefix.
        about: a sentence.
        fields: its own; those of others are links.
        is_closed: whether unknown fields are refused.
    """

    name: str
    about: str
    fields: Sequence[Field]
    is_closed: bool


class Reference(NamedTuple):
    """The whole page.

    Attributes:
        title, version, about: of the API.
        schemes: how to say who is asking: a name and a sentence each.
        groups: the operations.
        problem: the body of every refusal.
        shapes: the schemas, by name.
    """

    title: str
    version: str
    about: str
    schemes: Sequence[tuple[str, str]]
    groups: Sequence[Group]
    problem: Body
    shapes: Sequence[Shape]


def arrange(document: Schema) -> Reference:
    """Arrange a document.

    Args:
        document: as `openapi.describe` makes it.
    """
    return _Arranging(document).all()


class _Arranging:
    def __init__(self, document: Schema) -> None:
        self._document = document
        self._components: Mapping[str, Mapping[str, Schema]] = document["components"]
        self._reader = Reader(self._components["schemas"])

    def all(self) -> Reference:
        info = self._document["info"]
        schemes = [(name, scheme.get("description", "")) for name, scheme in self._schemes().items()]
        shapes = [self._shape(name) for name in sorted(self._components["schemas"])]
        return Reference(
            info["title"], info["version"], info["description"], schemes, self._groups(), self._problem(), shapes
        )

    def _schemes(self) -> Mapping[str, Schema]:
        return self._components["securitySchemes"]

    def _groups(self) -> list[Group]:
        about = {tag["name"]: tag["description"] for tag in self._document.get("tags", ())}
        by_tag: dict[str, list[Operation]] = {}
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                by_tag.setdefault(operation["tags"][0], []).append(self._operation(path, method.upper(), operation))
        order = [*about, *(tag for tag in by_tag if tag not in about)]
        return [Group(tag, about.get(tag, ""), by_tag[tag]) for tag in order if tag in by_tag]

    def _operation(self, path: str, method: str, operation: Schema) -> Operation:
        permission = operation.get("x-platen-permission", "")
        answers = [self._answer(int(status), answer) for status, answer in operation["responses"].items()]
        return Operation(
            operation["operationId"],
            method,
            path,
            operation["summary"],
            permission,
            PERMISSIONS.get(permission, ""),
            [role for role, permissions in ROLES.items() if permission in permissions],
            [_parameter(parameter) for parameter in operation["parameters"]],
            self._body(operation.get("requestBody", {})),
            curl(method, path, operation),
            [answer for answer in answers if answer.status < 400],
            [answer for answer in answers if answer.status >= 400],
        )

    def _answer(self, status: int, answer: Schema) -> Answer:
        found = self._resolved(answer)
        headers = [(name, header.get("description", "")) for name, header in found.get("headers", {}).items()]
        return Answer(status, HTTPStatus(status).phrase, found["description"], headers, self._body(found))

    def _problem(self) -> Body:
        any_refusal = next(iter(self._components["responses"].values()))
        body = self._body(any_refusal)
        assert body is not None  # noqa: S101 - every refusal is a problem document
        return body

    def _body(self, holder: Schema) -> Body | None:
        for media_type, content in holder.get("content", {}).items():
            schema = content["schema"]
            return Body(media_type, words(schema), self._reader.tree(schema), _shown(content.get("example")))
        return None

    def _shape(self, name: str) -> Shape:
        schema = self._components["schemas"][name]
        is_closed = schema.get("additionalProperties") is False
        return Shape(name, schema.get("description", ""), self._reader.own(name), is_closed)

    def _resolved(self, answer: Schema) -> Schema:
        if "$ref" not in answer:
            return answer
        return self._components["responses"][answer["$ref"].rpartition("/")[2]]


def _parameter(parameter: Schema) -> Parameter:
    schema = parameter["schema"]
    return Parameter(
        parameter["name"],
        parameter["in"],
        words(schema),
        bounds(schema),
        parameter.get("description", ""),
        parameter.get("required", False),
    )


def _shown(example: Any) -> str:
    return example if isinstance(example, str) else pretty(example)
