"""Accounts and what belongs to them: invitations, sessions, API tokens, members of sites, and the audit log.

Everything lies in one slot of Redis (`shared/keys.py`), and what hangs together is changed by one script.
"""
