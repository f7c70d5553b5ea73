"""The section ``[source.soap]``."""

from typing import Annotated, Literal

from pydantic import Field

from astsync.config import FieldsConfig, KindConfig, PagingConfig, Parameters
from astsync.config.source_sections import SHARED_FIELDS, SHARED_PAGING
from astsync.config.value_types import Line, Text, Unit, WebAddressOrNone, Whole, WsdlAddress
from astsync.language import say


class SoapConfig(KindConfig):
    """The section ``[source.soap]``."""

    about = "a web service of 1C, by default that of examples/1c"

    wsdl: WsdlAddress = Field(
        default="",
        description="the address of the WSDL. Without it `source.url` + `/ws/astsync?wsdl`, the service of examples/1c",
        examples=["http://1c.example.local/trade/ws/astsync?wsdl"],
    )
    operation: Text = Field(
        default="GetCounterparties", description="the operation; `astsync check` lists those of the WSDL"
    )
    endpoint: WebAddressOrNone = Field(
        default="",
        description="where calls go, when the WSDL names a host that cannot be reached. Without it the WSDL's path at "
        "the host of `wsdl`",
    )
    port: Line = Field(default="", description="a port of the WSDL, as that of SOAP 1.2; without it the first")
    decode: Literal["auto", "none", "json", "xml", "base64"] = Field(
        default="auto", description="what a text in the answer is"
    )
    list: Line = Field(default="", description="the path to the list; without it the one list of the answer")
    parameters: Parameters = Field(
        default_factory=dict, description="fixed parameters of the operation, whose values are secrets"
    )
    cache_hours: Annotated[Whole, Field(ge=0, le=8760), Unit("hours")] = Field(
        default=24, description="that a WSDL is kept; 0: not at all"
    )
    fields: FieldsConfig = Field(default=FieldsConfig(), description=SHARED_FIELDS)
    paging: PagingConfig = Field(default=PagingConfig(), description=SHARED_PAGING)

    def lacks(self, url: str) -> str:
        """Nothing where the WSDL has an address of its own, or one that is made of ``url``."""
        if url or self.wsdl:
            return ""
        return say("soap.wsdl: write the address of the WSDL, or url for the one of examples/1c")
