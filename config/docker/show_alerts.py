"""Prints each alert that Alertmanager sends, until you have receivers of your own (compose.yml).

Owns: one line an alert on stdout: what began or is over, how urgent, the sentence, its page.
Does not know: who should hear of it.

    python show_alerts.py [PORT]          docker compose logs alerts
"""

import http.server
import json
import sys


class Alerts(http.server.BaseHTTPRequestHandler):
    """Takes what Alertmanager posts to a webhook."""

    def do_POST(self) -> None:
        """Prints the alerts of one notification."""
        length = int(self.headers.get("content-length", 0))
        try:
            alerts = json.loads(self.rfile.read(length))["alerts"]
            lines = [_line(one) for one in alerts]
        except (ValueError, KeyError, TypeError):
            self.send_error(400)
            return
        sys.stdout.write("".join(lines))
        sys.stdout.flush()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing of requests."""


def _line(alert: dict[str, dict[str, str]]) -> str:
    labels, words = alert["labels"], alert["annotations"]
    told = (alert["status"], labels["severity"], labels["alertname"], words["summary"])
    return f"{'  '.join(map(str, told))}  {words.get('runbook_url', '')}\n"


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    with http.server.ThreadingHTTPServer(("", port), Alerts) as server:
        sys.stdout.write(f"listening on {server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
