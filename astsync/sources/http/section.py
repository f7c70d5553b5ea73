"""The section ``[source.http]``."""

from typing import Literal

from pydantic import Field

from astsync.config import FieldsConfig, KindConfig, PagingConfig, Parameters
from astsync.config.source_sections import SHARED_FIELDS, SHARED_PAGING
from astsync.config.value_types import Headers, Line, ServicePath

SHIPPED_SERVICE = "hs/astsync/counterparties"


class HttpConfig(KindConfig):
    """The section ``[source.http]``."""

    about = "an HTTP service of 1C, or any web API, that answers JSON or XML"

    service: ServicePath = Field(
        default=SHIPPED_SERVICE,
        description="what follows `source.url`. The one of examples/1c is read by its cursor, without a section of "
        "paging",
    )
    method: Literal["GET", "POST"] = Field(
        default="GET",
        description="the method. `parameters` go into the query of a GET, and as a JSON object into the body of a POST",
    )
    parameters: Parameters = Field(default_factory=dict, description="fixed parameters, whose values are secrets")
    headers: Headers = Field(
        default_factory=dict,
        description="headers, whose values are secrets",
        examples=[{"Authorization": "Bearer …"}],
    )
    list: Line = Field(default="", description="the path to the list; without it the answer, or the one list in it")
    fields: FieldsConfig = Field(default=FieldsConfig(), description=SHARED_FIELDS)
    paging: PagingConfig = Field(default=PagingConfig(), description=SHARED_PAGING)

    @property
    def effective_paging(self) -> PagingConfig:
        """The paging that is used: what is configured, else a cursor for the service of ``examples/1c``."""
        if "paging" in self.model_fields_set or self.service != SHIPPED_SERVICE:
            return self.paging
        return PagingConfig(by="cursor", parameter="cursor", size_parameter="limit", next="NextCursor")
