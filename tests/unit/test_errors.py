"""What errors say."""

from astsync.errors import PbxUnreachable, SafetyError
from astsync.watch.runs import in_full


def test_a_pbx_is_named_once() -> None:
    error = PbxUnreachable("office: no connection to office", hint="Look.")
    assert error.under("office") == "no connection to office"
    assert in_full(error, "office") == "no connection to office (Look.)"
    assert SafetyError("the plan").under("office") == "the plan"
