"""The AWS CLI and programs that use boto3, each run in a fork of this process.

To import them takes three times as long as most commands, and so does it to read the descriptions of services: what a
fork has read of those, this process reads too, for those that follow. Reads one request a line: {"id", "env", "cwd", "out",
"err"} and either "aws": [arguments] or "program": text; answers with a line {"id", "code"} when it has ended.
"""

import gc
import json
import os
import selectors
import signal
import sys
import traceback

import awscli.clidriver
import awscli.handlers
import boto3
import botocore.auth
import botocore.endpoint
import botocore.parsers
import botocore.serialize

# The second version of the CLI has a botocore of its own.
LOADERS = [name for name in ('botocore.loaders', 'awscli.botocore.loaders') if name in sys.modules]
answers = os.fdopen(os.dup(1), 'w')
running = {}
read = {}


def keep_files(module):
    """What is read of a file is kept; the files of these packages do not change."""
    loader = sys.modules[module].JSONFileLoader
    load_file = loader.load_file

    def kept(self, file_path):
        key = (module, file_path)
        if key not in read:
            read[key] = load_file(self, file_path)
        return read[key]

    loader.load_file = kept


def keep_services(module):
    """And which services there are: to find out is to look into each one's folder."""
    loader = sys.modules[module].Loader
    list_available_services = loader.list_available_services

    def kept(self, type_name):
        key = (module, type_name, *self.search_paths)
        if key not in read:
            read[key] = list_available_services(self, type_name)
        return read[key]

    loader.list_available_services = kept


def read_too(key):
    module, what, *search_paths = key
    if search_paths:
        loader = sys.modules[module].Loader(extra_search_paths=search_paths, include_default_search_paths=False)
        loader.list_available_services(what)
        read[tuple(key)] = read[(module, what, *loader.search_paths)]
    else:
        sys.modules[module].JSONFileLoader().load_file(what)


def move_home(before, now):
    """What the CLI made of HOME when it was imported: where it keeps the sessions of roles."""
    for module in [each for name, each in sys.modules.items() if name.startswith('awscli')]:
        for name, value in list(vars(module).items()):
            if isinstance(value, str) and value.startswith(before + '/.aws/'):
                setattr(module, name, now + value[len(before) :])


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
    home = os.path.expanduser('~')
    os.environ.clear()
    os.environ.update(request['env'])
    if os.path.expanduser('~') != home:
        move_home(home, os.path.expanduser('~'))
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


def notes_of(request):
    return request['out'] + '.read'


def note_read(request, before):
    new = [key for key in read if key not in before]
    if new:
        with open(notes_of(request), 'w') as notes:
            json.dump(new, notes)


def read_what_it_read(request):
    try:
        with open(notes_of(request)) as notes:
            for key in json.load(notes):
                if tuple(key) not in read:
                    read_too(key)
    except (FileNotFoundError, ValueError):  # it read nothing new; or was killed while it said so
        return
    os.unlink(notes_of(request))
    gc.freeze()  # a collection in a fork would copy all of it


def reap():
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        request = running.pop(pid)
        print(json.dumps({'id': request['id'], 'code': os.waitstatus_to_exitcode(status)}), file=answers, flush=True)
        read_what_it_read(request)


def main():
    for module in LOADERS:
        keep_files(module)
        keep_services(module)
    gc.freeze()
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
                    before = set(read)
                    try:
                        become(request)
                    finally:
                        note_read(request, before)
                running[pid] = request
        reap()


main()
