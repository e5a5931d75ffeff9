"""Restoring pictures, folders and video files with a model."""
