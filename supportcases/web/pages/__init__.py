"""The pages for people: HTML beside the API."""
