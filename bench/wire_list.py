#!/usr/bin/env python3
"""What a page of the list costs us, beside the least it can cost and beside a general library, in one run.

    python -m bench.wire_list --port 8143 --user ana@brand-a.test --secret … [--folder INBOX] [--rounds 200]

Three readers fetch the newest 50 messages over kept connections with the folder selected, in turn:
  floor       NOOP and FETCH by number on a bare socket, answers read and thrown away
  ours        mail.imap: `select` (a NOOP) and `page` (a SORT of the newest 1,000, then FETCH), rows ready to show
  IMAPClient  the floor's commands, answers as IMAPClient parses them
Printed: median wall and CPU milliseconds of this process for each, and their ratio to the floor.
"""

import argparse
import base64
import socket
import statistics
import time
from collections.abc import Callable

from imapclient import IMAPClient

from mail.imap.client import connect
from mail.imap.summaries import SUMMARY_ITEMS
from mail.sasl import Credential, plain
from webmail.reading.folders import WINDOW

PAGE = 50
Reader = Callable[[], int]


def floor(host: str, port: int, credential: Credential, folder: str) -> Reader:
    sock = socket.create_connection((host, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.recv(65536)

    def ask(command: bytes) -> bytes:
        sock.sendall(b"a " + command + b"\r\n")
        got = bytearray()
        while b"\na " not in got[-400:] and not got.startswith(b"a "):
            got += sock.recv(262144)
        return bytes(got)

    ask(b"AUTHENTICATE PLAIN " + base64.b64encode(plain(credential)))
    answer = ask(b'EXAMINE "' + folder.encode() + b'"')
    exists = int(answer.split(b" EXISTS")[0].rsplit(b" ", 1)[-1])
    fetch = b"FETCH %d:%d %s" % (max(1, exists - PAGE + 1), exists, SUMMARY_ITEMS)

    def read() -> int:
        ask(b"NOOP")
        return ask(fetch).count(b" FETCH (")

    return read


def ours(host: str, port: int, credential: Credential, folder: str) -> Reader:
    imap = connect(host, port, credential)

    def read() -> int:
        imap.session.resume()
        exists = imap.session.select(folder).exists
        window = (max(1, exists - WINDOW + 1), exists)
        size = window[1] - window[0] + 1
        return len(imap.rows.page(size - PAGE + 1, size, window))

    return read


def library(host: str, port: int, credential: Credential, folder: str) -> Reader:
    client = IMAPClient(host, port, ssl=False, use_uid=False)
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sasl_login("PLAIN", lambda _: plain(credential))
    exists = client.select_folder(folder, readonly=True)[b"EXISTS"]
    numbers = list(range(max(1, exists - PAGE + 1), exists + 1))

    def read() -> int:
        client.noop()
        return len(client.fetch(numbers, SUMMARY_ITEMS[1:-1].split()))

    return read


def measure(readers: dict[str, Reader], rounds: int) -> dict[str, tuple[float, float]]:
    """Median wall and CPU milliseconds of each; they take turns, so that a noisy moment meets all of them."""
    wall: dict[str, list[float]] = {name: [] for name in readers}
    cpu: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, read in readers.items():
            started, used = time.perf_counter(), time.process_time()
            read()
            wall[name].append((time.perf_counter() - started) * 1000)
            cpu[name].append((time.process_time() - used) * 1000)
    return {name: (statistics.median(wall[name]), statistics.median(cpu[name])) for name in readers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--folder", default="INBOX")
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    where = (given.host, given.port, Credential(given.user, given.secret, given.user), given.folder)
    readers = {"floor": floor(*where), "ours": ours(*where), "IMAPClient": library(*where)}
    counts = {name: read() for name, read in readers.items()}
    if len(set(counts.values())) != 1:
        raise SystemExit(f"the readers disagree: {counts}")
    found = measure(readers, given.rounds)
    print(f"{'':12}{'wall ms':>10}{'CPU ms':>10}{'wall/floor':>12}{'CPU/floor':>12}   ({counts['ours']} rows)")
    base_wall, base_cpu = found["floor"]
    for name, (wall, cpu) in found.items():
        print(f"{name:12}{wall:10.2f}{cpu:10.2f}{wall / base_wall:12.1f}{cpu / base_cpu:12.1f}")


if __name__ == "__main__":
    main()
