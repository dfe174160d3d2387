# The sampling loop. It starts no process: only builtins, `read` from nodes, `put` to streams.

# A number of any source has at most 20 digits (unsigned 64 bits) and a sign.
MAX_VALUE_CHARS=21

# nodes_of FOLDER: reads source lines from stdin, begins their streams in the folder, writes the
# list of nodes to stdout, one a line: `@SOURCE`, then for each of its files the path alone, or
# before it `0` (thermal), `s` (status) or `#SELECTOR,...:`. Fails, with `reason`, for a bad line.
nodes_of() {
    group=
    groups=' '
    columns=
    node=
    while IFS='|' read -r name unit kind path rest; do
        source_valid || return 1
        if [ "${name%%.*}" != "$group" ]; then
            end_group "$1"
            group=${name%%.*}
            case $groups in *" $group "*) reason="bad-order: source $group comes twice" && return 1 ;; esac
            groups="$groups$group "
            put "@$group"
        fi
        columns="$columns,[\"$name\",\"$unit\"]"
        add_node "${path%%#*}" "${path#*#}"
    done
    end_group "$1"
}

# add_node FILE SELECTOR: the selector is the file itself where there is none.
add_node() {
    case $2 in
    "$1") next=$1 ;;
    thermal) next=0$1 ;;
    status) next=s$1 ;;
    *)
        next=\#$2:$1
        case $node in \#*":$1")
            node=${node%%:*},$2:$1
            return 0
            ;;
        esac
        ;;
    esac
    [ -z "$node" ] || put "$node"
    node=$next
}

end_group() {
    [ -z "$node" ] || put "$node"
    node=
    [ -n "$group" ] || return 0
    stream_header "$1/source-$group.tsv" "source-$group" \
        "[\"tick\",\"{count}\"],[\"due_ns\",\"ns\"],[\"t0_ns\",\"ns\"],[\"t1_ns\",\"ns\"]$columns"
    columns=
}

