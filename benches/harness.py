"""What the benchmark scripts share: places on the streets of an extract, servers in temporary folders, and clients."""

import contextlib
import csv
import json
import math
import os
import random
import resource
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

WALKED = {"residential", "tertiary", "secondary", "unclassified", "living_street", "pedestrian", "footway", "path", "steps"}
"""Ways on which places are put."""

FACILITIES = 100_000
CATEGORY = "health_care"
OTHER_CATEGORIES = ["life_services", "culture_sports", "elderly_care", "lifelong_education", "employment"]


def streets(extract):
    """Returns the segments of public streets of an extract as (lon, lat, lon, lat), with their lengths in metres."""
    import osmium

    segments, lengths = [], []
    for way in osmium.FileProcessor(extract).with_locations().with_filter(osmium.filter.KeyFilter("highway")):
        if not way.is_way() or way.tags["highway"] not in WALKED or way.tags.get("access", "yes") in ("private", "no"):
            continue
        nodes = [(n.lon, n.lat) for n in way.nodes if n.location.valid()]
        for a, b in zip(nodes, nodes[1:]):
            metres = distance(a, b)
            if metres > 0:
                segments.append((*a, *b))
                lengths.append(metres)
    if not segments:
        raise SystemExit(f"{extract} has no streets")
    return segments, lengths


def distance(a, b):
    """Returns the distance of two near positions in metres."""
    return math.hypot((a[0] - b[0]) * math.cos(math.radians(a[1])) * 111_320, (a[1] - b[1]) * 110_900)


def places(network, count, seed):
    """Returns positions on streets, uniformly by length. The same seed gives the same positions."""
    generator = random.Random(seed)
    chosen = generator.choices(network[0], weights=network[1], k=count)
    shares = [generator.random() for _ in chosen]
    return [(round(x + (u - x) * t, 7), round(y + (v - y) * t, 7)) for (x, y, u, v), t in zip(chosen, shares)]


