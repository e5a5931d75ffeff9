"""NeRCo: its generators, normaliser, mask extractor, edges and CLIP judge."""
