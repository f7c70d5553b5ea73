"""Phone fields to numbers. The rooms, in the order in which a phone field passes them:

1. ``phone_row``: the field as the source has it, a text and perhaps a structure beside it; decides what is read.
2. ``parser``: one text to keys; walks the text through the rooms below, and writes each number in the forms wanted.
3. ``cleaning``: every character made plain; entities and percent-encoding decoded.
4. ``damage``: what spreadsheets and typists did to a number undone, where that is certain.
5. ``not_phones``: accounts, dates, hours, sums and extensions cut away.
6. ``runs``: the rest cut into runs, each of digits and the weak signs among them.
7. ``area_codes``: a run that is an area code and nothing else.
8. ``field_numbers``: run by run, the numbers of the field; a local number takes over an area code.
9. ``run_cutting``: a run that holds several numbers, cut the cheapest way. It uses ``run_groups`` (the groups of digits
   in a run), ``pieces`` (what a piece can be and costs) and the finders of pieces: ``whole_numbers``,
   ``local_numbers``, ``small_numbers``.
10. ``reading``: digits read as one number of any country; ``reading_seven``: as one of Russia or Kazakhstan.
11. ``country_plan``: what is valid in a country; ``calling_codes``: behind a calling code; both ask
    ``metadata_patterns``, made of libphonenumber's own.

Most fields hold one plainly written number. ``parser`` asks ``country_plan`` for it at once and skips rooms 3 to 10. So
it does where ``plain_fields`` finds several of them, words and an extension around one, or a local number.
"""
