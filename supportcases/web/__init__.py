"""The API over HTTP: everything that knows Falcon or marshmallow."""
