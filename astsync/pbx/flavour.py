"""The flavours of PBX that people have: the same Asterisk below, each with files and screens of its own above.

``recognise`` tells them apart over AMI by the files that each of them writes, with nothing but ``write = system``.

What AMI allows (``manager show command``, the same on 16.28 and 22.10): GetConfig needs system or config, so
``write = system`` is enough. ListCategories and ShowDialPlan do not take system. Since AST-2022-009 (in Debian's 16.28
too) GetConfig reads no file to which a link leads out of the configuration folder, unless asterisk.conf has
``live_dangerously`` (main/manager.c, is_restricted_file): "File requires escalated privileges". A file that is not
there is "Config file not found" all the same, so a refused file is one that is there. ``#include`` itself does not
show, what it brings does.

What each writes, as its public sources have it:

- FreePBX: extensions.conf is a link into its web folder, so mostly it cannot be read; it includes
  extensions_override_freepbx.conf (core, etc/extensions.conf), which the installation makes in /etc/asterisk itself
  (sng_freepbx_debian_install.sh). extensions_additional.conf has [ext-did] with ``include => ext-did-0001``, routes or
  not (core, functions.inc.php). Both are so in 2.10, 2.11 and 12 to 17. Its version stands in [global] of pjsip.conf:
  ``user_agent=FPBX-16.0.40(18.20.0)``, with a word after FPBX- on some (functions.inc/drivers/PJSip.class.php).
- Issabel: a fork of FreePBX 2.11, with extensions_override_issabelpbx.conf in its place (issabelPBX,
  core/etc/extensions.conf). What was Elastix once may have FreePBX's file beside it, so where both are, it is Issabel.
  The ``user_agent=Issabel-4.1`` of its pjsip.conf is the same text in every version, and says nothing.
- Elastix 2 and 4 have FreePBX inside, with FreePBX's files, and are taken for FreePBX. Elastix 3 has not.
- MikoPBX: extensions.conf is a file of its own; [add-trim-prefix-clid] has the hook ``${CONTEXT}-custom``, and there is
  [internal-originate] (Core, src/Core/Asterisk/Configs/ExtensionsConf.php; in eleven releases from 2019.4 to 2026.1).
  No file of Asterisk's has its version.
- Askozia 2: [macro-missedcallmail] of extensions.conf writes mails from "AskoziaPBX Notifications" (etc/inc of its
  image, extensions.inc). The sources of newer ones are not public, and these may be taken for Asterisk alone.

Nothing with secrets is asked for: of a file only one section crosses the wire.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from astsync.errors import PbxActionFailed, PbxRightsError
from astsync.language import say
from astsync.pbx.connection import AmiConnection


class Flavour(StrEnum):
    """What stands on the Asterisk of a PBX. PLAIN is Asterisk alone, with files that somebody writes by hand."""

    PLAIN = "plain"
    FREEPBX = "freepbx"
    MIKOPBX = "mikopbx"
    ISSABEL = "issabel"
    ASKOZIA = "askozia"

    @property
    def product(self) -> str:
        """Its name as people write it."""
        return _PRODUCTS[self]


_PRODUCTS = {
    Flavour.PLAIN: "Asterisk",
    Flavour.FREEPBX: "FreePBX",
    Flavour.MIKOPBX: "MikoPBX",
    Flavour.ISSABEL: "Issabel",
    Flavour.ASKOZIA: "Askozia",
}
_LEAVES_NO_SURE_MARK = (Flavour.PLAIN, Flavour.ASKOZIA)

_NOT_FOUND = "file not found"  # what GetConfig answers, without the beginning
_THERE = ("requires escalated", "invalid format")
_NOBODYS_SECTION = "astsync-no-such-section"  # so that nothing of a file is sent that only has to be there
_LINE = re.compile(rb"(?m)^Line-[0-9-]{1,20}: ?([^\r\n]*)")
_VERSION = re.compile(r"FPBX-(?:[A-Za-z]{1,20}-)?([0-9][0-9.]{0,20})\(")
_CANNOT_LOOK = say(
    "the AMI user may not look into Asterisk's configuration: GetConfig needs `write = system` or `write = config`"
)
_LIES_ELSEWHERE = say("Asterisk does not show its extensions.conf over AMI; it may be a link into another folder")
_NO_MARK = say("its configuration has none of the marks of FreePBX, Issabel, MikoPBX or Askozia 2")


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a PBX was recognised as; None where nothing tells it for sure.

    ``words`` say by what, or why not. ``version`` is the distribution's own, such as "16.0.40.7"; "" where no file has
    it. PLAIN is found by exclusion: none of the marks of the others is there.
    """

    flavour: Flavour | None
    words: str
    version: str = ""

    def excludes(self, flavour: Flavour) -> bool:
        """Whether the PBX is certainly another than ``flavour``.

        A PBX that looks like Asterisk alone may be an Askozia of the newer ones, and nothing is excluded where nothing
        was recognised. Whoever says "plain" for a PBX that has marks is contradicted: its files are overwritten.
        """
        if self.flavour in (None, flavour):
            return False
        return self.flavour is not Flavour.PLAIN or flavour not in _LEAVES_NO_SURE_MARK


