"""The line protocol of every program in Python: see the README of this room."""

import json
import os
import sys
import traceback

BOOTSTRAP = os.environ.get("COMPAT_BOOTSTRAP", "127.0.0.1:9092")


class Unsupported(Exception):
    """What a client has no call for."""


def serve(operations):
    """Serves calls, one after the other, with operations[op](**args)."""
    for line in sys.stdin:
        args = json.loads(line)
        number, op = args.pop("id"), args.pop("op")
        print(json.dumps({"id": number, **answer(operations, op, args)}), flush=True)
    os._exit(0)


def answer(operations, op, args):
    if op not in operations:
        return {"unsupported": f"has no {op}"}
    try:
        return {"result": operations[op](**args)}
    except Unsupported as error:
        return {"unsupported": str(error)}
    except Exception as error:  # whatever a client throws is the answer
        traceback.print_exc(limit=3)
        return {"error": f"{type(error).__name__}: {error}"[:600]}


def portions(records, size=None):
    size = size or len(records)
    return [records[at : at + size] for at in range(0, len(records), size)]


def encoded(value):
    return None if value is None else value.encode("utf-8")


def decoded(value):
    return None if value is None else value.decode("utf-8")
