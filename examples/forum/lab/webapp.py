"""The web front: shows the forum's posts and serves the catalog.

/api/catalog tells in `xfcc` as whom the mesh let its caller in (the header x-forwarded-client-cert).
"""

import html
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FORUM = os.environ.get("WEBAPP_FORUM", "http://forum:8080")
CATALOG = [{"id": 1, "name": "Tea"}, {"id": 2, "name": "Biscuits"}]


class Webapp(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        try:
            if path == "/":
                self.answer(200, "text/html; charset=utf-8", self.page())
            elif path == "/api/catalog":
                xfcc = self.headers.get("x-forwarded-client-cert")
                self.answer(200, "application/json", json.dumps({"items": CATALOG, "xfcc": xfcc}))
            else:
                self.answer(404, "text/plain", "no such page\n")
        except (OSError, ValueError) as error:
            self.answer(503, "application/json", json.dumps({"error": str(error)}))

    def page(self):
        with urllib.request.urlopen(f"{FORUM}/api/posts", timeout=5) as response:
            found = json.load(response)
        rows = "".join(f"<li><b>{html.escape(p['author'])}</b>: {html.escape(p['text'])}</li>" for p in found["posts"])
        return f"<h1>Posts, served by {html.escape(found['served_by'])}</h1><ul>{rows}</ul>\n"

    def answer(self, status, kind, text):
        payload = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        """The mesh writes the access log."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8080), Webapp).serve_forever()
