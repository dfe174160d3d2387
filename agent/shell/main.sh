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
claim) claim "${2-}" "${3-}" ;;
detach) detach "${2-}" "${3-0}" ;;
detached) detached "${2-}" "${3-0}" ;;
follow) follow "${2-}" "${3-}" "${4-0}" ;;
give-up) give_up "${2-}" ;;
status) status "${2-}" ;;
*)
    put "usage: agent.sh [session | doctor | claim DIR SECONDS | detach DIR [SECONDS] |" >&2
    put "    detached DIR [SECONDS] | follow DIR NUMBER [LOOKS] | give-up DIR | status DIR]" >&2
    exit 2
    ;;
esac
