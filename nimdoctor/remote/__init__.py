"""A plan carried out on a host over ssh: the one file is sent, started there on its own, and followed.

What runs there needs nobody: it holds the host's lock and ends its own commands at their deadlines, so a connection
that is lost, or a nimdoctor that is killed, changes nothing for it. What is kept there below STATE/sent lets a later
nimdoctor find it.
"""
