"""An IMAP session that waits for mail: run inside the machine, by its own Python.

    idle.py NAME READY        the app password on standard input

Makes the file READY when it is in, and prints `ended` when the server has ended it.
"""

import imaplib
import ssl
import sys
from pathlib import Path

name, ready = sys.argv[1], Path(sys.argv[2])
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
client = imaplib.IMAP4("127.0.0.1")
client.starttls(context)
client.login(name, sys.stdin.read().strip())
client.select("INBOX", readonly=True)
client.send(b"a IDLE\r\n")
client.readline()
ready.touch()
while client.readline():
    pass
print("ended")
