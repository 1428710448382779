"""The peer in Python: sends one command and reads until so many bytes are there. Prints the time of each round, ms.

usage: read_loop.py PATH BAUD COMMAND-HEX BYTES ROUNDS
"""
import sys
import time

import serial

path, baud, command, wanted, rounds = sys.argv[1], *sys.argv[2:]
wanted = int(wanted)
with serial.Serial(path, int(baud), timeout=20) as port:
    for _ in range(int(rounds)):
        begun = time.perf_counter()
        port.write(bytes.fromhex(command))
        got = 0
        while got < wanted:
            got += len(port.read(min(max(1, port.in_waiting), wanted - got)))
        print((time.perf_counter() - begun) * 1000, flush=True)
