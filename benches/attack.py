"""Measures the cost of attacks on a server and their effect on other clients. Bounded, over the loopback interface.

    python3 benches/attack.py target/release/walkshed --data DIR

Requires only Python. DIR is a disposable data folder: the script creates tokens and submits suggestions. Without --data it
creates the demonstration city in a temporary folder. Each attack runs for a few seconds against a separate server, while
an honest client queries `nearby` 50 times per second. Prints one line per attack: the requests, the responses, the CPU
time of the server, its maximum memory growth, and the median, the 99th percentile and the failures of the honest client.
"""

import argparse
import base64
import collections
import gzip
import http.client
import io
import json
import os
import random
import resource
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import zipfile

HONEST_EVERY = 0.02
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A server process with its CPU time and memory."""

    def __init__(self, program, data, port):
        self.port = port
        command = [program, "serve", "--data", data, "--listen", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit("the server did not start")

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith("RssAnon"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.kill()
        self.process.wait()


def post(port, body, headers=(), timeout=60, kind="application/json"):
    """Sends a request and returns the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", "/graphql", body, {"Content-Type": kind, **dict(headers)})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ask(port, query, variables=None, token=None, timeout=60):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = json.dumps({"query": query, "variables": variables or {}})
    return post(port, body, headers, timeout)


def outcome(send):
    """Summarizes the outcome of a request."""
    try:
        status, body = send()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    try:
        errors = json.loads(body).get("errors")
        return errors[0].get("extensions", {}).get("code", "error") if errors else f"ok ({len(body) / 1e6:.1f} MB)"
    except (ValueError, AttributeError):
        return str(status)


