"""The api: accepts what editors and programs send, and tells how it went.

Read it in this order: `app.py` (what it is made of), `endpoint.py` (one record per operation, from which the routes
and the OpenAPI document both come), `asking.py` (a request, checked part by part), one file per resource (`sites.py`,
`pages.py`, `versions.py`, `publications.py`), and `problems.py` (what is said about a body that is not right).
"""
