"""MSEC: four sub-networks over a Laplacian pyramid, and its inference at full size."""