source_valid() {
    reason="bad-order: a source is not name|unit|kind|path"
    case $name in *[!a-z0-9._-]* | '' | [!a-z0-9]* | ?????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????*) return 1 ;; esac
    case ${name%%.*} in ?????????????????????????????????????????????????????????????*) return 1 ;; esac
    case $name in *.*) ;; *) return 1 ;; esac
    case $unit in '' | *[!]A-Za-z0-9.%\{}[/]*) return 1 ;; esac
    in_words "$kind" instant average counter peak state || return 1
    case $path in *[!\ -~]* | *'/../'* | *'"'* | *'*'* | *'?'* | *'['*) return 1 ;; esac
    case $path in "$PROC"/* | "$SYS"/* | /proc/* | /sys/*) ;; *) return 1 ;; esac
    reason=
}

# sample FOLDER CONTROL PERIOD_MS JITTER_PERMILLE SEED NODE...: reads all nodes slot by slot until
# CONTROL/over is there or the process `parent` is gone. Without nodes it only keeps watch.
sample() {
    spool=$1
    control=$2
    period_ms=$3
    jitter_permille=$4
    chance=$5
    shift 5
    set -f
    slot=0
    seq=0
    late=0
    missed=0
    jitter_ms=0
    runner=
    whole_s=0
    case "$*" in */@/*) follows=1 ;; *) follows= ;; esac
    now
    base_s=$t_s
    start_ms=$((t_us / 1000))
    due_ms=$start_ms
    due_after 0
    while :; do
        now_ms
        [ $((due_ms - ms)) -le $((period_ms * 2)) ] || sure_ms
        [ $due_ms -le $ms ] || pause_ms $((due_ms - ms))
        [ ! -e "$control/over" ] || break
        [ -z "$follows" ] || [ -d "/proc/$runner/fd" ] || find_runner
        read_slot "$@"
        next_slot
    done
    stamp
    tick_line
    : >"$control/sampled"
}

# The disk takes no more: nothing is written after a line that may be torn.
unwritten() {
    : >"$control/sampled"
    exit 3
}

# Sets `ms`: ms since the whole second in which sampling began; 24 days fit into 32 bits.
now_ms() {
    now
    ms=$(((t_s - base_s) * 1000 + t_us / 1000))
}

find_runner() {
    [ ! -s "$control/runner" ] || read -r runner <"$control/runner"
}

# The same by a clock that was looked at: a wall clock that was set must not move the schedule.
sure_ms() {
    stamp
    ms=$(((t_s - base_s) * 1000 + t_us / 1000))
}

# The first slot that can still be served: a slot can be until the next one is due. After a long
# sleep of the device the slots in between are counted at once.
next_slot() {
    now_ms
    slot=$((slot + 1))
    due_ms=$next_due_ms
    due_after $slot
    [ $next_due_ms -gt $ms ] || skip_slots
}

skip_slots() {
    sure_ms
    behind=$(((ms - start_ms) / period_ms - 1))
    if [ $behind -gt $slot ]; then
        missed=$((missed + behind - slot))
        slot=$behind
        due_after $((slot - 1))
        due_ms=$next_due_ms
        due_after $slot
    fi
    while [ $next_due_ms -le $ms ]; do
        slot=$((slot + 1))
        missed=$((missed + 1))
        due_ms=$next_due_ms
        due_after $slot
    done
}

# due_after SLOT: sets next_due_ms, when the slot after it is due, put off by up to +-jitter of the
# period. The chance of a slot comes from seed and slot alone: a hash of two multiplications
# (constants of C. Wellons' search for 32-bit hashes, 2018), cut to 31 bits so that shells of 32
# and of 64 bits draw the same.
due_after() {
    draw=$(((chance + $1 + 1) & 2147483647))
    draw=$((((draw ^ draw >> 16) * 569420461) & 2147483647))
    draw=$((((draw ^ draw >> 15) * 1935289751) & 2147483647))
    next_due_ms=$((start_ms + ($1 + 1) * period_ms + ((draw >> 15 & 1023) - 512) * jitter_permille / 512 * period_ms / 1000))
}

# Reads all nodes once. A source ends and the next begins with one stamp. Rows are held until the
# clock was looked at after the last of them.
read_slot() {
    now
    as_ns
    ms=$(((t_s - base_s) * 1000 + t_us / 1000))
    late=$((late + (ms - due_ms > period_ms / 2)))
    due_frac=$((due_ms % 1000 + 1000))
    row_start=$seq$TAB$slot$TAB$((due_ms / 1000 + base_s))${due_frac#1}000000
    held=
    group=
    for node; do
        case $node in
        /*)
            value=
            $READ value <"$node"
            case $value in *[!0-9]* | '' | ????????????????????*) check_value "$node" ;; esac
            values=$values$TAB$value
            ;;
        0*)
            value=
            $READ value <"${node#0}"
            case $value in *[!0-9]* | '' | 0 | ????????????????????*) thermal_value "${node#0}" ;; esac
            values=$values$TAB$value
            ;;
        @*)
            end_row
            group=${node#@}
            values=
            ;;
        *) read_other "$node" ;;
        esac
    done
    end_row
    if ! clock_holds && fit_again; then
        void_rows
    fi
    IFS=$NL
    write_rows $held
    IFS=$WHITE
    seq=$((seq + 1))
    if [ $t_s -ne $whole_s ]; then
        whole_s=$t_s
        tick_line
        : >"$control/sampling"
        [ -e "/proc/$parent/exe" ] || orphaned
    fi
}

end_row() {
    case $group in '') return 0 ;; esac
    t0_ns=$t_ns
    now
    as_ns
    held=$held@$group$NL$row_start$TAB$t0_ns$TAB$t_ns$values$TAB-$NL
}

# write_rows @SOURCE ROW ...
write_rows() {
    for one; do
        case $one in
        @*) group=${one#@} ;;
        *) put "$one" >>"$spool/source-$group.tsv" || unwritten ;;
        esac
    done
}

# The wall clock was set during this slot: its readings have no time and become gaps.
void_rows() {
    now
    as_ns
    voided=
    while [ -n "$held" ]; do
        row=${held%%"$NL"*}
        held=${held#*"$NL"}
        case $row in
        @*) voided=$voided$row$NL ;;
        *)
            voided=$voided$row_start$TAB$t_ns$TAB$t_ns
            row=${row#*"$TAB"*"$TAB"*"$TAB"*"$TAB"*"$TAB"}
            while [ -n "$row" ] && [ "$row" != - ]; do
                voided="$voided$TAB!clock-step: the wall clock was set"
                row=${row#*"$TAB"}
            done
            voided=$voided$TAB-$NL
            ;;
        esac
    done
    held=$voided
}

# The supervisor is gone: nobody else ends the runner.
orphaned() {
    find_runner
    [ -z "$runner" ] || kill -9 "-$runner" || kill -9 "$runner"
    exit 4
}

TICK_COLUMNS='["t_ns","ns"],["cpu_ns","ns"],["wall_s","s"],["uptime_s","s"],["late","{count}"],["missed","{count}"],["clock_steps","{count}"]'

# Once a second: the CPU time of this process, the wall clock beside /proc/uptime as both were, and
# what was counted so far. CPU time from /proc/self/schedstat (kernel sched-stats.rst: ns on a CPU)
# or, where the kernel has none, from stat in ticks of 10 ms (proc_pid_stat(5): utime, stime).
tick_line() {
    [ -n "$ticking" ] || return 0
    cpu_ns=
    read -r cpu_ns idle </proc/self/schedstat
    case $cpu_ns in '' | 0 | *[!0-9]*) read_cpu_ticks ;; esac
    read -r up idle </proc/uptime
    wall_now=${EPOCHREALTIME:-"!not-present: no EPOCHREALTIME"}
    put "$tick_seq$TAB$t_ns$TAB$cpu_ns$TAB$wall_now$TAB$up$TAB$late$TAB$missed$TAB$clock_steps$TAB-" \
        >>"$spool/ticks.tsv" || unwritten
    tick_seq=$((tick_seq + 1))
}

read_cpu_ticks() {
    read -r stat </proc/self/stat
    stat=${stat##*) }
    cpu_of $stat
}

# Fields 14 and 15 of /proc/self/stat, which are 12 and 13 after the name.
cpu_of() {
    cpu_ns=$((${12} + ${13}))0000000
}
