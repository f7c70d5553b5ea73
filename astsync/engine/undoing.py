"""Putting a run back: what it changed on one PBX, as work in the other direction."""

from collections.abc import Mapping, Set

from astsync.engine.work import Work
from astsync.errors import SafetyError
from astsync.language import about, counted, say
from astsync.phonebook.columns import Stretch, length, uniform
from astsync.phonebook.owners import Act, Step, Steps, code_of
from astsync.phonebook.ownership import step_back
from astsync.phonebook.packed import PackedKeys, PackedNames, PackedRows, RowsBuilder, as_bytes, as_text, stretches
from astsync.phonebook.packed_book import PackedChanges, PackedEntries, PackedHeld
from astsync.phonebook.plan import Plan
from astsync.phonebook.recorded import Meaning, meaning_of
from astsync.text import listed

_NAMED = 5
"""Keys that a refusal names; the rest is counted."""
_DELETED = code_of(Act.DELETE, old=True, new=False)
_WRITTEN = code_of(Act.WRITE, old=False, new=True)
_RELEASED = code_of(Act.RELEASE, old=False, new=True)


class Undoing:
    """What is to be put back on one PBX: ``record`` of the run, what the PBX holds now, and the keys that are ours now.

    ``changed`` are the keys whose value the run changed and which have changed since, so that they cannot be put back.
    A key of which the run changed only the owner is none of them: if its value has changed since, it is left as it is.
    """

    def __init__(
        self,
        record: PackedRows,
        existing: Mapping[str, str],
        owned: Set[str],
        unnameable: Set[str] = frozenset(),
    ) -> None:
        self._unnameable = unnameable
        self._existing, self._owned = PackedNames.of(existing), PackedKeys.of(owned)
        self._steps, self._wanted, self._puts = RowsBuilder(3), RowsBuilder(3), RowsBuilder(3)
        self._add, self._change, self._delete = (RowsBuilder(width) for width in (1, 2, 2))
        self._put_back = RowsBuilder(1)
        self._as_before = 0
        self.changed: list[str] = []
        for before, held, own in stretches(record, self._existing.rows, self._owned.rows):
            if before and not self._take_whole(before, held, own):
                self._take(before, held, own)

    def _take_whole(self, before: Stretch, held: Stretch, own: Stretch) -> bool:
        """Take a whole block of keys that the run all added, or all deleted, and that are as it left them."""
        if before.block is None:
            return False
        keys, kinds, olds, news = before.block
        count = length(keys)
        if kinds != uniform(kinds[:1] if isinstance(kinds, bytes) else b"", count):
            return False
        had, has, was_ours = (
            meaning_of(kinds[0]) if isinstance(kinds, bytes) else Meaning(old=True, new=True, owned=None)
        )
        if has and not had and held.block is not None and held.block[:2] == (keys, news) and own.same(before, 1):
            self._steps.add_block(before.first, (keys, uniform(_DELETED, count), news))
            self._delete.add_block(before.first, (keys, news))
        elif had and not has and not held and was_ours is not None:
            nothing = uniform(b"", count)
            code = _WRITTEN if was_ours else _RELEASED
            self._steps.add_block(before.first, (keys, uniform(code, count), nothing))
            self._wanted.add_block(before.first, (keys, olds, nothing))
            self._puts.add_block(before.first, (keys, olds, nothing))
            self._add.add_block(before.first, (keys,))
        else:
            return False
        self._put_back.add_block(before.first, (keys,))
        return True

    def _take(self, before: Stretch, held: Stretch, own: Stretch) -> None:
        """Take keys one by one."""
        values, ours = dict(zip(*held.lists[:2], strict=True)), set(own.lists[0])
        for number, kind, old_value, new_value in zip(*before.lists, strict=True):
            had, has, was_ours = meaning_of(kind[0])
            old, new = as_text(old_value) if had else None, as_text(new_value) if has else None
            now = as_text(values[number]) if number in values else None
            step = step_back(old, new, now, was_ours=was_ours, ours=number in ours)
            if step is not None:
                self._add_step(number, step)
            elif old != new:
                self.changed.append(as_text(number))

    def _add_step(self, number: bytes, step: Step) -> None:
        act, now, then = step
        code = code_of(act, old=now is not None, new=then is not None, same=now == then)
        key, held, wanted = [number], [as_bytes(now or "")], [as_bytes(then or "")]
        self._steps.add(key, [code], held)
        if then is not None:
            self._wanted.add(key, wanted, [b""])
        if now == then:
            self._as_before += 1
            return
        self._put_back.add(key)
        if then is None:
            self._delete.add(key, held)
            return
        self._puts.add(key, wanted, [b""])
        if now is None:
            self._add.add(key)
        else:
            self._change.add(key, held)

    def work(self) -> Work:
        """Make the work, as far as the keys have not changed since."""
        wanted = PackedEntries(self._wanted.built())
        return Work(
            plan=self._plan(wanted),
            puts=PackedNames(self._puts.built()).items(),
            wanted=wanted.names,
            owned=self._owned,
            steps=Steps(self._steps.built(), wanted.names),
        )

    def _plan(self, wanted: PackedEntries) -> Plan:
        put_back = PackedKeys(self._put_back.built())
        return Plan(
            add=PackedChanges(self._add.built(), wanted),
            change=PackedChanges(self._change.built(), wanted),
            delete=PackedChanges(self._delete.built(), None),
            kept=PackedHeld(self._kept(put_back.rows)),
            existing=len(self._existing),
            desired=len(wanted),
            unchanged=self._as_before,
            deletable=0,
            deletable_changed=0,
            unnameable=tuple(sorted(number for number in self._unnameable if number not in put_back)),
        )

    def _kept(self, put_back: PackedRows) -> PackedRows:
        """The foreign entries that stay as they are."""
        found = RowsBuilder(2)
        for held, own, back in stretches(self._existing.rows, self._owned.rows, put_back):
            if held and not held.same(own, 1):
                others = {*own.lists[0], *back.lists[0]}
                rows = [row for row in zip(*held.lists[:2], strict=True) if row[0] not in others]
                if rows:
                    found.add(*zip(*rows, strict=True))
        return found.built()

    def refusal(self, name: str, run: int) -> SafetyError | None:
        """The reason not to put the run back on the PBX ``name``: keys that have changed since. None where none has."""
        if not self.changed:
            return None
        numbers = sorted(self.changed)
        words = counted(
            "{count:,} key has changed since run {run}: {keys}",
            "{count:,} keys have changed since run {run}: {keys}",
            len(numbers),
            run=str(run),
            keys=listed(numbers, _NAMED),
        )
        hint = say(
            "Nothing was put back there. Somebody else wrote them, or a later run did: undo the later runs first, the "
            "newest before the others (`astsync history` lists them), or leave these keys as they are with "
            "--skip-changed."
        )
        return SafetyError(about(name, words), hint=hint)
