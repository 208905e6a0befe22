"""What our structs need beside msgspec: types made ready for threads, and loops written out."""
