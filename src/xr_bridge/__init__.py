"""One OpenXR session: hands and head in, the cloud drawn around the person."""
