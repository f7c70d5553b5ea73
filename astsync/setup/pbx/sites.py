"""Where the AMI user and the lookup go on each flavour of PBX: the files that are its administrator's own."""

import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from astsync.errors import ConfigError
from astsync.language import say
from astsync.pbx.flavour import Flavour
from astsync.setup.dialplan import lookup_line
from astsync.setup.pbx.ami_user import AmiUser, escaped
from astsync.setup.pbx.edits import Edit, read_text
from astsync.setup.pbx.incoming_lines import looks_up, places_of_lookup
from astsync.setup.pbx.marked_blocks import appended, blocks_of, broken_mark, has_block, inserted, without_blocks
from astsync.text import printable

WRITABLE = (Flavour.PLAIN, Flavour.FREEPBX, Flavour.ISSABEL)
"""The flavours whose files may be written. The others make all files anew from their own database."""

_MANAGER, _EXTENSIONS = "manager.conf", "extensions.conf"
_CUSTOM_MANAGER, _CUSTOM_EXTENSIONS = "manager_custom.conf", "extensions_custom.conf"
_HOOK = "from-pstn-custom"
_SECTION = re.compile(r"(?m)^\s*\[([^\]]+)\]")
_INCLUDE = re.compile(r'(?m)^\s*#(?:try)?include\s+["<]?([^">;\n]+?)[">]?\s*(?:;.*)?$')
_SECRET = re.compile(r"(?mi)^[ \t]*secret[ \t]*=>?[ \t]*((?:\\;|[^;\n])*)")
_WRITTEN = re.compile(r"(?m)^\[([^\]\n]+)\]\nsecret = ([^\n]*)$")
_GENERAL = re.compile(r"(?ms)^\s*\[general\][^\n]*\n(.*?)(?=^\s*\[|\Z)")
_ENABLED = re.compile(r"(?mi)^\s*enabled\s*=>?\s*(yes|true|1|on|y|t)\s*(?:;.*)?$")
_BOUND = re.compile(r"(?mi)^\s*bindaddr\s*=>?\s*([0-9.]{7,15})")
_PORT = re.compile(r"(?mi)^\s*port\s*=>?\s*(\d{1,5})\s*(?:;.*)?$")
_MOST_INCLUDED = 200  # files
# Files by which a flavour is known where it stands itself: the same that ``pbx/flavour.py`` looks at over AMI.
_MARKS = (
    (Flavour.ISSABEL, "extensions_override_issabelpbx.conf", ""),
    (Flavour.FREEPBX, "extensions_override_freepbx.conf", ""),
    (Flavour.MIKOPBX, _EXTENSIONS, "[add-trim-prefix-clid]"),
    (Flavour.ASKOZIA, _EXTENSIONS, "AskoziaPBX"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A folder of Asterisk's configuration. ``context`` is that of incoming calls on a plain Asterisk, "" for none."""

    flavour: Flavour
    folder: Path
    family: str
    context: str = ""


def flavour_of_files(folder: Path) -> Flavour | None:
    """The flavour whose files these are; None where there is no Asterisk. Raises ConfigError for unreadable ones."""
    if read_text(folder / _MANAGER) is None and read_text(folder / _EXTENSIONS) is None:
        return None
    for flavour, name, mark in _MARKS:
        text = read_text(folder / name)
        if text is not None and mark in text:
            return flavour
    return Flavour.PLAIN


def check_folder(folder: Path) -> Flavour:
    """The flavour whose files these are. Raises ConfigError where there is no Asterisk."""
    found = flavour_of_files(folder)
    if found is None:
        place = printable(str(folder))
        raise ConfigError(
            say("there is no Asterisk in {folder}: it has neither manager.conf nor extensions.conf", folder=place),
            hint=say("Run it on the PBX's own machine. Name another folder with --asterisk-folder."),
        )
    return found


def check_site(site: Site) -> None:
    """Check that these files may be written at all. Raises ConfigError."""
    found, place = check_folder(site.folder), printable(str(site.folder))
    if found is not site.flavour:
        words = say(
            "{folder} has the files of {found}, and not of {flavour}",
            folder=place,
            found=found.product,
            flavour=site.flavour.product,
        )
        raise ConfigError(words, hint=say("Give --flavour {flavour}.", flavour=found.value))
    if site.flavour not in WRITABLE:
        words = say("{product} writes its files anew from its own settings, so nothing may be written into them",
                    product=site.flavour.product)  # fmt: skip
        raise ConfigError(words, hint=say("Without --write it says what goes into which screen."))


def edits_of(site: Site, user: AmiUser) -> list[Edit]:
    """The changes that make the PBX ready; none where it is. Raises ConfigError where they cannot all be made."""
    check_site(site)
    made = [_manager(site, user), _lookup(site)]
    return [edit for edit in made if edit is not None and edit.before != edit.after]


def removals_of(folder: Path) -> list[Edit]:
    """The changes that take everything of ours out of the files of a folder. Raises ConfigError."""
    edits = []
    for file in _own_places(folder):
        text = read_text(file)
        if text is None or not (has_block(text) or broken_mark(text)):
            continue
        _check_marks(file, text)
        rest = without_blocks(text)
        edits.append(Edit(file, text, None if not rest.strip() and file.parent != folder else rest))
    return edits


def written_secret(folder: Path, name: str) -> str:
    """The secret that we wrote for this user before; "" where there is none. Raises ConfigError."""
    for file in _own_places(folder):
        for own in blocks_of(read_text(file) or ""):
            found = _WRITTEN.search(own)
            if found is not None and found[1] == name:
                return found[2].replace("\\;", ";")
    return ""


def port_of_ami(folder: Path) -> int | None:
    """The port on which the AMI of this folder listens, as [general] says; None where it does not say."""
    general = _GENERAL.search((read_text(folder / _MANAGER) or "").replace("\r\n", "\n"))
    found = _PORT.search(general[1]) if general is not None else None
    return int(found[1]) if found is not None and 0 < int(found[1]) < 65536 else None


def remarks_on(site: Site, user: AmiUser) -> Iterator[str]:
    """What stands in the way though the files were written.

    AMI that is off or does not listen for the user's machine, a file that nothing includes.
    """
    text = read_text(site.folder / _MANAGER) or ""
    general = _GENERAL.search(text.replace("\r\n", "\n"))
    if general is None or not _ENABLED.search(general[1]):
        yield say("manager.conf has no `enabled = yes` in [general]: AMI is off. Write it there and restart Asterisk.")
    bound = _BOUND.search(general[1]) if general is not None else None
    if bound is not None and bound[1].startswith("127.") and not user.address.startswith("127."):
        yield say(
            "manager.conf has `bindaddr = {bound}` in [general]: AMI does not listen for {address}. Write the PBX's "
            "own address or 0.0.0.0 there, and restart Asterisk.",
            bound=bound[1],
            address=user.address,
        )
    for file in (each for each in _own_places(site.folder) if f"[{user.name}]" in (read_text(each) or "")):
        if file.stat().st_mode & stat.S_IROTH:
            yield say("every user of this machine may read the secret in {file}; run: chmod o= {file}", file=str(file))
    for name, own in ((_MANAGER, _CUSTOM_MANAGER), (_EXTENSIONS, _CUSTOM_EXTENSIONS)):
        if site.flavour is not Flavour.PLAIN and own not in _INCLUDE.findall(read_text(site.folder / name) or ""):
            yield say("{file} does not include {own}: what stands there is not read", file=name, own=own)


def hook_lines(family: str) -> str:
    """The hook through which every call from outside comes on FreePBX and Issabel, before its inbound route."""
    look = lookup_line(family)
    return (
        f"[{_HOOK}]\n"
        f"exten => _[+0-9]!,1,NoOp()\n {look}\n same => n,Goto(astsync-from-pstn,${{EXTEN}},1)\n"
        f"exten => s,1,NoOp()\n {look}\n same => n,Goto(astsync-from-pstn,s,1)\n"
        "\n"
        "[astsync-from-pstn]\n"
        "include => ext-did\n"
        "include => ext-did-post-custom\n"
        "include => from-did-direct\n"
        "include => ext-did-catchall\n"
    )


def _manager(site: Site, user: AmiUser) -> Edit | None:
    """The user's section, in the file that is the administrator's own; None where somebody wrote that section."""
    file = _manager_file(site)
    if standing_user(site.folder, user) is not None:
        return None
    text = read_text(file)
    _check_marks(file, text or "")
    return Edit(file, text, appended(text or "", user.section()), like=site.folder / _MANAGER)


def _manager_file(site: Site) -> Path:
    if site.flavour is not Flavour.PLAIN:
        return site.folder / _CUSTOM_MANAGER
    included = _INCLUDE.findall(read_text(site.folder / _MANAGER) or "")
    if any(name in {"manager.d/*.conf", str(site.folder / "manager.d/*.conf")} for name in included):
        return site.folder / "manager.d" / "astsync.conf"
    return site.folder / _MANAGER


def standing_user(folder: Path, user: AmiUser) -> Path | None:
    """The file where somebody wrote this user with this secret, as without ``--write`` we say; None where nobody did.

    Another secret, or two such sections, are refused: they would count beside ours. Raises ConfigError.
    """
    found = [
        (file, section)
        for file in _with_includes(folder, _MANAGER)
        for section in _sections(without_blocks(read_text(file) or ""), user.name)
    ]
    if not found:
        return None
    file, section = found[0]
    held = _SECRET.findall(section)
    if len(found) == 1 and held and held[-1].strip() == escaped(user.secret):
        return file
    raise ConfigError(
        say(
            "{file} has a user [{name}] already, which astsync did not write and whose secret is another one",
            file=printable(str(file)),
            name=user.name,
        ),
        hint=say("Use it: write its secret into the configuration. Or take that section out first."),
    )


def _sections(text: str, name: str) -> Iterator[str]:
    """What stands in the sections of this name."""
    pieces = _SECTION.split(text.replace("\r\n", "\n"))
    for title, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if title == name:
            yield body


def _lookup(site: Site) -> Edit | None:
    if site.flavour is Flavour.PLAIN:
        return _line_in_context(site) if site.context else None
    file = site.folder / _CUSTOM_EXTENSIONS
    text = read_text(file)
    _check_marks(file, text or "")
    if _HOOK in _SECTION.findall(without_blocks(text or "").replace("\r\n", "\n")):
        raise ConfigError(
            say("{file} has a context [{name}] of its own", file=printable(str(file)), name=_HOOK),
            hint=say("Put the lookup into it by hand, before it leads on: {line}", line=lookup_line(site.family)),
        )
    like = site.folder / _EXTENSIONS
    return Edit(file, text, appended(text or "", hook_lines(site.family)), like if like.exists() else None)


def _line_in_context(site: Site) -> Edit | None:
    """The lookup in a context that somebody wrote; None where that context looks names up already."""
    for file in _with_includes(site.folder, _EXTENSIONS):
        text = read_text(file)
        if text is None or site.context not in _SECTION.findall(text.replace("\r\n", "\n")):
            continue
        _check_marks(file, text)
        rest = without_blocks(text)
        if looks_up(rest, site.context, site.family):
            return None
        places = places_of_lookup(rest, site.context, lookup_line(site.family))
        return Edit(file, text, inserted(rest, places))
    raise ConfigError(
        say(
            "no file of {folder} has the context [{context}]", folder=printable(str(site.folder)), context=site.context
        ),
        hint=say("Name the context that your trunk's `context =` names: --context."),
    )


def _check_marks(file: Path, text: str) -> None:
    if broken_mark(text):
        raise ConfigError(
            say(
                "{file} has one mark of astsync without the other, so nobody knows what is ours",
                file=printable(str(file)),
            ),
            hint=say("Look at the lines `; astsync begin` and `; astsync end` there, and take them out by hand."),
        )


def _own_places(folder: Path) -> Sequence[Path]:
    """The files into which we may have written."""
    plain = [*_with_includes(folder, _MANAGER), *_with_includes(folder, _EXTENSIONS)]
    custom = [folder / _CUSTOM_MANAGER, folder / _CUSTOM_EXTENSIONS, folder / "manager.d" / "astsync.conf"]
    return list(dict.fromkeys((*plain, *custom)))


def _with_includes(folder: Path, name: str) -> list[Path]:
    """A file and what it includes, as far as it lies in this folder."""
    waiting, found = [folder / name], list[Path]()
    while waiting and len(found) < _MOST_INCLUDED:
        file = waiting.pop(0)
        if file in found:
            continue
        found.append(file)
        for included in _INCLUDE.findall(read_text(file) or ""):
            pattern = included.strip().removeprefix(f"{folder}/")
            if not pattern.startswith("/"):
                with suppress(ValueError, NotImplementedError, OSError):  # a pattern that is none for Python
                    waiting += sorted(filter(Path.is_file, folder.glob(pattern)))  # Asterisk reads no others
    return found
