# One run of the native runner: started, its lines stamped as they come, its end recorded.
#
#     runner ── fifo ── tee engine.log ── stamp_lines ── events.tsv
#     runner ── engine.log ── stamp_first ── events.tsv                   where the order says `follow`
#
# The log has the runner's bytes as they came, stdout and stderr together, or stderr alone where the
# order keeps stdout `apart`, in output.log; the events say when each line of the log came. What the
# lines mean is for the host. The log's size limit ends `tee`, which ends the runner, or the runner
# itself: no line of output can fill the disk.
#
# A shell reads a line byte by byte: a runner that tells much would wait in the pipe, and the shell
# would take a core from it. So a runner that writes its own time into its lines writes to the file.
# The first lines of each run are stamped, which ties its clock to ours, and nothing is read after
# them until it has ended.

# How often the supervisor looks after runner, host and time.
POLL_MS=100
# A runner that has ended, or was killed, has so long until its last line is stamped.
DRAIN_MS=3000
# Lines that are stamped of a log that is followed, and how soon more of them is looked for.
FIRST_LINES=10
FOLLOW_MS=2

# run_one N: runs what stands in CONTROL/run-N. Sets `outcome` and `reason` unless all went well.
run_one() {
    run=$1
    item=
    warmup=false
    lines_before=$line_number
    ended= looked_s= log_was=
    shift
    while IFS= read -r field; do
        decoded "${field#*=}"
        case $field in
        run.item=*) item=$plain ;;
        run.warmup=*) warmup=$plain ;;
        run.argv=*) set -- "$@" "$plain" ;;
        esac
    done <"$control/run-$run"
    [ "$warmup" = true ] || warmup=false
    rm -f "$control/pipe" "$control/counts" "$control/flood" "$control/ended"
    if [ -n "$follow" ]; then
        log=$spool/engine.log
    else
        log=$control/pipe
        mkfifo "$log"
    fi
    oom_before=$(oom_kills)
    start_runner "$@"
    watch_runner
    end_run
}

# The process group is the runner's own where there is setsid(1), so that its children end with it.
start_runner() {
    (
        trap - TERM HUP
        exec 3>&- 4>&- 5<&-
        ulimit -c 0
        [ -z "$apart$follow" ] || ulimit -f $((log_bytes / BLOCK_UNIT))
        [ -z "$apart" ] || exec >>"$spool/output.log"
        exec $SETSID "$@"
    ) 2>>"$log" >&2 </dev/null &
    runner=$!
    put $runner >"$control/runner"
    stamp
    alive_s=$t_s
    json_text "$item"
    event runner_start "\"run\":$run,\"item\":$js,\"warmup\":$warmup,\"pid\":$runner"
    case $(cat "$control/marks") in
    load_end\|* | *"$NL"load_end\|*) event load_start ;;
    esac
    set --
    while IFS= read -r mark; do
        set -- "$@" "$mark"
    done <"$control/marks"
    if [ -n "$follow" ]; then
        stamp_first <&5 &
    else
        (
            ulimit -c 0
            ulimit -f $((log_bytes / BLOCK_UNIT))
            exec tee -a "$spool/engine.log"
        ) <"$control/pipe" 2>/dev/null | stamp_lines "$@" &
    fi
    stamper=$!
}

# stamp_lines MARK...: one event for each line of stdin, and one for each mark that fits it.
stamp_lines() {
    trap - TERM
    said_s=
    token_index=0
    while IFS= read -r text || [ -n "$text" ]; do
        stamp
        line_number=$((line_number + 1))
        if [ "$t_s" != "$said_s" ]; then
            said_s=$t_s
            put "$t_s" >"$control/alive"
        fi
        about="\"run\":$run,\"line\":$line_number"
        event line "$about,\"size_bytes\":${#text}"
        for mark; do
            case $text in ${mark#*\|}) mark_event "${mark%%\|*}" ;; esac
        done
        [ -z "$token" ] || token_line
        if [ $line_number -ge $MAX_LINES ]; then
            : >"$control/flood"
            break
        fi
        [ -z "$unwritable" ] || break
    done
    stamp
    event output_end "\"run\":$run"
    say_counts
}
say_counts() {
    put "$event_seq $line_number $token_seq ${unwritable:-0}" >"$control/counts.new"
    mv "$control/counts.new" "$control/counts"
}

mark_event() {
    case $1 in
    load_end) event load_end "$about" ;;
    *) event mark "\"name\":\"$1\",$about" ;;
    esac
}

