"""Pictures of any kind of file, brought to sRGB, upright, 8 or 16 bits, or refused by name."""
