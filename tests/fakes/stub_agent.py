"""An agent that runs nothing: every attempt is valid at once, without a stream."""

import json
import sys

for line in sys.stdin:
    message = json.loads(line)
    kind = message["type"]
    answer = {"type": kind, "version": 1}
    if kind == "attempt":
        answer = {"type": "attempt_end", "number": message["order"]["number"], "status": "valid"}
        answer |= {"reason": "", "streams": [], "engine": {}, "sources": {}}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    if kind == "bye":
        break
