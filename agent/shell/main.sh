# What to do is the first argument; none is the session.

SETSID=
command -v setsid >/dev/null && SETSID=setsid
# `ulimit -f` counts blocks of 512 bytes (POSIX), bash of 1024.
BLOCK_UNIT=${BASH_VERSION+1024}
BLOCK_UNIT=${BLOCK_UNIT:-512}
keep=
spoken=1

case ${1-session} in
session) session ;;
doctor) doctor ;;
detached) detached "${2-}" ;;
status) status "${2-}" ;;
*)
    put "usage: agent.sh [session | doctor | detached DIR | status DIR]" >&2
    exit 2
    ;;
esac
