"""All attacks, of all sides, and those that CI plays."""

from tests.attacks import ami, disk, files, onec, output, settings, tls
from tests.attacks.attack import Attack

SHARE = (
    "OData, a later page: a header drips",
    "OData, a later page: the body drips, with a length",
    "OData, a later page: Retry-After: 999999",
    "SOAP, the call: 100 Continue for ever",
    "SOAP, the call: the body of a 500 drips",
    "1C, WSDL: imports file:///etc/passwd",
    "A file: a pipe that nobody writes to",
    "AMI, the banner: the banner drips",
    "AMI, the login: the connection drops at each login, patience 30",
    "AMI, reading: the answer drips",
    "AMI, reading: a line pours for ever",
    "AMI, reading: headers pour for ever",
    "AMI, reading: events pour, and no answer",
    "AMI, puts: is silent",
    "AMI, puts: confirmed and not kept",
    "AMI, the list: ListItems of 10,000 digits",
    "AMI, the list: half of the entries, ends as complete",
    "AMI, the list: entries pour for ever",
    "AMI, the list: stalls in the middle among events",
    "TLS, AMI: a certificate that has expired",
    "TLS, AMI: the handshake drips",
    "The store meanwhile: deleted during the puts",
    "The lock: sync: held by a process that was stopped",
    "--output: diff: somebody's link to a file of ours",
    "Foreign text: diff, text",
    "The configuration: pbx.secret_file: a pipe that nobody writes to",
)
"""The names of those that CI plays: one of each sort."""


def all_attacks() -> list[Attack]:
    """Every row of the table."""
    return [attack for side in (onec, files, ami, tls, disk, output, settings) for attack in side.attacks()]


def shared() -> list[Attack]:
    """The rows that CI plays. Raises KeyError for a name that is none."""
    named = {attack.full_name: attack for attack in all_attacks()}
    return [named[name] for name in SHARE]
