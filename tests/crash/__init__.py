"""Real processes, killed with SIGKILL at named points and at random, and resumed."""
