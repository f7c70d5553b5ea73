"""What a dialplan makes of a call, found out by reading it: no channel is made and nothing rings."""
