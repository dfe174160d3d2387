# What differs between shells: mksh (Android), BusyBox ash, dash, bash. Nothing here is eval'd.

LC_ALL=C
export LC_ALL
umask 022
TAB='	'
NL='
'
WHITE=" $TAB$NL"

# put TEXT: one line to stdout by a builtin, the text as it is. dash and mksh expand backslashes
# in `echo`, and mksh has no printf of its own.
# decoded TEXT: sets `plain` to the text with every \0ooo made a byte again (wire_lines.py).
if [ -n "${KSH_VERSION-}" ]; then
    set +U # bytes, also where the locale says UTF-8
    put() { print -r -- "$1"; }
    bytes_of() { print -n -- "$1"; }
    # Whole blocks: a `read` of a line is one system call a byte.
    READ='read -r -N 64'
    read_up() { read -r -N 64 up idle; }
else
    put() { printf '%s\n' "$1"; }
    bytes_of() { printf '%b' "$1"; }
    READ='read -r'
    read_up() { read -r up idle; }
fi
decoded() {
    plain=$1
    case $1 in *\\*) plain=$(bytes_of "$1" && put .) && plain=${plain%.} ;; esac
}

# What runs this shell again for a run of its own. A desktop's `sh` is another one than the mksh or
# bash that the session was started in, and may tell time in steps of 10 ms only.
OWN_SHELL=sh
if [ -n "${BASH_VERSION-}" ]; then
    OWN_SHELL=bash
elif [ -n "${KSH_VERSION-}" ] && command -v mksh >/dev/null; then
    OWN_SHELL=mksh
fi

# Sets `shell_name`.
name_shell() {
    case ${KSH_VERSION-}${BASH_VERSION+bash $BASH_VERSION} in
    '') shell_name=$(readlink "/proc/$$/exe") && shell_name=${shell_name##*/} || shell_name=unknown ;;
    *) shell_name=${KSH_VERSION-}${BASH_VERSION+bash $BASH_VERSION} ;;
    esac
}

# Opens descriptor 3, a fifo that nobody writes to, and finds out how this shell can wait on it:
#   timed-read    parts of a second by a timed `read`: no process is started
#   timed-read-1s whole seconds only
#   sleep         neither: a `sleep` is started for every pause
# $1: a folder that can be written to. A BusyBox without FEATURE_SH_READ_FRAC takes whole seconds,
# dash no time at all; the status of `read` differs between all of them, so the pause is timed.
find_pause() {
    pause_kind=sleep
    if rm -f "$1/pause" && mkfifo "$1/pause" && [ -p "$1/pause" ]; then
        exec 3<>"$1/pause"
        rm -f "$1/pause"
        if paused_for 0.05 4 90; then
            pause_kind=timed-read
        elif paused_for 1 90 190; then
            pause_kind=timed-read-1s
        fi
    fi 2>/dev/null
}

# Whether `read -t $1` waits from $2 to $3 hundredths of a second.
paused_for() {
    uptime_cs
    pause_from=$up_cs
    read -r -t "$1" idle <&3
    uptime_cs
    [ $((up_cs - pause_from)) -ge "$2" ] && [ $((up_cs - pause_from)) -le "$3" ]
}

# Hundredths of a second since boot. In 32 bits they wrap, their differences do not.
uptime_cs() {
    read -r up idle </proc/uptime
    up_cs=$((${up%.*} * 100 + 1${up#*.} - 100))
}

# pause_ms N: waits about N ms, below 2^31, by whatever this shell has.
pause_ms() {
    case $pause_kind in
    timed-read)
        pause_frac=$(($1 % 1000 + 1000))
        read -r -t $(($1 / 1000)).${pause_frac#1} idle <&3
        ;;
    timed-read-1s) read -r -t $((($1 + 999) / 1000)) idle <&3 ;;
    *)
        pause_frac=$(($1 % 1000 + 1000))
        sleep $(($1 / 1000)).${pause_frac#1}
        ;;
    esac
    return 0
}

# whole TEXT LOW HIGH: whether it is a whole number in these bounds (below 10^9: mksh has 32 bits).
whole() {
    case $1 in '' | *[!0-9]* | ??????????*) return 1 ;; esac
    case $1 in 0?*) return 1 ;; esac
    [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

# in_words WORD WORDS...: whether the first is one of the others.
in_words() {
    wanted=$1
    shift
    for one; do
        [ "$one" = "$wanted" ] && return 0
    done
    return 1
}
