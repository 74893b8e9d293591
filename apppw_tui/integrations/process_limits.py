"""Limits of a process: what the kernel may do with its secrets, and how much it may take."""

import contextlib
import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4  # prctl(2)
_M_ARENA_MAX = -8  # mallopt(3)
# Bytes of address space. A portal on the largest window has 430 MB of it and a hash takes 64 more,
# most of the rest is threads' stacks. What goes beyond is a fault or an attack, and ends this one
# session instead of the machine's memory.
PORTAL_MEMORY = 1536 * 1024 * 1024


def processors() -> int:
    """Returns the number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and the BSDs
        return os.cpu_count() or 1


def keep_out_of_dumps() -> None:
    """From now on a crash leaves no core, and no other process of the same user can look inside."""
    with contextlib.suppress(OSError, ValueError):  # a hard limit of 0 is as good
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):  # another libc, another kernel
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def bound_memory(most: int = PORTAL_MEMORY) -> None:
    """From now on the process has at most `most` bytes of address space.

    The soft limit alone: a program that sends codes may need more, and gets it back.
    """
    with contextlib.suppress(OSError, AttributeError):
        # Otherwise each thread reserves 64 MiB of it, on a machine with many processors.
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def unbind_memory(pid: int) -> None:
    """Gives the child `pid` what this process had before `bound_memory`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != hard:
        with contextlib.suppress(OSError):  # it has ended already, or become another user
            resource.prlimit(pid, resource.RLIMIT_AS, (hard, hard))