def at_once(count, send):
    """Sends the same request concurrently and counts the outcomes."""
    outcomes = collections.Counter()
    threads = [threading.Thread(target=lambda: outcomes.update([outcome(send)])) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


class Honest(threading.Thread):
    """A client that queries nearby facilities repeatedly."""

    def __init__(self, port, places):
        super().__init__(daemon=True)
        self.port, self.places = port, places
        self.times, self.failures = [], 0
        self.running = True

    def run(self):
        chosen = random.Random(1)
        connection = None
        while self.running:
            cell = chosen.choice(self.places)
            query = f'{{ nearby(from: {{cell: "{cell}"}}, first: 20) {{ nodes {{ name }} }} }}'
            began = time.perf_counter()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                connection.request("POST", "/graphql", json.dumps({"query": query}), {"Content-Type": "application/json"})
                answer = json.loads(connection.getresponse().read())
                if answer.get("errors"):
                    self.failures += 1
            except (OSError, http.client.HTTPException, ValueError):
                self.failures += 1
                if connection is not None:
                    connection.close()
                connection = None
            took = time.perf_counter() - began
            self.times.append(took)
            time.sleep(max(0.0, HONEST_EVERY - took))

    def summary(self):
        times = sorted(self.times) or [0.0]
        middle, late = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
        return f"{middle * 1000:.1f} / {late * 1000:.0f} ms, {self.failures} of {len(self.times)} failed"


def workbook(sheet, strings=None):
    """Creates a workbook from the XML of one sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        )
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        package = "http://schemas.openxmlformats.org/package/2006/relationships"
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="a"/></sheets></workbook>',
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="b" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        )
        file.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>')
        file.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}">{strings or "<si><t>name</t></si>"}</sst>')
    return base64.b64encode(out.getvalue()).decode()


IMPORT = """mutation($content: String!) { importRecords(input: {kind: FACILITIES, format: XLSX, dryRun: true, content: $content})
    { problem refusedCount } }"""
NEED = "need: {category: HEALTH_CARE, minutes: 120}"
HALF = "need: {category: HEALTH_CARE, minutes: 30}"


def many(fields):
    return "{ " + " ".join(f"a{n}: {field}" for n, field in enumerate(fields)) + " }"


class Attacks:
    """The attacks. Each runs for a few seconds; its docstring describes the requests."""

    def __init__(self, port, places, tokens):
        self.port, self.places, self.tokens = port, places, tokens

    def ask(self, *arguments, **named):
        return lambda: ask(self.port, *arguments, **named)

    def place(self):
        return f'from: {{cell: "{self.places[0]}"}}'

    def nothing(self):
        """no attack (5 s)"""
        time.sleep(5)
        return collections.Counter()

    def large_cells(self):
        """8 aliases of cellsGeojson, 4 at once"""
        query = many(["coverage(need: {category: HEALTH_CARE}) { cellsGeojson }"] * 8)
        return at_once(4, self.ask(query))

    def large_segments(self):
        """70 aliases of segments, 4 at once"""
        query = many([f"walkshed({self.place()}, minutes: [15]) {{ segments }}"] * 70)
        return at_once(4, self.ask(query))

    def readers_that_do_not_read(self):
        """12 clients that never read their answer (10 s)"""
        query = many(["coverage(need: {category: HEALTH_CARE}) { cellsGeojson }"])
        body = json.dumps({"query": query}).encode()
        head = f"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connections = []
        for _ in range(12):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", self.port))
            connection.sendall(head.encode() + body)
            connections.append(connection)
        time.sleep(10)
        for connection in connections:
            connection.close()
        return collections.Counter(sent=12)

    def large_polygon(self):
        """a polygon of 190,000 corners in variables, 4 at once"""
        chosen = random.Random(2)
        ring = [[106 + chosen.random(), 29 + chosen.random()] for _ in range(190_000)]
        polygon = {"type": "Polygon", "coordinates": [ring + ring[:1]]}
        query = "query($p: GeoJSON!) { facilities(filter: {area: {polygon: $p}}) { totalCount } }"
        return at_once(4, self.ask(query, {"p": polygon}))

    def long_list(self):
        """a list of 500,000 statuses in variables, 4 at once"""
        query = "query($s: [Status!]!) { facilities(filter: {statuses: $s}) { totalCount } }"
        return at_once(4, self.ask(query, {"s": ["CLOSED"] * 500_000}))

    def abandoned(self):
        """56 analyses whose client disconnects after 50 ms (then 10 s)"""
        outcomes = collections.Counter()
        for n in range(56):
            field = f"accessibility(measure: ENHANCED_TWO_STEP, {HALF}, decay: {{form: GAUSSIAN, a: {n + 10}}}) {{ mean }}"
            outcomes.update([outcome(self.ask(many([field]), timeout=0.05))])
        time.sleep(10)
        return outcomes

    def subscriptions(self):
        """50 subscriptions of 90 fields, 3 suggestions (8 s)"""
        fields = " ".join(f"a{n}: center {{ name }}" for n in range(90))
        query = f"subscription {{ registerChanged {{ kind {fields} }} }}"
        stop = time.time() + 8
        outcomes = collections.Counter()

        def follow():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=8)
            try:
                headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
                connection.request("POST", "/graphql", json.dumps({"query": query}), headers)
                answer = connection.getresponse()
                while time.time() < stop:
                    line = answer.readline()
                    if not line:
                        break
                    if line.startswith(b"data: ") and len(line) > 10:
                        outcomes.update(["refused" if b'"errors"' in line[:200] else "events"])
            except (OSError, http.client.HTTPException):
                outcomes.update(["ended"])
            finally:
                connection.close()

        threads = [threading.Thread(target=follow) for _ in range(50)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        for n in range(3):
            self.suggest(n)
        for thread in threads:
            thread.join()
        return outcomes

    def suggest(self, n):
        query = "mutation($t: String!) { submitSuggestion(input: {text: $t, position: {lon: 106.55, lat: 29.56}}) { suggestion { id } userErrors { code } } }"
        return ask(self.port, query, {"t": f"suggestion {n}"}, token=self.tokens["contributor"])

    def suggestions(self):
        """400 suggestions, 40 at once"""
        outcomes = collections.Counter()

        def some():
            for n in range(10):
                outcomes.update([outcome(lambda: self.suggest(n))])

        threads = [threading.Thread(target=some) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def expensive(self, field, count=2):
        return at_once(count, self.ask(many([field])))

    def floating_catchments(self):
        """E2SFCA at 120 minutes, 2 at once"""
        return self.expensive(f"accessibility(measure: ENHANCED_TWO_STEP, {NEED}, decay: {{form: GAUSSIAN, a: 60}}) {{ mean }}")

    def floating_catchments_allowed(self):
        """E2SFCA at 30 minutes, 20 at once"""
        field = f"accessibility(measure: ENHANCED_TWO_STEP, {HALF}, decay: {{form: GAUSSIAN, a: 30}}) {{ mean }}"
        return self.expensive(field, 20)

    def capacities(self):
        """coverage with capacities at 120 minutes, 2 at once"""
        return self.expensive(f"coverage({NEED}, capacity: true) {{ total {{ people }} }}")

    def mean_time(self):
        """MIN_MEAN_TIME of 200 sites, 2 at once"""
        return self.expensive("siteSuggestions(need: {category: HEALTH_CARE}, objective: MIN_MEAN_TIME, count: 200) { gained }")

    def usage(self):
        """8 aliases of underusedCenters over ten years, 2 at once"""
        fields = [f'underusedCenters(from: "2016-12-{n + 1:02}", to: "2026-11-20") {{ compared }}' for n in range(8)]
        return at_once(2, self.ask(many(fields)))

    def slow_bodies(self):
        """1,000 connections that send one byte per second (15 s)"""
        connections = []
        outcomes = collections.Counter()
        for _ in range(1000):
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), timeout=2)
                connection.sendall(
                    b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
                )
                connections.append(connection)
            except OSError:
                outcomes.update(["refused"])
        for _ in range(15):
            for connection in list(connections):
                try:
                    connection.send(b"{")
                except OSError:
                    connections.remove(connection)
                    outcomes.update(["cut off"])
            time.sleep(1)
        outcomes["still open"] = len(connections)
        for connection in connections:
            connection.close()
        return outcomes

    def packed_bodies(self):
        """gzip bodies of 300 kB that decompress to 300 MB, 8 at once"""
        body = gzip.compress(b" " * 300_000_000)
        return at_once(8, lambda: post(self.port, body, {"Content-Encoding": "gzip"}))

    def documents(self):
        """1,000 different documents of 60 kB"""
        outcomes = collections.Counter()
        for n in range(1000):
            query = f"query Q{n} {{ __typename " + "__typename " * 5400 + "}"
            outcomes.update([outcome(self.ask(query))])
        return outcomes

    def mutation_by_get(self):
        """a named mutation by GET, as sent by an image on another site, 20 times"""
        query = 'mutation M { submitSuggestion(input: {text: "by GET", position: {lon: 106.55, lat: 29.56}}) { suggestion { id } } }'
        before = json.loads(self.ask("{ suggestions { totalCount } }")()[1])["data"]["suggestions"]["totalCount"]
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("GET", "/graphql?query=" + urllib.parse.quote(query))
            connection.getresponse().read()
            connection.close()
        after = json.loads(self.ask("{ suggestions { totalCount } }")()[1])["data"]["suggestions"]["totalCount"]
        return collections.Counter(carried_out=after - before)

    def sparse_workbook(self):
        """workbooks of two cells, A1 and XFD1048576, 2 at once"""
        cells = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="1048576"><c r="XFD1048576" t="s"><v>0</v></c></row>'
        content = workbook(cells)
        return at_once(2, self.ask(IMPORT, {"content": content}, token=self.tokens["editor"]))

    def shared_strings(self):
        """workbooks of 1.5 MB whose shared strings decompress to 1 GB, 2 at once"""
        content = workbook('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', "<si><t>" + "a" * 1_000_000_000 + "</t></si>")
        return at_once(2, self.ask(IMPORT, {"content": content}, token=self.tokens["editor"]))

    def large_job(self):
        """2 jobs with 20 aliases of cellsGeojson each (15 s)"""
        query = many(["coverage(need: {category: HEALTH_CARE}) { cellsGeojson }"] * 20)
        start = "mutation($q: String!) { startJob(input: {query: $q}) { job { id } userErrors { message } } }"
        outcomes = at_once(2, self.ask(start, {"q": query}, token=self.tokens["contributor"]))
        time.sleep(15)
        return outcomes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="path of the walkshed binary")
    parser.add_argument("--data", help="disposable data folder (default: a new demonstration city)")
    parser.add_argument("--port", type=int, default=18200)
    parser.add_argument("--only", help="comma-separated names of attacks")
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or folder
        if not arguments.data:
            subprocess.run([arguments.program, "demo", "--data", data], check=True, stdout=subprocess.DEVNULL)
        tokens = {}
        for role in ("contributor", "editor"):
            name = f"attack {role} {time.time_ns()}"
            command = [arguments.program, "token", "create", "--role", role, "--name", name, "--json", "--data", data]
            made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            tokens[role] = json.loads(made)["token"]
        run(arguments, data, tokens)


def run(arguments, data, tokens):
    names = [name for name in vars(Attacks) if not name.startswith("_") and getattr(Attacks, name).__doc__]
    chosen = arguments.only.split(",") if arguments.only else names
    print(f"{'attack':62} | {'responses':40} | CPU s | memory MB | nearby median / 99th, failures")
    for name in chosen:
        server = Server(arguments.program, data, arguments.port)
        try:
            query = "{ coverage(need: {category: HEALTH_CARE}) { cells(first: 200) { nodes { cell } } } }"
            answer = json.loads(ask(arguments.port, query)[1])
            places = [node["cell"] for node in answer["data"]["coverage"]["cells"]["nodes"]]
            honest = Honest(arguments.port, places)
            honest.start()
            time.sleep(1)
            honest.times.clear()
            base, cpu, most = server.memory(), server.cpu(), [0.0]
            watching = threading.Event()

            def watch():
                while not watching.is_set() and server.alive():
                    most[0] = max(most[0], server.memory() - base)
                    time.sleep(0.02)

            watcher = threading.Thread(target=watch, daemon=True)
            watcher.start()
            attacks = Attacks(arguments.port, places, tokens)
            answers = getattr(attacks, name)()
            honest.running = False
            watching.set()
            honest.join(30)
            watcher.join()
            answered = ", ".join(f"{count} {what}" for what, count in answers.most_common(4))
            if server.alive():
                used = f"{server.cpu() - cpu:5.1f} | {most[0]:9.0f}"
            else:
                used, answered = " dead |         -", "THE SERVER IS DEAD"
            print(f"{getattr(Attacks, name).__doc__:62} | {answered:40} | {used} | {honest.summary()}", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
