"""What a PBX needs so that astsync may write to it and phones show the names: shown, written, taken out, verified."""
