"""rushes for agents: a server of the Model Context Protocol on standard input and output.

`command` has `rushes mcp`, `server` makes the server; modules with an underscore are private. An
agent's call, with what `_arguments` describes, comes in at `_looking` or, if it may cost money, at
`_buying`. They leave the rest to others:

- `_videos`, `_comparisons`: what is bought, followed and counted
- `_purchase`: what a call would buy, the question to the user, and the token that stands for a yes
- `_budget`: the user's limits, and what was spent
- `_folder`: the one folder that files come from and go to
- `_jobs`: work that goes on while nobody waits for it
- `_answers`: what an agent is told, without keys and signed links
- `_desk`: what all of these share for as long as the server runs
"""
