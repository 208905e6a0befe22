"""What commands print: reports, tasks, progress, the capability matrix."""
