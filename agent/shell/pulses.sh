# A load pattern (agent/pulses.py): so many busy loops while a bit is 1, none while it is 0. Every
# change is stamped as it is made, so that a shell which wakes late spoils nothing.
#
# Loops end with the session: each looks whether it lives, by a builtin.

MAX_BITS=1024
MAX_PULSES_MS=300000

pulses() {
    if ! read_pulses "$@"; then
        refuse bad-order "$reason"
        return 0
    fi
    now
    from_s=$t_s
    from_us=$t_us
    as_ns
    stamps=$t_ns
    states=0
    due_ms=$quiet_ms
    rest_until_due
    play_bits
    states=${states}0
    due_ms=$((due_ms + quiet_ms))
    rest_until_due
    if ! clock_holds; then
        fit_again
        refuse pulses-failed 'the wall clock was set meanwhile'
        return 0
    fi
    say "{\"type\":\"pulses\",\"bits\":\"$bits\",\"states\":\"$states\",\"processes\":[[$stamps]]}"
}

# Sets bits, bit_ms, quiet_ms and processes; or says no and why in `reason`.
read_pulses() {
    bits=
    bit_ms=
    quiet_ms=
    set +f
    processes=$(count /sys/devices/system/cpu/cpu[0-9]*)
    for field; do
        case $field in
        bits=*) bits=${field#*=} ;;
        bit_ms=*) bit_ms=${field#*=} ;;
        quiet_ms=*) quiet_ms=${field#*=} ;;
        processes=*) processes=${field#*=} ;;
        esac
    done
    reason="bits: not 1 to $MAX_BITS of 0 and 1"
    case $bits in '' | *[!01]*) return 1 ;; esac
    [ ${#bits} -le $MAX_BITS ] || return 1
    reason='bit_ms, quiet_ms or processes: not in bounds'
    whole "$bit_ms" 10 $MAX_PULSES_MS && whole "$quiet_ms" 0 $MAX_PULSES_MS || return 1
    whole "$processes" 1 1024 || return 1
    reason="bits: last longer than $MAX_PULSES_MS ms"
    [ $((${#bits} * (bit_ms / 10) + quiet_ms / 5)) -le $((MAX_PULSES_MS / 10)) ]
}
count() { put $#; }

# Each run of equal bits is one state.
play_bits() {
    left_bits=$bits
    while [ -n "$left_bits" ]; do
        bit=${left_bits%"${left_bits#?}"}
        while [ "${left_bits#"$bit"}" != "$left_bits" ]; do
            left_bits=${left_bits#?}
            due_ms=$((due_ms + bit_ms))
        done
        states=$states$bit
        if [ "$bit" = 1 ]; then
            load_until_due
        else
            rest_until_due
        fi
    done
}

# Waits until due_ms after the beginning, and stamps the change that follows.
rest_until_due() {
    wait_until_due
    note_change
}
wait_until_due() {
    now
    left_ms=$((due_ms - (t_s - from_s) * 1000 - (t_us - from_us) / 1000))
    [ $left_ms -le 0 ] || pause_ms $left_ms
}
note_change() {
    now
    as_ns
    stamps=$stamps,$t_ns
}

# The loops are up within the few ms before the pattern goes on, which the stamp before does not
# know; they are gone with the one call before the stamp after.
load_until_due() {
    loops=
    number=0
    while [ $number -lt "$processes" ]; do
        busy_loop </dev/null >/dev/null 2>&1 &
        loops="$loops $!"
        number=$((number + 1))
    done
    wait_until_due
    kill -KILL $loops
    note_change
    wait $loops 2>/dev/null
}
# A dead session that nobody has waited for yet is a zombie, which has no exe.
busy_loop() {
    while [ -e /proc/$$/exe ]; do :; done
}
