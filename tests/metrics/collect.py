# SPDX-License-Identifier: GPL-2.0
"""In a machine: the figures of heaps, as those who collect them get them.

  collect.py BUILD_DIR MODULE.ko

Reads the text with the parser of Prometheus' own library, talks HTTP to the
listener in all wrong ways, and lets the real Prometheus collect from it.
Prints TAP.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as prometheus_text

import dashboard
import heaps

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
PROMETHEUS = "http://127.0.0.1:9090"
FOLDER = pathlib.Path("/tmp/metrics")


def refheap(*words, **others):
    """What the command prints; it must succeed."""
    return subprocess.run(["refheap", *words], check=True, capture_output=True, text=True,
                          timeout=60, **others).stdout


def document(*words):
    return json.loads(refheap("-j", *words))


class Listener:
    """A listener that runs, on a port of its own choice."""

    def __init__(self, *options):
        self.process = subprocess.Popen(["refheap", "metrics", "--listen", "0", *options],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rsplit(":", 1)[1].split("/")[0])

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(20)
        self.process.stdout.close()
        return status

    def ask(self, accept=None, method="GET", path="/metrics", data=None):
        """Status, headers, body."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        if accept is not None:
            request.add_header("Accept", accept)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def send(self, data):
        """All that comes back for bytes that need not be HTTP."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as connection:
            connection.sendall(data)
            # It may have been refused, and be no connection any more.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextlib.contextmanager
def listening(*options):
    listener = Listener(*options)
    try:
        yield listener
    finally:
        if listener.process.poll() is None:
            listener.end(signal.SIGKILL)


def samples_of(text, parser=openmetrics):
    """All figures by name and labels; each must be there once."""
    found = {}
    for family in parser.text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, f"twice: {key}"
            found[key] = sample.value
    return found


def select(samples, name, **labels):
    """The figure of that name and at least those labels, which is the only one."""
    values = [value for (its_name, its_labels), value in samples.items()
              if its_name == name and labels.items() <= dict(its_labels).items()]
    assert len(values) == 1, f"{len(values)} of {name} {labels}"
    return values[0]


def equal(got, expected, what=""):
    assert got == expected, f"{what}: {got!r}, not {expected!r}"


def figures_are_those_of_other_commands():
    samples = samples_of(refheap("metrics"))
    for heap in document("heap", "list"):
        name = heap["name"]
        for metric, column in (("objects", "objects"), ("object_bytes", "bytes"),
                               ("reserved_bytes", "reserved"), ("names", "names"),
                               ("births_total", "births"), ("deaths_total", "deaths")):
            equal(select(samples, f"refheap_{metric}", heap=name), heap[column], metric)
        for metric, column in (("limit_bytes", "max_bytes"), ("limit_objects", "max_objects")):
            there = [key for key in samples if key[0] == f"refheap_{metric}"
                     and dict(key[1])["heap"] == name]
            equal(bool(there), heap[column] > 0, metric)
        sums = document("-H", name, "arenas")
        total = sum(select(samples, "refheap_arena_bytes", heap=name, space=space)
                    for space in ("refs", "const", "mutable"))
        equal(total, sums["arena_bytes"], "arena_bytes")
        equal(select(samples, "refheap_table_slots", heap=name), sums["table_slots"])
        used = sum(select(samples, "refheap_used_blocks", heap=name, space=space)
                   for space in ("refs", "const", "mutable"))
        equal(used, sums["used_blocks"], "used blocks")
        for number, generation in enumerate(document("-H", name, "gc", "stats")):
            for metric in ("collections", "collected", "uncollectable"):
                full = metric if metric == "collections" else f"{metric}_objects"
                equal(select(samples, f"refheap_gc_{full}_total", heap=name,
                             generation=str(number)), generation[metric], metric)


def both_texts_say_the_same():
    new = samples_of(refheap("metrics"))
    old = samples_of(refheap("metrics", "--format", "prometheus"), prometheus_text)
    fleeting = {"refheap_scrape_duration_seconds", "refheap_oldest_session_seconds"}
    equal({key: value for key, value in new.items() if key[0] not in fleeting},
          {key: value for key, value in old.items() if key[0] not in fleeting})


def promtool_has_nothing_to_say():
    text = refheap("metrics", "--format", "prometheus")
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                            text=True, timeout=60, check=False)
    equal((result.returncode, result.stdout + result.stderr), (0, ""))


def names_are_escaped():
    samples = samples_of(refheap("metrics", "--types", "1000"))
    for name in heaps.HOSTILE_TYPES:
        equal(select(samples, "refheap_type_objects", heap="cache", type=name,
                     kind="instance"), 1, name)


def cardinality_is_bounded():
    samples = samples_of(refheap("-H", "cache", "metrics", "--types", "3"))
    kinds = [dict(key[1]) for key in samples if key[0] == "refheap_type_objects"]
    equal(len(kinds), 4)
    equal(kinds[-1]["kind"], "other")
    total = sum(value for key, value in samples.items() if key[0] == "refheap_type_objects")
    equal(total, select(samples, "refheap_objects", heap="cache"))


def others_see_what_they_may_read():
    text = refheap("metrics", user="nobody", group="nogroup", extra_groups=())
    seen = {dict(key[1])["heap"] for key in samples_of(text) if key[0] == "refheap_objects"}
    equal(seen, {"public"})


def each_gets_the_format_it_wants():
    cases = {
        None: OPENMETRICS, "*/*": OPENMETRICS, "": OPENMETRICS,
        "text/plain": PLAIN, "text/*": PLAIN, "TEXT/PLAIN;version=0.0.4": PLAIN,
        "application/openmetrics-text": OPENMETRICS,
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
        "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1": OPENMETRICS,
        "application/openmetrics-text;q=0.3, text/plain;q=0.7": PLAIN,
        "application/openmetrics-text;version=0.0.1,text/plain;q=0.1": PLAIN,
        "text/html,application/xhtml+xml,*/*;q=0.8": PLAIN,
        "text/plain;q=0": OPENMETRICS, ";;;,,,q=,=;": OPENMETRICS,
    }
    with listening() as listener:
        for accept, kind in cases.items():
            status, headers, body = listener.ask(accept)
            equal((status, headers["Content-Type"]), (200, kind), accept)
            equal(body.endswith("# EOF\n"), kind == OPENMETRICS, accept)


def heads_have_no_body():
    with listening() as listener:
        status, headers, body = listener.ask(method="HEAD")
        equal((status, headers["Content-Type"], body), (200, OPENMETRICS, ""))
        assert int(headers["Content-Length"]) > 1000


def all_else_is_refused():
    with listening() as listener:
        equal([listener.ask(path=path)[0] for path in ("/", "/metrics/", "/metricsx", "//metrics",
                                                       "/..%2fmetrics", "/favicon.ico")],
              [404] * 6)
        for method, data in (("POST", b"x" * 100000), ("PUT", b"x"), ("DELETE", None),
                             ("OPTIONS", None), ("PATCH", b"")):
            status, headers, _ = listener.ask(method=method, data=data)
            equal((status, headers["Allow"]), (405, "GET, HEAD"), method)
        equal(listener.ask(path="/metrics?a=b")[0], 200)


def nonsense_does_no_harm():
    with listening() as listener:
        for data in (b"", b"\r\n", b"GET", b"\0" * 5000, b"GET /metrics\r\n\r\n",
                     b"GET /metrics HTTP/9.9\r\n\r\n", b"G" * 100000,
                     b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
                     b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
                     b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                     b"GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz"):
            with contextlib.suppress(ConnectionError, BrokenPipeError):
                listener.send(data)
        equal(listener.ask()[0], 200)
        equal(listener.end(), 0)


def slow_clients_keep_nobody_out():
    with listening() as listener:
        began = time.monotonic()
        crowd = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(400)]
        drip = socket.create_connection(("127.0.0.1", listener.port))
        for connection in crowd[:200]:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHo")
        equal(listener.ask()[0], 200)
        # More than two rounds of all that it takes at once.
        assert time.monotonic() - began < 60
        with contextlib.suppress(OSError):
            for _ in range(240):
                drip.sendall(b"G")
                time.sleep(0.5)
            assert False, "a connection lasts as long as its client likes"
        for connection in (*crowd, drip):
            connection.close()
        equal(listener.ask()[0], 200)


def a_crowd_leaves_at_once():
    """The listener, which was full, sees it in one turn and must listen again."""
    with listening() as listener:
        files = pathlib.Path(f"/proc/{listener.process.pid}/fd")
        crowd = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(300)]
        # It listens with one more.
        wait_for(lambda: sum(os.readlink(file).startswith("socket:")
                             for file in files.iterdir()) > 256)
        listener.process.send_signal(signal.SIGSTOP)
        for connection in crowd:
            connection.close()
        listener.process.send_signal(signal.SIGCONT)
        equal(listener.ask()[0], 200)


def signals_end_it():
    for number in (signal.SIGTERM, signal.SIGINT):
        listener = Listener()
        listener.ask()
        connection = socket.create_connection(("127.0.0.1", listener.port))
        equal(listener.end(number), 0, number)
        connection.close()
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", listener.port))


def only_loopback_and_free_ports():
    with listening() as listener:
        for where, words in ((f"{listener.port}", "Address already in use"),
                             ("0.0.0.0:0", "is not on loopback"), ("[::]:0", "is not on loopback")):
            result = subprocess.run(["refheap", "metrics", "--listen", where], check=False,
                                    capture_output=True, text=True, timeout=60)
            equal((result.returncode, result.stdout), (1, ""), where)
            assert words in result.stderr, result.stderr
        listeners = [line.split()[1] for line in pathlib.Path("/proc/net/tcp").open()]
        assert f"0100007F:{listener.port:04X}" in listeners


def other_loopback_addresses():
    for where, url in (("[::1]:0", "http://[::1]:"), ("127.0.0.2:0", "http://127.0.0.2:"),
                       ("localhost:0", "http://")):
        with subprocess.Popen(["refheap", "-j", "metrics", "--listen", where],
                              stdout=subprocess.PIPE, text=True) as process:
            found = json.loads(process.stdout.readline())["url"]
            assert found.startswith(url), found
            with urllib.request.urlopen(found, timeout=120) as answer:
                equal(answer.status, 200)
            process.send_signal(signal.SIGTERM)
        equal(process.returncode, 0)


def memory_does_not_grow():
    with listening() as listener:
        def resident():
            status = pathlib.Path(f"/proc/{listener.process.pid}/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0])

        for _ in range(20):
            listener.ask()
        before = resident()
        for _ in range(150):
            listener.ask()
        assert resident() <= before + 256, f"{before} KiB before, {resident()} KiB after"
        files = len(list(pathlib.Path(f"/proc/{listener.process.pid}/fd").iterdir()))
        assert files < 16, f"{files} open files"


def the_module_may_come_and_go(module):
    with listening() as listener:
        equal(listener.ask()[0], 200)
        heaps.end()
        subprocess.run(["rmmod", "refheap"], check=True, timeout=60)
        status, _, body = listener.ask()
        equal((status, body), (503, "the kernel module refheap is not loaded\n"))
        subprocess.run(["insmod", module], check=True, timeout=60)
        equal(listener.ask()[0], 200)
        equal(select(samples_of(listener.ask()[2]), "refheap_heaps"), 0)


def query(expression):
    """The vector that Prometheus gives, as (labels, value)."""
    url = f"{PROMETHEUS}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=60) as answer:
        found = json.load(answer)
    equal(found["status"], "success", expression)
    return [(item["metric"], float(item["value"][1])) for item in found["data"]["result"]]


@contextlib.contextmanager
def prometheus(listener):
    """The real one, with files of its own, collecting every second."""
    FOLDER.mkdir(exist_ok=True)
    rules = heaps.REPOSITORY / "userspace/grafana/refheap-alerts.yml"
    (FOLDER / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"rule_files: ['{rules}']\n"
        "scrape_configs:\n"
        "  - job_name: refheap\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{listener.port}']}}]\n")
    with open(FOLDER / "log", "w", encoding="utf-8") as log, subprocess.Popen(
            ["prometheus", f"--config.file={FOLDER}/prometheus.yml",
             f"--storage.tsdb.path={FOLDER}/data", "--web.listen-address=127.0.0.1:9090"],
            stdout=log, stderr=log) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, AssertionError):
            if condition():
                return
        time.sleep(0.5)
    log = FOLDER / "log"
    raise AssertionError(f"not within {seconds} s; " +
                         (log.read_text()[-2000:] if log.exists() else ""))


def collected_since(now):
    found = query("timestamp(up)")
    return found and found[0][1] > now and query("up")[0][1] == 1


def prometheus_has_the_same_figures(listener):
    wait_for(lambda: collected_since(time.time() - 5))
    # Nothing changes from here on, so the next round is what the command says.
    wait_for(lambda begun=time.time(): collected_since(begun))
    expected = samples_of(listener.ask(accept=OPENMETRICS)[2])
    fleeting = {"refheap_scrape_duration_seconds", "refheap_oldest_session_seconds"}
    got = {}
    for labels, value in query('{__name__=~"refheap_.+"}'):
        name = labels.pop("__name__")
        for label in ("instance", "job"):
            labels.pop(label)
        got[name, tuple(sorted(labels.items()))] = value
    # Labels with nothing in them are none.
    wanted = {(name, tuple(label for label in labels if label[1])): value
              for (name, labels), value in expected.items()}
    equal(set(got), set(wanted), "which there are")
    different = {key: (got[key], wanted[key]) for key in got
                 if key[0] not in fleeting and got[key] != wanted[key]}
    equal(different, {})
    equal(query("scrape_samples_scraped")[0][1], len(expected))


def prometheus_has_nothing_to_say():
    with urllib.request.urlopen(f"{PROMETHEUS}/api/v1/targets", timeout=60) as answer:
        targets = json.load(answer)["data"]["activeTargets"]
    equal([(target["health"], target["lastError"]) for target in targets], [("up", "")])
    log = (FOLDER / "log").read_text()
    wrong = [line for line in log.splitlines() if "level=warn" in line or "level=error" in line]
    equal(wrong, [])


def prometheus_knows_the_kinds():
    with urllib.request.urlopen(f"{PROMETHEUS}/api/v1/metadata", timeout=60) as answer:
        known = json.load(answer)["data"]
    for name, kind, unit in (("refheap_births", "counter", ""), ("refheap_objects", "gauge", ""),
                             ("refheap_gc_hold_seconds", "histogram", "seconds"),
                             ("refheap_object_bytes", "gauge", "bytes"),
                             ("refheap_heap", "info", "")):
        entry = known[name][0]
        equal((entry["type"], entry["unit"]), (kind, unit), name)
        assert entry["help"].endswith("."), entry


def changes_arrive():
    before = query('refheap_births_total{heap="cache"}')[0][1]
    heaps.change()
    wait_for(lambda: query('refheap_births_total{heap="cache"}')[0][1] >= before + 100)
    # What a session held dies after it has been closed, so that both go on changing.
    for name, key in (("births_total", "births"), ("objects", "objects")):
        wait_for(lambda name=name, key=key: query(f'refheap_{name}{{heap="cache"}}')[0][1] ==
                 next(heap[key] for heap in document("heap", "list") if heap["name"] == "cache"))


def alerts_go_off():
    def firing():
        with urllib.request.urlopen(f"{PROMETHEUS}/api/v1/alerts", timeout=60) as answer:
            return {alert["labels"]["alertname"] for alert in json.load(answer)["data"]["alerts"]}

    heaps.refuse()
    wait_for(lambda: "RefheapRefusals" in firing(), 150)


def the_dashboard_shows_what_there_is():
    path = heaps.REPOSITORY / "userspace/grafana/refheap.json"
    board = json.loads(path.read_text())
    dashboard.check(board)
    labels_of = {}
    for labels, _ in query('{__name__=~"refheap_.+"}'):
        labels_of.setdefault(labels["__name__"], set()).update(labels)
    names = set(labels_of)
    shown = set()
    for expression in dashboard.expressions(board):
        used = dashboard.metrics_of(expression)
        assert used and used <= names, f"{expression}: {sorted(used - names)}"
        shown |= used
        query(dashboard.fill_in(expression))
    equal(names - shown, set(), "shown nowhere")
    dashboard.check_labels(board, labels_of)


def systemd_understands_the_unit(build):
    if not shutil.which("systemd-analyze"):
        return "needs systemd"
    unit = (pathlib.Path(build) / "refheap-metrics.service").read_text()
    # The manual page and the command are not where they will be installed.
    lines = [f"ExecStart={build}/" + line.split("/bin/", 1)[1] if line.startswith("ExecStart=")
             else line for line in unit.splitlines() if not line.startswith("Documentation=")]
    copy = FOLDER / "refheap-metrics.service"
    copy.write_text("\n".join(lines) + "\n")
    result = subprocess.run(["systemd-analyze", "verify", str(copy)], check=False, text=True,
                            capture_output=True, timeout=60)
    equal((result.returncode, result.stdout + result.stderr), (0, ""))
    return None


def main():
    build, module = sys.argv[1:]
    os.environ["PATH"] = f"{build}:{os.environ['PATH']}"
    heaps.begin()
    number = failed = 0

    def run(test, *arguments):
        nonlocal number, failed
        number += 1
        skip, wrong = None, []
        try:
            skip = test(*arguments)
        except Exception:
            wrong = traceback.format_exc().splitlines()
            failed += 1
        print(f"{'not ok' if wrong else 'ok'} {number} - {test.__name__.replace('_', ' ')}"
              f"{' # SKIP ' + skip if skip else ''}", flush=True)
        for line in wrong:
            print(f"#   {line}", flush=True)

    for test in (figures_are_those_of_other_commands, both_texts_say_the_same,
                 promtool_has_nothing_to_say, names_are_escaped, cardinality_is_bounded,
                 others_see_what_they_may_read, each_gets_the_format_it_wants,
                 heads_have_no_body, all_else_is_refused, nonsense_does_no_harm,
                 slow_clients_keep_nobody_out, a_crowd_leaves_at_once, signals_end_it,
                 only_loopback_and_free_ports, other_loopback_addresses, memory_does_not_grow):
        run(test)
    with listening("--types", "20") as listener, prometheus(listener):
        run(prometheus_has_the_same_figures, listener)
        for test in (prometheus_has_nothing_to_say, prometheus_knows_the_kinds,
                     the_dashboard_shows_what_there_is, changes_arrive, alerts_go_off):
            run(test)
    run(systemd_understands_the_unit, build)
    run(the_module_may_come_and_go, module)
    print(f"1..{number}")
    return failed > 0


sys.exit(main())