# A line `PREFIX<id> <bytes>` is one token; what the runner does not say is not made up.
token_line() {
    case $text in "$token"*) ;; *) return 0 ;; esac
    token_id=${text#"$token"}
    token_size=${token_id#* }
    token_id=${token_id%% *}
    whole "$token_id" 0 999999999 && whole "$token_size" 0 999999999 || return 0
    put "$token_seq$TAB$run$TAB$token_index$TAB$t_ns$TAB$t_ns$TAB$token_id$TAB$token_size$TAB-" \
        >>"$spool/tokens.tsv" || unwritable=1
    token_seq=$((token_seq + 1))
    token_index=$((token_index + 1))
}

# Waits for the runner's end; ends it when the host says so, is gone, or nothing comes any more.
watch_runner() {
    while runner_lives; do
        pause_ms $POLL_MS
        beat decode
        if is_over; then
            set_outcome incomplete stopped
            kill_runner
        elif [ -e "$control/sampled" ]; then
            disk_reason "$spool"
            set_outcome incomplete "$reason"
            kill_runner
        elif [ -e "$control/counts" ] && log_is_full; then
            set_outcome void 'engine-error: runner-flood: its output was cut off'
            kill_runner
        elif is_silent; then
            ! log_is_full || set_outcome void 'engine-error: runner-flood: its output was cut off'
            set_outcome void "engine-hang: no line for $watchdog_ms ms"
            kill_runner
        fi
    done
}

# A child that has ended stays a zombie until it is waited for (proc_pid_stat(5), state Z).
runner_lives() {
    stat=
    read -r stat </proc/$runner/stat || return 1
    case ${stat##*) } in [ZX]*) return 1 ;; esac
} 2>/dev/null

is_silent() {
    said_s=
    [ -z "$follow" ] || log_grows
    [ ! -s "$control/alive" ] || read -r said_s <"$control/alive"
    whole "$said_s" 0 999999999 && alive_s=$said_s
    now
    [ $((t_s - alive_s)) -gt $((watchdog_ms / 1000)) ] || return 1
    stamp # the wall clock may have been set
    [ $((t_s - alive_s)) -gt $((watchdog_ms / 1000)) ]
}

log_is_full() {
    [ -e "$control/flood" ] || [ "$(wc -c <"$spool/engine.log")" -ge $((log_bytes / BLOCK_UNIT * BLOCK_UNIT)) ]
}

# Whether the limit on a file has ended the runner: that of its log, or that of its output.
is_cut() {
    log_is_full || { [ -n "$apart" ] && [ "$(output_size)" -ge $((log_bytes / BLOCK_UNIT * BLOCK_UNIT)) ]; }
}

# Bytes of the output that is kept apart: of all runs up to here.
output_size() { put $(($(wc -c <"$spool/output.log"))); }

# `-9 -PID` is the one form that all shells take.
kill_runner() {
    kill -9 "-$runner" || kill -9 "$runner"
} 2>/dev/null

set_outcome() {
    [ -n "$outcome" ] && return 0
    outcome=$1
    reason=$2
}

# Takes exit status and counts, and writes down how it ended.
end_run() {
    : >"$control/ended"
    drained=0
    [ -e "$control/counts" ] || pause_ms 20
    while [ ! -e "$control/counts" ] && [ $drained -lt $DRAIN_MS ]; do
        [ $drained -lt 500 ] || kill_runner
        pause_ms 50
        drained=$((drained + 50))
    done
    wait "$runner"
    status=$?
    take_counts
    [ -z "$follow" ] || count_rest
    stamp
    about="\"run\":$run,\"status\":$status"
    [ -z "$apart" ] || about="$about,\"output_bytes\":$(output_size)"
    event runner_end "$about"
    run_ends="$run_ends${run_ends:+,}{\"run\":$run,\"status\":$status}"
    : >"$control/runner"
    if [ -e "$control/flood" ] || { [ $status -ne 0 ] && is_cut; }; then
        set_outcome void 'engine-error: runner-flood: its output was cut off'
    fi
    [ $status -eq 0 ] || set_outcome void "$(crash_reason)"
    if [ -n "$unwritable" ]; then
        disk_reason "$spool"
        outcome=incomplete
    fi
}

# The stamper says how far it came; one that still waits for a stranger's end of the pipe is ended,
# and its lines are counted.
take_counts() {
    if [ -e "$control/counts" ]; then
        read -r event_seq line_number token_seq unwritable <"$control/counts"
        [ "$unwritable" != 0 ] || unwritable=
        wait "$stamper"
    else
        kill -9 "$stamper"
        wait "$stamper"
        event_seq=$(($(wc -l <"$spool/events.tsv") - 1))
        [ -z "$token" ] || token_seq=$(($(wc -l <"$spool/tokens.tsv") - 1))
        set_outcome void 'engine-error: runner-left-behind: a process of its own still holds its output'
    fi
} 2>/dev/null

# A shell tells signal n as 128 + n, which a runner may also give as its status.
crash_reason() {
    if [ $status -eq 137 ] && [ "$(oom_kills)" -gt "$oom_before" ]; then
        put "engine-out-of-memory: signal 9, and the kernel's oom_kill count went up"
    elif [ $status -gt 128 ] && [ $status -lt 193 ]; then
        put "engine-crash: signal $((status - 128))$(last_words)"
    elif [ $status -eq 127 ] || [ $status -eq 126 ]; then
        put "engine-error: engine-missing: the runner cannot be started (status $status)"
    else
        put "engine-crash: exit status $status$(last_words)"
    fi
}

# The last line that says something of what this run printed, as the end of a reason.
last_words() {
    [ "$line_number" -gt "$lines_before" ] || return 0
    line=$(tail -c 2000 "$spool/engine.log" | sed -n '/[!-~]/h;${g;p;}')
    cut_line 120
    [ -z "$line" ] || put "; it printed last: $line"
} 2>/dev/null

# Processes ended for want of memory, of the whole machine (proc_vmstat(5)); 0 where it is not told.
oom_kills() {
    while read -r key count; do
        [ "$key" != oom_kill ] || { put "$count" && return 0; }
    done <"$PROC/vmstat"
    put 0
} 2>/dev/null
