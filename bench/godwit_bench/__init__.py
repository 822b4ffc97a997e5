"""The benchmark harness of `./dev bench`; bench/README.md tells how to read what it measures."""
