"""Terms of memory counters: their step, the kernel's batches, and what readings can miss."""

from __future__ import annotations

from host.evaluate.terms import Measured, Named, Term, evaluated, exact, not_evaluated
from host.evaluate.type_b import rectangular, triangular
from host.handover.text import Txt

# Linux from 6.2 on counts RSS in percpu counters (mm/memory.c and include/linux/mm.h, commit
# f1a7941243c1): what is read lacks up to one batch a CPU; lib/percpu_counter.c: the batch is
# max(32, 2 * CPUs) pages. Before, up to 64 pages a thread waited (TASK_RSS_EVENTS_THRESH,
# mm/memory.c); with a thread on every CPU the larger of both is an upper limit for either.
BATCH_PAGES = 64
BATCH_PER_CPU = 2
# RSS is the sum of file, anonymous and shared-memory pages, each with a counter of its own.
RSS_COUNTERS = 3

_KERNEL = Txt("内核的内存计数", "memory counters of the kernel")
_STEP = Named("page", Txt("计数的步长", "step of the counter"), "By")
_SLACK = Named(
    "batches", Txt("内核按批更新计数", "counters that the kernel updates in batches"), "By"
)
_MISSED = Named("missed", Txt("读数之间漏掉的峰值", "peaks between readings"), "By")


def page_step(of: Measured) -> Term:
    """Memory is counted in pages: what is in use of the last one is not told."""
    page = of.conditions.page_bytes
    if page is None:
        why = Txt("设备没有说明页大小", "the device did not say its page size")
        return Term(not_evaluated(_STEP, _KERNEL, why), "add", 1.0)
    how = Txt(
        f"按 {page} 字节的页计数，半宽半页", f"counted in pages of {page} bytes, half a page"
    )
    return Term(evaluated(_STEP, rectangular(page / 2), _KERNEL, how), "add", 1.0)


def drop_step(of: Measured) -> Term:
    """The same twice, for a difference."""
    page = of.conditions.page_bytes
    if page is None:
        return page_step(of)
    how = Txt(
        f"两次读数之差，按 {page} 字节的页计数，三角分布",
        f"difference of two readings in pages of {page} bytes: triangular over one page",
    )
    return Term(evaluated(_STEP, triangular(page), _KERNEL, how), "add", 1.0)


def rss_batches(of: Measured) -> Term:
    """What waits in batches and is not yet in RSS or its peak (proc_pid_status(5) warns of it)."""
    cpus, page = of.conditions.cpus, of.conditions.page_bytes
    if cpus is None or page is None:
        why = Txt("设备没有说明CPU数或页大小", "the device did not say its CPUs or its page size")
        return Term(not_evaluated(_SLACK, _KERNEL, why), "add", 1.0)
    batch = max(BATCH_PAGES, BATCH_PER_CPU * cpus)
    how = Txt(
        f"proc_pid_status(5)：此值不精确。{cpus} 个CPU × 每批 {batch} 页 × {page} 字节 × "
        f"{RSS_COUNTERS} 个计数器（Linux lib/percpu_counter.c；6.2 之前 mm/memory.c "
        "TASK_RSS_EVENTS_THRESH，按每CPU一个线程计），为半宽",
        f"proc_pid_status(5) calls the value inaccurate: {cpus} CPUs x batches of {batch} pages x"
        f" {page} bytes x {RSS_COUNTERS} counters (Linux lib/percpu_counter.c; before 6.2"
        " mm/memory.c, TASK_RSS_EVENTS_THRESH, with one thread on each CPU) is the half-width",
    )
    by = rectangular(float(cpus * batch * page * RSS_COUNTERS))
    return Term(evaluated(_SLACK, by, _KERNEL, how), "add", 1.0)


def driver_memory(of: Measured) -> Term:
    """Memory of an accelerator as its driver tells it; no document states a step."""
    if of.channel.resolution is not None:
        how = Txt(
            f"驱动给出的步长 {of.channel.resolution:.6g} 字节，半步",
            f"step of {of.channel.resolution:.6g} bytes as the driver states it, half a step",
        )
        by = rectangular(of.channel.resolution / 2)
        return Term(evaluated(_STEP, by, _DRIVER, how), "add", 1.0)
    why = Txt("驱动没有说明步长与更新方式", "the driver states neither step nor update")
    return Term(not_evaluated(_STEP, _DRIVER, why), "add", 1.0)


_DRIVER = Txt("加速器驱动", "driver of the accelerator")


def available_batches(of: Measured) -> Term:
    """MemAvailable is an estimate from counters of zones, whose number the trace does not hold."""
    why = Txt(
        "MemAvailable 由各内存区的计数估算（proc_meminfo(5)），批量误差与区数有关，未记录",
        "MemAvailable is estimated from counters of all zones (proc_meminfo(5)); their batches"
        " depend on the number of zones, which is not recorded",
    )
    return Term(not_evaluated(_SLACK, _KERNEL, why), "add", 1.0)


def missed_peak(of: Measured) -> Term:
    """VmHWM is kept by the kernel; the largest of some readings misses what lies between."""
    if of.channel.kind == "peak":
        why = Txt("峰值由内核保持，不受读数时刻影响", "the kernel keeps the peak between readings")
        return Term(exact(_MISSED, _KERNEL, why), "add", 1.0)
    why = Txt(
        f"{of.basis.amount:.0f} 个读数之间的峰值没有上限可取",
        f"nothing bounds a peak between {of.basis.amount:.0f} readings",
    )
    return Term(not_evaluated(_MISSED, _KERNEL, why), "add", 1.0)


def other_processes(_of: Measured) -> Term:
    """MemAvailable is of the whole system."""
    named = Named("others", Txt("其他进程", "other processes"), "By")
    why = Txt(
        "整机的量，其他进程占用或释放的部分没有分开",
        "a quantity of the whole system: what others took or gave back is not told apart",
    )
    return Term(not_evaluated(named, _KERNEL, why), "add", 1.0)
