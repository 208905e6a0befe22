"""What a run needs from its surroundings: clients, the home folder, signals."""
