"""What the probe needs to be told: how a community file is sent."""

import json

import schemathesis


@schemathesis.serializer("application/toml")
def toml(_context, value):
    """A text goes as it is; anything else is sent as JSON, which is no TOML and must be refused."""
    return value if isinstance(value, (bytes, str)) else json.dumps(value)
