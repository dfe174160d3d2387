# `agent.sh doctor`: what this shell can do here, and what not, one `name: value` a line.

doctor() {
    make_work
    trap 'rm -rf "$work"' EXIT
    name_shell
    start_clock
    find_pause "$work"
    put "shell: $shell_name"
    case $clock_kind in
    epoch) put "EPOCHREALTIME: yes; stamps are BOOTTIME within $offset_bound_us us, in steps of 1 us" ;;
    uptime) put 'EPOCHREALTIME: no; stamps are /proc/uptime, BOOTTIME cut to steps of 10 ms' ;;
    esac
    case $pause_kind in
    timed-read) put 'read -t with parts of a second: yes; the sampler starts no process' ;;
    timed-read-1s) put 'read -t with parts of a second: no; at most one reading a second' ;;
    sleep) put 'read -t: no; every pause of the sampler starts a sleep' ;;
    esac
    for tool in sha256sum mkfifo tee setsid df awk getprop; do
        if command -v "$tool" >/dev/null; then put "$tool: yes"; else put "$tool: no"; fi
    done
    put 'tokenize: no; needs the Python agent'
    put 'timekeeping: no; needs the Python agent'
    put 'CRC on every line: no; SHA-256 of whole streams at the end'
    found_sources 4>"$work/absent" | while IFS='|' read -r name unit kind path rest; do
        put "source $name: $path"
    done
    while IFS='|' read -r kind path reason; do
        put "no source $kind: $path: $reason"
    done <"$work/absent"
}
