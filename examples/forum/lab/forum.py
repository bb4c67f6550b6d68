"""The forum: keeps posts in MariaDB and asks the web front for the catalog.

Port 8080 serves people and the API, 8081 tells whether it is well, 9090 counts. It speaks plain HTTP and plain
MySQL to plain names; that these are mutual TLS on the wire is the mesh's business.
"""

import html
import json
import os
import socket
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pymysql

NAME = socket.gethostname()
DB_HOST = os.environ.get("FORUM_DB_HOST", "forum-db")
WEBAPP = os.environ.get("FORUM_WEBAPP", "http://webapp:8080")
counts = {}
counts_lock = threading.Lock()


def query(statement, *values):
    """Runs one statement on the database; returns its rows as dictionaries."""
    connection = pymysql.connect(
        host=DB_HOST, user="forum", password="forum", database="forum", autocommit=True, connect_timeout=5,
        read_timeout=5, write_timeout=5, cursorclass=pymysql.cursors.DictCursor,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def posts():
    return query("SELECT id, author, text FROM posts ORDER BY id")


class Answer(BaseHTTPRequestHandler):
    """Answers with what a method of its own returns for the path."""

    protocol_version = "HTTP/1.1"
    paths = {}

    def do_GET(self):
        self.serve("GET")

    def do_POST(self):
        self.serve("POST")

    def serve(self, method):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        action = self.paths.get((method, self.path.split("?")[0]))
        try:
            status, kind, text = action(self, body) if action else (404, "text/plain", "no such page\n")
        except (OSError, ValueError, pymysql.Error) as error:
            status, kind, text = 503, "application/json", json.dumps({"served_by": NAME, "error": str(error)})
        with counts_lock:
            counts[status] = counts.get(status, 0) + 1
        payload = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        """The mesh writes the access log."""


class Forum(Answer):
    def page(self, _):
        rows = "".join(f"<li><b>{html.escape(p['author'])}</b>: {html.escape(p['text'])}</li>" for p in posts())
        return 200, "text/html; charset=utf-8", f"<h1>Forum on {NAME}</h1><ul>{rows}</ul>\n"

    def list_posts(self, _):
        return 200, "application/json", json.dumps({"served_by": NAME, "posts": posts()})

    def add_post(self, body):
        post = json.loads(body)
        query("INSERT INTO posts (author, text) VALUES (%s, %s)", str(post["author"]), str(post["text"]))
        return 201, "application/json", json.dumps({"served_by": NAME})

    def catalog(self, _):
        with urllib.request.urlopen(f"{WEBAPP}/api/catalog", timeout=5) as response:
            return 200, "application/json", json.dumps({"served_by": NAME, "catalog": json.load(response)})

    paths = {
        ("GET", "/"): page,
        ("GET", "/api/posts"): list_posts,
        ("POST", "/api/posts"): add_post,
        ("GET", "/api/catalog"): catalog,
    }


class Health(Answer):
    def health(self, _):
        return 200, "application/json", json.dumps({"status": "ok", "instance_id": NAME})

    paths = {("GET", "/health"): health}


class Metrics(Answer):
    def metrics(self, _):
        with counts_lock:
            lines = [f'forum_answers_total{{status="{status}"}} {n}\n' for status, n in sorted(counts.items())]
        return 200, "text/plain; version=0.0.4", "# TYPE forum_answers_total counter\n" + "".join(lines)

    paths = {("GET", "/metrics"): metrics}


if __name__ == "__main__":
    for port, handler in ((8081, Health), (9090, Metrics)):
        threading.Thread(target=ThreadingHTTPServer(("", port), handler).serve_forever, daemon=True).start()
    ThreadingHTTPServer(("", 8080), Forum).serve_forever()
