"""A target for Prometheus with exemplars and metadata, as OpenMetrics text.

  openmetrics.py --port P
"""
import argparse
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = """# TYPE work_seconds histogram
# UNIT work_seconds seconds
# HELP work_seconds How long the work took.
work_seconds_bucket{{le="0.1"}} 1 # {{trace_id="0af7"}} 0.05 {time}
work_seconds_bucket{{le="+Inf"}} 3 # {{trace_id="b7ad",span_id="01"}} 4.5 {time}
work_seconds_sum 9.5
work_seconds_count 3
# TYPE jobs counter
# HELP jobs Jobs done.
jobs_total 7
# EOF
"""
started = time.time()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        text = TEXT.format(time=started).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Handler).serve_forever()
