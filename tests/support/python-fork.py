"""The AWS CLI and programs that use boto3, each run in a fork of this process.

To import them takes three times as long as most commands. Reads one request a line: {"id", "env", "cwd", "out", "err"} and
either "aws": [arguments] or "program": text; answers with a line {"id", "code"} when it has ended.
"""

import json
import os
import selectors
import signal
import sys
import traceback

import awscli.clidriver
import boto3
import botocore.auth
import botocore.endpoint
import botocore.parsers
import botocore.serialize

answers = os.fdopen(os.dup(1), 'w')
running = {}


def redirect(path, fd, flags):
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, fd)
    os.close(opened)


def become(request):
    """This fork is now a process of its own, as if it had been started so."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    answers.close()
    data_path = os.environ.get('AWS_DATA_PATH')  # set by awscli for itself, when it is imported
    os.environ.clear()
    os.environ.update(request['env'])
    redirect(os.devnull, 0, os.O_RDONLY)
    redirect(request['out'], 1, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    redirect(request['err'], 2, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.chdir(request['cwd'])
    if 'aws' in request:
        if data_path is not None:
            os.environ['AWS_DATA_PATH'] = data_path
        sys.argv = ['aws', *request['aws']]
        sys.exit(awscli.clidriver.main())
    sys.argv = ['-c']
    exec(compile(request['program'], '<string>', 'exec'), {'__name__': '__main__'})
    sys.exit(0)


def reap():
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        print(json.dumps({'id': running.pop(pid), 'code': os.waitstatus_to_exitcode(status)}), file=answers, flush=True)


def main():
    woken, wake = os.pipe()
    for fd in (woken, wake):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    ready = selectors.DefaultSelector()
    ready.register(0, selectors.EVENT_READ)
    ready.register(woken, selectors.EVENT_READ)
    left = b''
    while True:
        for key, _ in ready.select():
            if key.fd == woken:
                os.read(woken, 4096)
                reap()
                continue
            data = os.read(0, 1 << 20)
            if not data:
                return
            *lines, left = (left + data).split(b'\n')
            for line in lines:
                request = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    become(request)
                running[pid] = request['id']
        reap()


main()