@dataclass(frozen=True, slots=True)
class Unserved:
    """A PBX that astsync cannot serve, and why."""

    product: str
    words: str


UNSERVED = (
    # Its AMI users get any of originate, call, cdr, log, agent, cc, dtmf, aoc, dialplan, verbose, reporting, user and
    # test (UCM6100 Asterisk Manager Interface Guide, table 1).
    Unserved("Grandstream UCM", say("its AMI users get neither `system` nor `command`, so nothing can write names")),
    # Their one AMI user reads "call" and writes "call,originate" (kalliopepbx.com, AdminGuide:Service:AMI).
    Unserved("KalliopePBX", say("its AMI user gets `call` and `originate` only, so nothing can write names")),
    # 3CX bought Elastix in 2016, and its version 5 is a 3CX (noticias.compudemano.com/discusion/…140490).
    Unserved("3CX", say("it is no Asterisk, and neither is Elastix 5, which is a 3CX")),
)


def recognise(connection: AmiConnection) -> Recognition:
    """Tell what stands on the Asterisk of this connection, which is logged in.

    It takes six short actions at most, writes nothing, and asks for nothing that needs more than ``write = system``. A
    refusal tells nothing and is no error. Raises PbxTimeout, PbxConnectionLost and PbxBadAnswer of the connection.
    """
    files = _Files(connection)
    try:
        return _fork_of_freepbx(files) or _other(files)
    except PbxRightsError:
        return Recognition(None, _CANNOT_LOOK)
    except PbxActionFailed as error:
        return Recognition(None, say("AMI shows nothing of its configuration: {why}", why=error.under(files.name)))


def _fork_of_freepbx(files: "_Files") -> Recognition | None:
    for flavour, name in (
        (Flavour.ISSABEL, "extensions_override_issabelpbx.conf"),
        (Flavour.FREEPBX, "extensions_override_freepbx.conf"),
    ):
        if not files.has(name):
            continue
        routes = files.section("extensions_additional.conf", "ext-did")
        if routes is None or "include=ext-did-0001" not in routes:
            words = say(
                "there is {name}, as on {product}, but the inbound routes of {product} were not seen",
                name=name,
                product=flavour.product,
            )
            return Recognition(None, words)
        words = say("{name} and the inbound routes of extensions_additional.conf are there", name=name)
        return Recognition(flavour, words, _version(files) if flavour is Flavour.FREEPBX else "")
    return None


def _version(files: "_Files") -> str:
    """The version of a FreePBX with PJSIP; one with chan_sip alone has it in a file that cannot be read."""
    lines = files.section("pjsip.conf", "global") or []
    found = [match[1] for match in map(_VERSION.search, lines) if match]
    return found[0] if len(set(found)) == 1 else ""


def _other(files: "_Files") -> Recognition:
    callers = files.section("extensions.conf", "add-trim-prefix-clid")
    if callers is None:
        return Recognition(None, _LIES_ELSEWHERE)
    if any("${CONTEXT}-custom" in line for line in callers) and files.section("extensions.conf", "internal-originate"):
        words = say("extensions.conf has {contexts}", contexts="[add-trim-prefix-clid], [internal-originate]")
        return Recognition(Flavour.MIKOPBX, words)
    mails = files.section("extensions.conf", "macro-missedcallmail") or []
    if any("AskoziaPBX" in line for line in mails):
        return Recognition(Flavour.ASKOZIA, say("extensions.conf has {contexts}", contexts="[macro-missedcallmail]"))
    return Recognition(Flavour.PLAIN, _NO_MARK)


class _Files:
    """What AMI shows of the configuration. Each method raises PbxRightsError where the user may see nothing of it."""

    def __init__(self, connection: AmiConnection) -> None:
        self._connection = connection
        self.name = connection.config.name

    def has(self, name: str) -> bool:
        """Whether the file is there. One that Asterisk refuses to show, or cannot read, is.

        Raises PbxActionFailed where the answer is none of these.
        """
        try:
            self._connection.action("GetConfig", Filename=name, Category=_NOBODYS_SECTION)
        except PbxActionFailed as error:
            if _says(error, _NOT_FOUND):
                return False
            if not _says(error, *_THERE):
                raise
        return True

    def section(self, name: str, category: str) -> list[str] | None:
        """The lines of a section, "NAME=VALUE" each; none where there is no such file or section.

        None: Asterisk does not show the file.
        """
        try:
            packet = self._connection.action("GetConfig", Filename=name, Category=category)
        except PbxActionFailed as error:
            return [] if _says(error, _NOT_FOUND) else None
        return [line.decode("utf-8", "replace") for line in _LINE.findall(packet)]


def _says(error: PbxActionFailed, *words: str) -> bool:
    said = error.message.lower()
    return any(word in said for word in words)
