"""The reference page of the API: the OpenAPI document for people, without a script and without outside assets."""
