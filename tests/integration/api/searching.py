"""What is searched for in a list, and what of it is found: every list that is searched is so in the same manner."""

# Slug -> title.
TITLES = {"one": "Spring Sale", "two": "Über die Straße", "spring-1": "100% of it"}
# What is looked for, and the slugs that are found.
SEARCHES = [
    ("spring", ["one", "spring-1"]),
    ("SPRING", ["one", "spring-1"]),
    ("über", ["two"]),
    ("ÜBER", ["two"]),
    ("strasse", ["two"]),
    ("ing s", ["one"]),
    ("100%", ["spring-1"]),
    ("%", ["spring-1"]),
    (".", []),
    ("  one ", ["one"]),
    ("", ["one", "spring-1", "two"]),
]
