"""The sandbox: a stand-in 1C, a stand-in PBX, a private Asterisk, and the story of ``astsync demo`` that uses them."""
