"""The film studio of the sandbox: a scene goes in, a whole MP4 file comes out."""
