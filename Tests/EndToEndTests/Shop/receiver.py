"""Receives webhooks and writes each as a line of JSON to a file; shows a gauge to Prometheus.

  receiver.py --port P --file FILE
  GET  /metrics          shop_queue_length
  POST /queue/<number>   sets it
  POST anything else     a webhook
"""
import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

queue_length = 0


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        global queue_length
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/queue/"):
            queue_length = int(self.path.removeprefix("/queue/"))
        else:
            line = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": json.loads(body)}
            with open(options.file, "a") as out:
                out.write(json.dumps(line) + "\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        text = "# TYPE shop_queue_length gauge\nshop_queue_length %d\n" % queue_length
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--file", required=True)
options = parser.parse_args()
open(options.file, "a").close()
ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
