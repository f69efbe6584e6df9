"""The control plane under `/__admin`: HTTP, pages and JSON, by which a test or a person steers and inspects the mock.

`routes.register` adds it to the application. Nothing else of the mock imports it.
"""
