"""Told in time: a failure, a refusal, a recovery, the week in a digest, by mail, to a web service, by a Telegram bot.

``outcome`` says what a run came to, ``memory`` remembers what was told, ``events`` decides what is worth telling (it is
pure), ``notices`` makes the words, ``mail`` and ``web`` send them, ``telling`` joins all of it. Nothing here changes
the result of a run: a way that does not work is one warning.
"""
