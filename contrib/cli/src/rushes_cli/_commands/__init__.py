"""The built-in commands, a module each, named after its command; imported when it is called."""
