"""The command line of rushes.

Public, for packages that bring commands of their own (`rushes.commands` entry points):

- `options`: the options of a request, their completion, `--json`
- `request_input`: from those options to a request
- `strict_json`: JSON read strictly, with the place of each error
- `terminal`: text for a terminal, control characters escaped; JSON output
- `task_output`: a task, or why there is none, on standard output
- `exit_codes`: what each exit code means, and which error leads to which

`main` is the entry point of `rushes`, and has the group of all its commands. Folders that begin
with an underscore are private.
"""
