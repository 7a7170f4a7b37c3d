#!/usr/bin/python3
"""Shows a directory at a mount point, and fails as a file of rules says, which is read anew when it changes.

    fault-fs.py REAL MOUNT RULES.json

A rule: {"op": "write", "errno": "EIO", "every": 7}. Of the operations of that name every so many-th fails. For each fault
a line is printed: the time in seconds, the operation and the path.
"""
import errno
import json
import os
import sys
import threading
import time

from fusepy import FUSE, FuseOSError, Operations


class FaultFs(Operations):
    use_ns = True

    def __init__(self, root, rules):
        self.root = os.path.realpath(root)
        self.rules_file = rules
        self.read_at = None
        self.rules = []
        self.counts = {}
        self.mutex = threading.Lock()

    def real(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def check(self, op, path):
        with self.mutex:
            # The clock of files ticks every few milliseconds: two sets of rules may have one time.
            found = os.stat(self.rules_file)
            changed = (found.st_ino, found.st_mtime_ns, found.st_size)
            if changed != self.read_at:
                with open(self.rules_file, encoding="utf-8") as file:
                    self.rules = json.load(file)
                self.read_at = changed
                self.counts = {}
            for rule in self.rules:
                if rule["op"] != op:
                    continue
                self.counts[op] = self.counts.get(op, 0) + 1
                if self.counts[op] % rule["every"] == 0:
                    print(f"{time.time():.6f} {op} {path}", flush=True)
                    raise FuseOSError(getattr(errno, rule["errno"]))

    def __call__(self, op, path, *args):
        if op not in ("init", "destroy"):
            self.check(op, path)
        if not hasattr(self, op):
            raise FuseOSError(errno.ENOSYS)
        return getattr(self, op)(path, *args)

    def access(self, path, mode):
        if not os.access(self.real(path), mode):
            raise FuseOSError(errno.EACCES)

    def chmod(self, path, mode):
        return os.chmod(self.real(path), mode)

    def chown(self, path, uid, gid):
        return os.lchown(self.real(path), uid, gid)

    def getattr(self, path, fh=None):
        found = os.lstat(self.real(path))
        names = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_ino")
        times = {f"st_{name}time": getattr(found, f"st_{name}time_ns") for name in "acm"}
        return {**{name: getattr(found, name) for name in names}, **times}

    def readdir(self, path, fh):
        return [".", ".."] + os.listdir(self.real(path))

    def readlink(self, path):
        return os.readlink(self.real(path))

    def rmdir(self, path):
        return os.rmdir(self.real(path))

    def mkdir(self, path, mode):
        return os.mkdir(self.real(path), mode)

    def statfs(self, path):
        found = os.statvfs(self.real(path))
        names = ("bavail", "bfree", "blocks", "bsize", "favail", "ffree", "files", "flag", "frsize", "namemax")
        return {f"f_{name}": getattr(found, f"f_{name}") for name in names}

    def unlink(self, path):
        return os.unlink(self.real(path))

    def symlink(self, name, target):
        return os.symlink(target, self.real(name))

    def rename(self, old, new):
        return os.rename(self.real(old), self.real(new))

    def link(self, target, name):
        return os.link(self.real(name), self.real(target))

    def utimens(self, path, times=None):
        return os.utime(self.real(path), ns=times, follow_symlinks=False)

    def open(self, path, flags):
        return os.open(self.real(path), flags)

    def create(self, path, mode, fi=None):
        return os.open(self.real(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)

    def read(self, path, length, offset, fh):
        return os.pread(fh, length, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.real(path), length)

    def flush(self, path, fh):
        return 0

    def release(self, path, fh):
        return os.close(fh)

    def fsync(self, path, datasync, fh):
        return os.fsync(fh)


if __name__ == "__main__":
    os.umask(0)
    FUSE(
        FaultFs(sys.argv[1], sys.argv[3]),
        sys.argv[2],
        foreground=True,
        default_permissions=True,
        attr_timeout=0,
        entry_timeout=0,
    )
