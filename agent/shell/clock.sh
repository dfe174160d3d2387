# Time. Every stamp is on CLOCK_BOOTTIME (it counts suspend), in ns since boot.
#
# No shell can read that clock but through /proc/uptime, which shows it cut to 10 ms. Where the
# shell has $EPOCHREALTIME (CLOCK_REALTIME, steps of 1 us) a stamp is that less a constant. The
# constant is found at an edge of /proc/uptime: the two reads between which its last digit changes
# enclose the edge. REALTIME and BOOTTIME run at one rate in the kernel (both are slewed alike),
# so the constant holds until somebody sets the wall clock. That is noticed by /proc/uptime beside
# every stamp, and the constant is found again.
# Without $EPOCHREALTIME a stamp is /proc/uptime itself: steps of 10 ms, said in `hello`.
#
# mksh counts in 32 bits: seconds and microseconds are kept apart, ns are made as text. The wall
# clock therefore has to be before 2038.

# An edge enclosed within so many us is good enough; after so many edges the best one is taken.
FIT_US=100
FIT_EDGES=8
# Between a stamp and the look at /proc/uptime the shell may have been kept waiting so long.
SLACK_MS=50

read_boot() {
    boot=unknown
    read -r boot </proc/sys/kernel/random/boot_id
    case $boot in *[!0-9a-f-]* | '') boot=unknown ;; esac
    domain=boottime@$boot
}

# Sets clock_kind `epoch` or `uptime`, resolution_ns and offset_bound_us.
start_clock() {
    read_boot
    clock_steps=0
    case ${EPOCHREALTIME-} in
    *[0-9].[0-9][0-9][0-9][0-9][0-9][0-9])
        clock_kind=epoch
        resolution_ns=1000
        fit_offset
        now() { now_epoch; }
        ;;
    *)
        clock_kind=uptime
        resolution_ns=10000000
        offset_bound_us=0
        now() { now_uptime; }
        ;;
    esac
}

# Sets off_s, off_us: REALTIME less BOOTTIME; offset_bound_us: half of what enclosed the edge.
fit_offset() {
    fit_width=2000000000
    fit_count=0
    read_up </proc/uptime
    fit_up=$up
    fit_from=$EPOCHREALTIME
    while [ $fit_width -gt $FIT_US ] && [ $fit_count -lt $FIT_EDGES ]; do
        fit_e0=$EPOCHREALTIME
        read_up </proc/uptime
        fit_e1=$EPOCHREALTIME
        if [ "$up" != "$fit_up" ]; then
            fit_count=$((fit_count + 1))
            fit_up=$up
            keep_edge
        fi
        fit_from=$fit_e0
    done
}

# Keeps the edge between fit_from and fit_e1 if it is the narrowest.
keep_edge() {
    fit_s=$((${fit_e1%.*} - ${fit_from%.*}))
    [ $fit_s -ge 0 ] && [ $fit_s -lt 2 ] || return 0
    fit_us=$((fit_s * 1000000 + 1${fit_e1#*.} - 1${fit_from#*.}))
    [ $fit_us -ge 0 ] && [ $fit_us -lt $fit_width ] || return 0
    fit_width=$fit_us
    offset_bound_us=$((fit_us / 2 + 1))
    off_us=$((1${fit_from#*.} - 1000000 + fit_us / 2 - 1${up#*.}0000 + 1000000))
    off_s=$((${fit_from%.*} - ${up%.*}))
    while [ $off_us -lt 0 ]; do
        off_us=$((off_us + 1000000))
        off_s=$((off_s - 1))
    done
    while [ $off_us -ge 1000000 ]; do
        off_us=$((off_us - 1000000))
        off_s=$((off_s + 1))
    done
}

# now: sets t_s and t_us, BOOTTIME.
now_epoch() {
    wall=$EPOCHREALTIME
    : $((t_us = 1${wall#*.} - 1000000 - off_us, t_s = ${wall%.*} - off_s - (t_us < 0), t_us += 1000000 * (t_us < 0)))
}
now_uptime() {
    read_up </proc/uptime
    t_s=${up%.*}
    t_us=$((1${up#*.}0000 - 1000000))
}

# Sets t_ns to the time of the last `now`.
as_ns() {
    t_frac=$((t_us + 1000000))
    t_ns=$t_s${t_frac#1}000
}

# Whether the time of the last `now` and /proc/uptime, read after it, are still one clock.
clock_holds() {
    [ $clock_kind = epoch ] || return 0
    read_up </proc/uptime
    off_by=$((t_s - ${up%.*}))
    [ $off_by -gt -100 ] && [ $off_by -lt 100 ] || return 1
    off_by=$((off_by * 1000 + t_us / 1000 - 1${up#*.}0 + 1000))
    [ $off_by -ge -$SLACK_MS ] && [ $off_by -le 10 ]
}

# The wall clock may have been set: finds the constant again. Counts a step where it has changed
# by more than both bounds; says whether it has.
fit_again() {
    old_s=$off_s
    old_us=$off_us
    old_bound=$offset_bound_us
    fit_offset
    moved_s=$((off_s - old_s))
    if [ $moved_s -ge -1 ] && [ $moved_s -le 1 ]; then
        moved_us=$((moved_s * 1000000 + off_us - old_us))
        [ $moved_us -lt 0 ] && moved_us=$((-moved_us))
        [ $moved_us -gt $((old_bound + offset_bound_us)) ] || return 1
    fi
    clock_steps=$((clock_steps + 1))
    return 0
}

# stamp: sets t_ns to now, by a clock that was looked at.
stamp() {
    now
    if ! clock_holds; then
        fit_again
        now
    fi
    as_ns
}
