"""Bilateral guided upsampling: what was done to a small copy, done to the whole picture."""
