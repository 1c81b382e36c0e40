"""moto's S3, SNS and SQS on a free port of loopback.

Prints the port once it listens. Ends when its standard input does: whoever started it is gone then. Calls are answered
one at a time: a condition (If-Match) and the write that depends on it are one step, as they are in S3.
"""

import os
import sys
import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


class Quiet(MotoRequestHandler):
    def log(self, *_):
        pass


class OneAtATime:
    def __init__(self, app):
        self.app = app
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        with self.lock:
            return list(self.app(environ, start_response))


def end_with_the_parent():
    sys.stdin.read()
    os._exit(0)


app = OneAtATime(DomainDispatcherApplication(create_backend_app))
server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
os.environ["MOTO_PORT"] = str(server.server_port)
threading.Thread(target=end_with_the_parent, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
