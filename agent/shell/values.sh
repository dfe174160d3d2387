# Values as nodes give them: a number, or `!` and the reason of a gap. No process is started.

# check_value PATH: makes `value`, just read from PATH, one of both.
check_value() {
    case $value in
    '') gap_of "$1" ;;
    ??????????????????????*) value='!too-long: more than 21 characters' ;;
    *[!0-9-]* | ?*-* | -) check_decimal ;;
    esac
}

check_decimal() {
    case $value in
    *[!0-9.-]* | *.*.* | ?*-* | - | . | -. | .* | *. | -.*) value='!not-a-number' ;;
    esac
}

# gap_of PATH: why nothing was read. A shell has no errno; what is there to be seen is said.
gap_of() {
    case $1 in
    "$PROC/$runner/"*) [ -d "$PROC/$runner" ] || { value='!process-ended' && return 0; } ;;
    esac
    if [ ! -e "$1" ]; then
        value='!unreadable: ENOENT'
    elif [ ! -r "$1" ]; then
        value='!unreadable: EACCES'
    else
        value='!empty: or an error that a shell does not see'
    fi
}

# read_other NODE: appends what a node with a selector holds to `values`.
read_other() {
    case $1 in
    s*)
        path=${1#s}
        value=
        IFS= read -r value <"$path"
        status_value
        values=$values$TAB$value
        return 0
        ;;
    esac
    path=${1#*:}
    selectors=${1%%:*}
    selectors=${selectors#?}
    case $path in
    */@/*)
        if [ -z "$runner" ]; then
            no_fields '!no-process: the runner has not started'
            return 0
        fi
        path=${path%%/@/*}/$runner/${path#*/@/}
        ;;
    esac
    case $selectors in
    [0-9]*) read_words ;;
    t=* | CH[0-9]*) read_rails ;;
    *) read_keys ;;
    esac
}

# no_fields GAP: the same gap for every selector.
no_fields() {
    rest=$selectors,
    while [ -n "$rest" ]; do
        rest=${rest#*,}
        values="$values$TAB$1"
    done
}

# 0 is a sensor that is not fitted: drivers give it so.
thermal_value() {
    check_value "$1"
    [ "$value" != 0 ] || value='!absent-sensor: reads 0 mCel'
}

# Numbers of Android's BatteryManager for the words of sysfs-class-power.
status_value() {
    case $value in
    Unknown) value=1 ;;
    Charging) value=2 ;;
    Discharging) value=3 ;;
    'Not charging') value=4 ;;
    Full) value=5 ;;
    '') gap_of "$path" ;;
    *) value='!not-a-status' ;;
    esac
}

# Words of the first line; the first ten can be asked for.
read_words() {
    w1=
    read -r w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 words_rest <"$path"
    case $path in
    */statm) [ "$w2" != 0 ] || w1= ;; # a zombie has no pages
    esac
    if [ -z "$w1" ]; then
        value=
        gap_of "$path"
        case $path in */statm) value='!process-ended' ;; esac
        no_fields "$value"
        return 0
    fi
    rest=$selectors,
    while [ -n "$rest" ]; do
        case ${rest%%,*} in
        1) value=$w1 ;;
        2) value=$w2 ;;
        3) value=$w3 ;;
        4) value=$w4 ;;
        5) value=$w5 ;;
        6) value=$w6 ;;
        7) value=$w7 ;;
        8) value=$w8 ;;
        9) value=$w9 ;;
        10) value=$w10 ;;
        *) value='!no-such-field' ;;
        esac
        [ -n "$value" ] || value='!too-few-fields'
        case $value in !*) ;; *) check_value "$path" ;; esac
        values=$values$TAB$value
        rest=${rest#*,}
    done
}

# An ODPM's file (kernel of the gs201, odpm.c): `t=MS`, then `CHn(T=MS)[RAIL], UWS` by number, the
# selectors in that order. mksh takes it as a block, as below.
if [ -n "${KSH_VERSION-}" ]; then
    read_rails() {
        block=
        IFS= read -r -N $BLOCK_BYTES block <"$path"
        rest=$selectors,
        key=${rest%%,*}
        saved_ifs=$IFS
        IFS=$NL
        find_rails $block
        IFS=$saved_ifs
        [ -z "$rest" ] || missing_keys "$block"
    }
else
    read_rails() {
        rest=$selectors,
        key=${rest%%,*}
        block=
        while [ -n "$rest" ] && IFS= read -r rail_line; do
            block=1
            find_rails "$rail_line"
        done <"$path"
        [ -z "$rest" ] || missing_keys "$block"
    }
fi

# find_rails LINE...
find_rails() {
    for rail_line; do
        case $rail_line in
        "$key"[0-9]*) value=${rail_line#t=} ;;
        "$key("*'], '*) value=${rail_line##*, } ;;
        *) continue ;;
        esac
        take_key
        [ -n "$rest" ] || return 0
    done
}

# Lines `KEY: number ...`, keys in the file's order. mksh takes a block and looks at its words: its
# `read` of a line is one system call a byte, and its `${block#*KEY}` tries every length.
if [ -n "${KSH_VERSION-}" ]; then
    # Meminfo to SwapFree and status to VmRSS lie within this.
    BLOCK_BYTES=1024
    read_keys() {
        block=
        IFS= read -r -N $BLOCK_BYTES block <"$path"
        rest=$selectors,
        key=${rest%%,*}
        find_words $block
        [ -z "$rest" ] || missing_keys "$block"
    }
else
    read_keys() {
        rest=$selectors,
        key=${rest%%,*}
        block=
        while read -r line_key line_value line_rest; do
            block=1
            if [ "$line_key" = "$key:" ]; then
                value=$line_value
                take_key
                [ -n "$rest" ] || break
            fi
        done <"$path"
        [ -z "$rest" ] || missing_keys "$block"
    }
fi

find_words() {
    found=
    for one; do
        case $one in
        "$key:") found=1 ;;
        *)
            if [ -n "$found" ]; then
                found=
                value=$one
                take_key
                [ -n "$rest" ] || return 0
            fi
            ;;
        esac
    done
}

# Keeps the value of the key that was looked for, and goes on to the next.
take_key() {
    check_value "$path"
    values=$values$TAB$value
    rest=${rest#*,}
    key=${rest%%,*}
}

# missing_keys BLOCK: gaps for the keys in `rest`; the file cannot be read where it is empty.
missing_keys() {
    while [ -n "$rest" ]; do
        value="!no-such-field: ${rest%%,*}"
        if [ -z "$1" ]; then
            value=
            gap_of "$path"
        fi
        values=$values$TAB$value
        rest=${rest#*,}
    done
}
