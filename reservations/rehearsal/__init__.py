"""A rehearsal: a realistic sale, played on a copy of an event, over HTTP, before the day.

`stage.py` makes the copy and reads its books, `sale.py` plays, `patron.py` tells what one
patron does, `proof.py` compares what patrons were told with the books, and `report.py`
writes it all down. It imports the service and tokens, but neither the API, which it asks
as patrons do, nor the store.
"""

from __future__ import annotations
