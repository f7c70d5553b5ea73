"""Names of counterparties to names for a phone's display. The rooms, in the order in which a name passes them:

1. ``maker``: walks a name through the rooms below, and remembers what it learned of each word.
2. ``cleaning``: every character made plain; a Latin letter in a Cyrillic word, or the reverse, turned back.
3. ``form_words``: each word as legal forms see it. It uses ``form_table`` (all short forms, some full ones),
   ``form_grammar`` (the full forms that follow a rule) and ``form_spelling`` (typing errors, abbreviations).
4. ``legal_forms``: the legal form found at either end of the name, and taken out.
5. ``languages``: the language of the name, by its letters, its form, the phone's country.
6. ``alphabets``: each word in Latin letters, by the alphabet of that language.
7. ``trimming``: loose signs taken away, and the name cut to its longest.

``closed_marks`` is apart: it finds the words that mark a card as closed, for ``phonebook.claims``.
"""
