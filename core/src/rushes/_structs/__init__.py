"""What our structs need besides msgspec: types made ready for threads, and unrolled loops."""
