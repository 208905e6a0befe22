"""Rules from a vocabulary: conditions on a payload, and the shapes that join them."""
