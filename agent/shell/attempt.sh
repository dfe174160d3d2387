# One attempt: sampler, idle spans, runs, and what came of it. Runs as a process of its own, so that
# the session goes on to answer the host.

# The sampler has so long to read all sources once, and to end.
SAMPLER_MS=20000
# The host hears from an attempt at least this often.
KEEPALIVE_S=10

# attempt: of the order that was read. Says `attempt_end` in the end.
attempt() {
    exec 2>>"$spool/sampler.log"
    read -r parent idle </proc/self/stat
    outcome= reason= unwritable=
    event_seq=0 token_seq=0 line_number=0 tick_seq=0
    run_ends=
    run=0
    beat_s=0 spoken_s=0
    stamp
    stream_header "$spool/events.tsv" events '["t_ns","ns"],["event","{text}"],["args","{json}"]' ||
        unwritable=1
    [ -z "$token" ] || stream_header "$spool/tokens.tsv" tokens \
        '["request","{count}"],["index","{count}"],["ready_ns","ns"],["t_ns","ns"],["token","{token}"],["size_bytes","By"]'
    event clock "\"kind\":\"$clock_kind\",\"resolution_ns\":$resolution_ns,\"bound_us\":$offset_bound_us"
    [ -z "$apart" ] || : >"$spool/output.log"
    if [ -n "$follow" ]; then
        : >"$spool/engine.log"
        exec 5<"$spool/engine.log"
    fi
    start_sampler
    span idle_before $idle_before_ms
    while [ $run -lt $runs ] && [ -z "$outcome" ]; do
        say_progress decode
        run_one $run
        run=$((run + 1))
    done
    span idle_after $idle_after_ms
    stamp
    event unload
    end_sampler
    end_clock
    end_attempt
}

start_sampler() {
    sampler=
    asker=
    ticking=
    if [ $sampling = true ]; then
        ticking=1
        stream_header "$spool/ticks.tsv" ticks "$TICK_COLUMNS"
        [ ! -s "$control/sources" ] || cp "$control/sources" "$control/ordered"
        [ -s "$control/sources" ] || ordered_sources >"$control/sources" 4>"$control/absent"
        if ! nodes_of "$spool" <"$control/sources" >"$control/nodes"; then
            outcome=void
            return 0
        fi
    else
        : >"$control/nodes"
    fi
    set --
    while IFS= read -r node; do
        set -- "$@" "$node"
    done <"$control/nodes"
    (
        trap - TERM
        exec </dev/null >/dev/null 2>/dev/null
        sample "$spool" "$control" $period_ms $jitter_permille $seed "$@"
    ) &
    sampler=$!
    stamp
    event sampler_start "\"pid\":$sampler"
    await "$control/sampling" || set_outcome void 'sampler-died: it never read its sources'
    [ -z "$ticking" ] || start_rails
}

# Of what is found here the kinds that were ordered, all where none were.
ordered_sources() {
    found_sources | while IFS= read -r line; do
        case " $kinds" in ' ' | *" ${line%%.*} "*) put "$line" ;; esac
    done
}

# await PATH: until it is there.
await() {
    waited=0
    while [ ! -e "$1" ]; do
        [ $waited -lt $SAMPLER_MS ] || return 1
        pause_ms 20
        waited=$((waited + 20))
    done
}

end_sampler() {
    : >"$control/over"
    end_rails
    [ -n "$sampler" ] || return 0
    await "$control/sampled" || kill -9 "$sampler"
    wait "$sampler"
    status=$?
    if [ $status -eq 3 ]; then
        disk_reason "$spool"
        outcome=incomplete
    elif [ $status -ne 0 ]; then
        set_outcome void "sampler-died: status $status"
    fi
} 2>/dev/null

# span NAME MS: an idle span, unless something has gone wrong.
span() {
    [ -z "$outcome" ] && [ "$2" -gt 0 ] || return 0
    say_progress idle
    stamp
    event "$1_start"
    base_s=$t_s
    sure_ms
    until_ms=$((ms + $2))
    while [ $ms -lt $until_ms ] && ! is_over; do
        left_ms=$((until_ms - ms))
        pause_ms $((left_ms < POLL_MS ? left_ms : POLL_MS))
        beat idle
        sure_ms
    done
    stamp
    event "$1_end"
    ! is_over || set_outcome incomplete stopped
}

# Whether the host said `stop`, or its end of this device is gone (a zombie has no exe).
is_over() {
    [ -e "$stop_file" ] || { [ -n "$host" ] && [ ! -e "/proc/$host/exe" ]; }
}

# beat PHASE: the heartbeat once a second, and a word to the host from time to time.
beat() {
    now
    [ $t_s -ne $beat_s ] || return 0
    beat_s=$t_s
    as_ns
    [ -z "$heartbeat" ] || put "$t_ns $boot $parent $number $1 $((run < runs ? run + 1 : runs)) $runs" >"$heartbeat"
    [ $((t_s - spoken_s)) -lt $KEEPALIVE_S ] || say_progress "$1"
}

say_progress() {
    now
    spoken_s=$t_s
    say_locked "{\"type\":\"progress\",\"number\":$number,\"phase\":\"$1\",\"request\":$((run < runs ? run + 1 : runs)),\"requests\":$runs,\"tokens\":0,\"rate\":null}"
}

# Looks for the constant between the clocks once more: steps too small to be seen are seen here.
end_clock() {
    [ $clock_kind = epoch ] || return 0
    moved_us=0
    fit_again
    stamp
    event clock_end "\"steps\":$clock_steps,\"moved_s\":$moved_s,\"moved_us\":$moved_us,\"bound_us\":$offset_bound_us"
}

end_attempt() {
    if [ -n "$unwritable" ]; then
        disk_reason "$spool"
        outcome=incomplete
    fi
    sync
    stream_ends "$spool"
    json_text "$reason"
    end_text="{\"type\":\"attempt_end\",\"number\":$number,\"status\":\"${outcome:-valid}\",\"reason\":$js"
    end_text="$end_text,\"streams\":[$elements],\"engine\":{\"kind\":\"native\",\"runs\":[$run_ends]}"
    [ -z "$apart" ] || end_text="$end_text,$(output_end)"
    [ ! -f "$control/asked" ] || cat "$control/asked" >>"$control/sources"
    source_elements "$control/sources"
    channels=$elements
    absent_elements "$control/absent"
    end_text="$end_text,\"sources\":{\"channels\":[$channels],\"absent\":[$elements],\"rates_hz\":{$(rates)}}}"
    say_end "$end_text"
}

# What the output that is kept apart holds at the end of the attempt.
output_end() {
    sum=$(sha256sum <"$spool/output.log")
    put "\"output\":{\"size_bytes\":$(output_size),\"sha256\":\"${sum%% *}\"}"
}

# The rate of every source, one for all; a pause in whole seconds allows one reading a second.
rates() {
    members=
    [ "$pause_kind" != timed-read-1s ] || [ $period_ms -ge 1000 ] || period_ms=1000
    rate_mhz=$((1000000 / period_ms))
    rate_frac=$((rate_mhz % 1000 + 1000))
    while IFS= read -r node; do
        case $node in @*) member "${node#@}" $((rate_mhz / 1000)).${rate_frac#1} ;; esac
    done <"$control/nodes"
    [ ! -s "$control/asked" ] || member power_stats 0.5
    put "$members"
}
