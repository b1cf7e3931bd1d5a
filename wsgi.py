"""The application that gunicorn serves and the `flask` command runs."""

import sys

from reservations.app import create_app
from reservations.config import ConfigError, Settings

try:
    app = create_app(Settings.from_env())
except (ConfigError, ValueError) as error:
    sys.exit(f"reservations: {error}")
