"""The ``$metadata`` of the stand-in 1C, and the types in its Atom answers."""

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from astsync.sandbox.onec.columns import Column
from astsync.sandbox.onec.infobase import EntitySet

_EDM = {"Text": "Edm.String", "Composite": "Edm.String"}


def atom_types(entity: EntitySet) -> dict[str, str]:
    """The ``m:type`` of each column that is not a string."""
    types = {name: _type(entity, column) for name, column in entity.columns.items()}
    return {name: kind for name, kind in types.items() if kind != "Edm.String"}


def _type(entity: EntitySet, column: Column) -> str:
    if column.type == "Section":
        return f"Collection(StandardODATA.{entity.name}_{column.name}_RowType)"
    return _EDM.get(column.type, f"Edm.{column.type}")


def metadata_xml(sets: Iterable[EntitySet]) -> bytes:
    """Write the EDMX of the published sets."""
    entities = list(sets)
    types = "".join(_entity_type(entity) for entity in entities)
    rows = "".join(_row_type(entity) for entity in entities if entity.section)
    named = "".join(
        f"<EntitySet Name={quoteattr(entity.name)} EntityType={quoteattr('StandardODATA.' + entity.name)}/>"
        for entity in entities
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
        '<edmx:DataServices m:DataServiceVersion="3.0" m:MaxDataServiceVersion="3.0" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        '<Schema Namespace="StandardODATA" xmlns="http://schemas.microsoft.com/ado/2009/11/edm">'
        f'{types}{rows}<EntityContainer Name="EnterpriseV8" m:IsDefaultEntityContainer="true">{named}'
        "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )
    return text.encode()


def _entity_type(entity: EntitySet) -> str:
    references = "".join(f"<PropertyRef Name={quoteattr(key)}/>" for key in entity.keys)
    properties = _properties(entity, entity.keys)
    return f"<EntityType Name={quoteattr(entity.name)}><Key>{references}</Key>{properties}</EntityType>"


def _row_type(entity: EntitySet) -> str:
    return f"<ComplexType Name={quoteattr(entity.name + '_RowType')}>{_properties(entity, ())}</ComplexType>"


def _properties(entity: EntitySet, keys: tuple[str, ...]) -> str:
    return "".join(
        f"<Property Name={quoteattr(column.name)} Type={quoteattr(_type(entity, column))} "
        f'Nullable="{"false" if column.name in keys else "true"}"/>'
        for column in entity.columns.values()
    )
