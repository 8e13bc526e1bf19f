"""The shop behind the sandbox: what it holds, what it does when it is asked, and how it can go wrong.

Part of the sandbox only; nothing of the adapter imports it.
"""
