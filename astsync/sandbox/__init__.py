"""The sandbox: a stand-in 1C, a private Asterisk, a stand-in PBX, and the story that uses them."""
