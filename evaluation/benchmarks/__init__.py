"""The benchmarks, all of them data: sets, where to get them, how inputs come to be, protocols."""