def prepare_facilities(walkshed, network, path, reached):
    """Imports 100,000 facilities at places on the streets, and writes them to a file. Chooses the share of the category so that a
    place reaches a given number of them within 15 minutes, at the median; returns the share."""
    write_facilities(network, path, 1.0)
    walkshed.call("import", "facilities", str(path))
    port, spots = free_port(), places(network, 100, 5)
    with walkshed.serve(port):
        connection = Connection(port)
        sent = [connection.send(request(port, "/graphql", graphql(NEARBY % "totalCount", p=point(p)))) for p in spots]
    counts = sorted(check("nearby", *answer, answers("nearby"))["data"]["nearby"]["totalCount"] for answer in sent)
    share = min(1.0, reached / max(1, counts[len(counts) // 2]))
    write_facilities(network, path, share)
    walkshed.call("import", "facilities", str(path))
    return share


def write_facilities(network, path, share, count=FACILITIES):
    """Writes facilities at places on the streets, of which a share has the category that is asked for."""
    generator = random.Random(7)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name", "category", "lon", "lat"])
        for n, (lon, lat) in enumerate(places(network, count, 8)):
            category = CATEGORY if generator.random() < share else generator.choice(OTHER_CATEGORIES)
            writer.writerow([f"f-{n:06}", f"Facility {n}", category, lon, lat])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def running(command, port, path="/", body=None, log=None, every=0.05, **options):
    """Runs a server until the block ends. Starts the block when the server answers a request."""
    output = open(log, "wb") if log else subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **options)
    try:
        for _ in range(int(120 / every)):
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended: {Path(log).read_text() if log else process.returncode}")
            try:
                status, _ = Connection(port).send(request(port, path, body))
                if status == 200:
                    break
            except OSError:
                pass
            time.sleep(every)
        else:
            raise SystemExit(f"{command[0]} does not answer")
        yield process
    except SystemExit as failure:
        if log and failure.code and "The log of" not in str(failure.code):
            raise SystemExit(f"{failure.code}\nThe log of {command[0]} ends with:\n{Path(log).read_text()[-2000:]}") from None
        raise
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if log:
            output.close()


def cpu_seconds(process):
    """Returns the time that a process has run, on all cores."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(process):
    """Returns the resident memory of a process in MB."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("/proc has no memory of the process")


def request(port, path, body=None, headers=()):
    """Returns the bytes of an HTTP request: POST with a body of JSON, or GET."""
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


class Connection:
    """A connection that is kept alive."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        """Sends a request and returns the status and the body."""
        self.socket.sendall(data)
        answer = self.socket.recv(1 << 18)
        while (head := answer.find(b"\r\n\r\n")) < 0:
            answer += self.more()
        lower = answer[:head].lower()
        if (at := lower.find(b"content-length:")) >= 0:
            wanted = head + 4 + int(lower[at + 15:].split(b"\r\n", 1)[0])
            parts, have = [answer], len(answer)
            while have < wanted:
                parts.append(self.more())
                have += len(parts[-1])
            body = b"".join(parts)[head + 4:] if len(parts) > 1 else answer[head + 4:]
        else:
            while not answer.endswith(b"0\r\n\r\n"):
                answer += self.more()
            body = unchunked(answer[head + 4:])
        return int(answer[9:12]), body

    def more(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part


def unchunked(data):
    body = b""
    while data:
        size, data = data.split(b"\r\n", 1)
        body += data[:int(size, 16)]
        data = data[int(size, 16) + 2:]
    return body


def check(name, status, body, valid):
    """Ends the program if an answer is not what was asked for."""
    if status != 200:
        raise SystemExit(f"{name}: status {status}: {body[:500]!r}")
    answer = json.loads(body)
    if not valid(answer):
        raise SystemExit(f"{name}: unexpected answer {body[:500]!r}")
    return answer


class Work:
    """Requests of one server for one row of a table."""

    def __init__(self, name, port, path, bodies, valid, headers=()):
        self.name, self.port, self.path, self.bodies, self.headers = name, port, path, bodies, headers
        self.requests = [request(port, path, body, headers) for body in bodies]
        self.latencies, self.next = [], 0
        connection = Connection(port)
        # The answers to some requests are checked; later only the status is.
        self.samples = [check(name, *connection.send(r), valid) for r in self.requests[:20]]

    def run(self, seconds, at_least=3):
        """Sends requests one after another on one connection."""
        connection, end = Connection(self.port), time.perf_counter() + seconds
        count = 0
        while count < at_least or time.perf_counter() < end:
            data = self.requests[self.next % len(self.requests)]
            self.next += 1
            count += 1
            began = time.perf_counter()
            status, _ = connection.send(data)
            self.latencies.append(time.perf_counter() - began)
            if status != 200:
                raise SystemExit(f"{self.name}: status {status}")

    def wrk(self, connections, seconds=3, coding=None):
        """Returns what benches/wrk.lua prints, measured by wrk; None if wrk is not installed."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("".join(json.dumps(body) + "\n" for body in self.bodies))
            file.flush()
            script = str(Path(__file__).parent / "wrk.lua")
            url = f"http://127.0.0.1:{self.port}{self.path}"
            command = ["wrk", "-t", "1", "-c", str(connections), "-d", str(seconds), "--timeout", "60", "-s", script, url, "--", file.name]
            try:
                out = subprocess.run(command + ([coding] if coding else []), capture_output=True, text=True)
            except FileNotFoundError:
                return None
        line = next((line for line in out.stdout.splitlines() if line.startswith("RESULT")), None)
        if line is None:
            raise SystemExit(f"wrk: {out.stdout}{out.stderr}")
        result = [float(field) for field in line.split()[1:]]
        if result[5]:
            raise SystemExit(f"{self.name}: {result[5]:.0f} of the requests of wrk failed")
        return result

    def median(self):
        return statistics.median(self.latencies)

    def share(self, share):
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def measure(works, rounds=6, seconds=0.5):
    """Measures works in turn, in rounds, so that other load on the machine affects all of them."""
    for work in works:
        work.run(seconds)
        work.latencies.clear()
    for _ in range(rounds):
        for work in works:
            work.run(seconds)


def throughput(work, connections=16):
    """Returns the requests per second of many connections as text, if wrk is installed and requests are short."""
    found = None if work.median() > 0.1 else work.wrk(connections)
    return "-" if found is None else f"{found[0]:,.0f}"


def milliseconds(seconds):
    ms = seconds * 1000
    return f"{ms:.3f}" if ms < 1 else f"{ms:.2f}" if ms < 10 else f"{ms:,.0f}"


def table(header, rows):
    """Prints a Markdown table."""
    print("| " + " | ".join(header) + " |")
    print("| " + " | ".join("---" for _ in header) + " |")
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


class Walkshed:
    """The program, and its server on a data folder."""

    def __init__(self, program, folder):
        self.program, self.data = str(Path(program).resolve()), str(folder)

    def call(self, *arguments):
        """Runs a command and returns its time in seconds. `cpu` is its time on all cores, on which other load has little effect."""
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([self.program, *arguments, "--data", self.data], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"walkshed {' '.join(arguments)}: {done.stdout}{done.stderr}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return time.perf_counter() - began

    def serve(self, port, log=None):
        """Runs the server until the block ends."""
        command = [self.program, "serve", "--data", self.data, "--listen", f"127.0.0.1:{port}"]
        return running(command, port, "/health/ready", log=log)


def answers(*path):
    """Returns a check of GraphQL answers: no errors, and something at the end of a path."""
    def valid(answer):
        value = None if answer.get("errors") else answer.get("data")
        for key in path:
            value = value and value[key]
        return bool(value)
    return valid


def graphql(text, **variables):
    return {"query": text, "variables": variables}


def point(place):
    return {"point": {"lon": place[0], "lat": place[1]}}


WALKSHED = "query($p: PlaceInput!) { walkshed(from: $p, minutes: [15]) { bands { polygon } } }"
MATRIX = "query($a: [PlaceInput!]!, $b: [PlaceInput!]!) { travelTimes(origins: $a, destinations: $b) { minutes } }"
NEARBY = (
    "query($p: PlaceInput!) { nearby(from: $p, minutes: 15, first: 20, categories: [HEALTH_CARE]) "
    "{ %s edges { minutes node { id name category } } } }"
)


def matrices(all_places, origins, destinations, metres, count, seed=3):
    """Returns pairs of lists of places, all within a distance of one of them."""
    generator, found = random.Random(seed), []
    middles = list(all_places)
    generator.shuffle(middles)
    for middle in middles:
        around = [p for p in all_places if distance(p, middle) <= metres]
        if len(around) >= origins + destinations:
            chosen = generator.sample(around, origins + destinations)
            found.append((chosen[:origins], chosen[origins:]))
            if len(found) == count:
                return found
    raise SystemExit(f"no {origins + destinations} places within {metres} m of each other; the extract is too small")


def system():
    """Describes the machine."""
    model = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    return f"{os.cpu_count()} cores ({model})"
