"""What the subcommands need: options, the live table, the preview, the summary, exit codes."""
