# The library of a change package. Each script gets what it calls.
# ksh88: a function shares all variables with its caller, and ksh88 resets the traps of its caller in it.

say() { printf '%s: %s\n' "$NAME" "$*"; }

refuse() {
    say "refused, nothing was done: $*" >&2
    exit 1
}

# guard WHAT CONDITION...: the first that does not hold, or cannot be told, ends the script
guard() {
    WHAT=$1 SEEN=''
    shift
    "$@" || refuse "needs: $WHAT. Seen: ${SEEN:-no answer}"
}

never() {
    SEEN=$1
    return 1
}

is_root() {
    SEEN=$(id -un)
    [ -n "$R" ] || [ "$(id -u)" = 0 ]
}

# see WHAT CONDITION...: a fresh look, four times, a second apart, since daemons take a moment
see() {
    WHAT=$1 TRIES=1
    shift
    while fresh && SEEN='' && ! "$@"; do
        SEEN="not seen: $WHAT, but ${SEEN:-no answer}"
        [ "$TRIES" -lt 4 ] || return 1
        TRIES=$((TRIES + 1))
        sleep 1
    done
}

# step N WHAT: from here on way back N counts
step() {
    AT=$1
    printf '%s\n' "$1" > "$STATE/at.new" && mv -f "$STATE/at.new" "$STATE/at" && sync
    say "step $1: $2"
}

# behind N M: whether step N, or one after it up to the next without undo, M, was reached
behind() { [ "$AT" -ge "$1" ] && [ "$AT" -le "$2" ]; }

not_back() {
    STAYS=yes
    say "NOT PUT BACK, do it by hand: $*" >&2
}

ask_yes() {
    [ -z "$CHECK$YES" ] || return 0
    printf '%s Type yes: ' "$1"
    read -r ANSWER || ANSWER=''
    [ "$ANSWER" = yes ] || refuse "it was not confirmed: $1"
}

# limited SECONDS COMMAND...: the host's own command; at its deadline it is ended with all that it started, 124 then
limited() {
    LIMIT=$1 PROGRAM=$R/usr/sbin/$2
    [ -x "$PROGRAM" ] || PROGRAM=$R/usr/bin/$2
    SEEN="no command $2"
    [ -x "$PROGRAM" ] || return 127
    shift 2
    rm -f "$WORK/status"
    # with job control it leads a process group
    { set -m; } 2> /dev/null
    (
        { set +m; } 2> /dev/null
        trap - EXIT HUP INT PIPE TERM
        "$PROGRAM" "$@"
        echo "$?" > "$WORK/status"
    ) < /dev/null &
    CHILD=$!
    { set +m; } 2> /dev/null
    [ -z "$ACTING" ] || echo "$CHILD" > "$STATE/child"
    (
        trap - EXIT HUP INT PIPE TERM
        while [ "$LIMIT" -gt 0 ] && kill -0 "$CHILD"; do
            sleep 1
            LIMIT=$((LIMIT - 1))
        done
        kill -0 "$CHILD" && end_tree && end_tree
    ) > /dev/null 2>&1 < /dev/null &
    WATCH=$!
    while kill -0 "$CHILD"; do wait "$CHILD"; done 2> /dev/null
    { kill "$WATCH" && wait "$WATCH"; } 2> /dev/null
    [ -z "$ACTING" ] || rm -f "$STATE/child"
    read -r CODE < "$WORK/status" 2> /dev/null || CODE=124
    return "$CODE"
}

# end_tree: the process group that the child leads, where the shell made one, and all that descends from it
end_tree() {
    # shellcheck disable=SC2046 # several numbers
    kill -KILL $(ps -eo pid,ppid,pgid | awk -v top="$CHILD" '
        $1 ~ /^[0-9]+$/ { parent[$1] = $2; if ($1 == top || $3 == top) mine[$1] = 1 }
        END {
            do { more = 0; for (pid in parent) if (!(pid in mine) && (parent[pid] in mine)) more = mine[pid] = 1 } while (more)
            for (pid in mine) print pid
        }')
}

# ask KEY COMMAND...: its output in $OUT, once a look, and its status in $CODE; false where it did not answer in 30 s
ask() {
    OUT=$WORK/now.$1
    shift
    [ -f "$OUT.code" ] || {
        limited 30 "$@" > "$OUT" 2>&1
        echo "$?" > "$OUT.code"
    }
    SEEN="no answer of $*"
    read -r CODE < "$OUT.code" && [ "$CODE" != 124 ] && [ "$CODE" != 127 ]
}

# answered KEY COMMAND...: it ended well and said something
answered() { ask "$@" && [ "$CODE" = 0 ] && [ -s "$OUT" ]; }

fresh() { rm -f "$WORK"/now.*; }

# run SECONDS COMMAND...: does it; of one that was ended at its deadline what is seen afterwards decides
run() {
    LOG=$STATE/log.$2 ACTING=yes
    limited "$@" >> "$LOG" 2>&1
    CODE=$? ACTING=''
    SEEN="$2 ended with status $CODE: $(tail -n 1 "$LOG")"
    [ "$CODE" = 124 ] || return "$CODE"
    say "$2 did not end within $1 s and was ended"
    case $2 in
        nimclient | niminit) see 'nimsh is active' subsystem_is nimsh yes ;;
    esac
}

# says WORD COMMAND...: that is the first word of its answer
says() {
    WANTED=$1
    shift
    answered "$1${2:-}" "$@" || return 1
    SEEN=$(awk 'NF { print $1; exit }' "$OUT")
    [ "$SEEN" = "$WANTED" ]
}

# no_command_left: none that an earlier start, which was killed, left running
no_command_left() {
    [ -f "$STATE/child" ] || return 0
    read -r CHILD < "$STATE/child"
    SEEN="process $CHILD still runs (ps -fp $CHILD): wait for its end; if it is another's, remove $STATE/child"
    ! kill -0 "$CHILD" 2> /dev/null && ! kill -0 "-$CHILD" 2> /dev/null
}

# arguments WORD...: --check ends after the guards, --yes says yes, --affects N repeats how many clients lose their push
arguments() {
    CHECK='' YES='' AFFECTS=${NIMDOCTOR_AFFECTS:-}
    while [ "$#" -gt 0 ]; do
        case $1 in
            --check) CHECK=yes ;;
            --yes) YES=yes ;;
            --affects) AFFECTS=${2:-} && shift ;;
            *) refuse "usage: $NAME [--check] [--yes] [--affects N]" ;;
        esac
        shift
    done
}

# fetch_answers: the master answers a tftp request of our own
fetch_answers() { niminfo NIM_MASTER_HOSTNAME && tftp_answers "$VALUE" 69; }

# begin FIXES: what the host is like before the first step; from here on a start that is cut off is put back
begin() {
    fresh
    if [ ! -f "$STATE/begun" ]; then
        rm -f "$STATE/nimsh.ran"
        ! subsystem_is nimsh yes || : > "$STATE/nimsh.ran"
    fi
    echo 0 > "$STATE/at"
    sync
    printf '{"event":"begin","step":null,"at":"%s","fixes":[%s]}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" > "$STATE/begun.new" && mv -f "$STATE/begun.new" "$STATE/begun" && sync
}

# cut_off: an earlier start was; AT is the step that it had reached
cut_off() {
    [ -z "$CHECK" ] || refuse 'an earlier start was cut off: without --check it is taken back, or brought to its end'
    read -r AT < "$STATE/at" || AT=''
    case $AT in '' | *[!0-9]*) refuse "which step an earlier start had reached is not known ($STATE/at): look at the host, then remove $STATE/begun" ;; esac
    SEEN='an earlier start was cut off'
    trap '' HUP INT PIPE TERM
}

# finish: every step was seen to be done
finish() {
    rm -f "$STATE/at" "$STATE/tried" "$STATE/rolled-back"
    mv -f "$STATE/begun" "$STATE/complete" && sync
}

# as_left PATH SUM: nobody has changed it since
as_left() {
    ! file_is "$1" "$2" || return 0
    diff "$STATE/backup$1.new" "$R$1" | sed 1,40p\;d
    return 1
}

# -- files; R is empty but in a simulation

anything() { [ -e "$R$1" ] || [ -h "$R$1" ]; }

# look FILE: INODE, RIGHTS, LINKS, OWNER and SIZE; AIX shows an access control list only with -e, as a plus
look() {
    # shellcheck disable=SC2046,SC2086 # the fields of a row
    set -- $(ls $LISTED "$1" 2> /dev/null) '' '' '' '' '' ''
    INODE=$1 RIGHTS=$2 LINKS=$3 OWNER=$4 SIZE=$6
    [ -n "$SIZE" ]
}

# no_link_above PATH: and every directory on the way is there
no_link_above() {
    ABOVE=${1%/*}
    while [ -n "$ABOVE" ]; do
        SEEN="$ABOVE is a link, or no directory"
        [ ! -h "$R$ABOVE" ] && [ -d "$R$ABOVE" ] || return 1
        ABOVE=${ABOVE%/*}
    done
}

# plain PATH: a regular file of one name, reached through no link
plain() {
    no_link_above "$1" || return 1
    SEEN="$1 is no regular file of one name, or not there"
    [ -f "$R$1" ] && [ ! -h "$R$1" ] && look "$R$1" && [ "$LINKS" = 1 ]
}

# sum_of FILE: checksum and size in $SUM
sum_of() {
    # shellcheck disable=SC2046 # two words
    set -- $(cksum < "$1" 2> /dev/null) '' ''
    SUM="$1 $2"
    [ -n "$2" ]
}

# keep PATH: its backup
keep() {
    plain "$1" || refuse "$SEEN"
    case $RIGHTS in *+) refuse "$1 has an access control list, which would be lost" ;; esac
    { mkdir -p "$STATE/backup${1%/*}" && cp -p "$R$1" "$STATE/backup$1" && cmp -s "$R$1" "$STATE/backup$1"; } || refuse "no backup of $1"
}

# edited FILE PROGRAM: its lines through awk; a missing last newline and a CR before it stay as they are
edited() {
    ENDED=''
    [ -n "$(tail -c 1 "$1")" ] || ENDED=1
    awk -v ended="$ENDED" '
        function put(text) { printf "%s%s", between, text; between = "\n"; some = 1 }
        { dropped = 0; cr = /\r$/ ? "\r" : "" }
        '"$2"'
        { put($0 "") }
        END { if (some && (ended || dropped)) printf "\n" }' "$1"
}

# edit PATH OLD NEW PROGRAM: these lines and no other byte, owner or mode; OLD and NEW are its sums
edit() {
    ! file_is "$1" "$3" || return 0
    file_is "$1" "$2" || return 1
    SEEN="$1 could not be changed as planned"
    edited "$R$1" "$4" > "$STATE/backup$1.new" && sum_of "$STATE/backup$1.new" && [ "$SUM" = "$3" ] || return 1
    [ ! -h "$R$1" ] && cat "$STATE/backup$1.new" > "$R$1" && file_is "$1" "$3"
}

# begins FILE WHOLE: it is just a beginning of the other, as a killed write leaves it
begins() {
    look "$1" || return 1
    [ "$SIZE" != 0 ] || return 0
    dd if="$2" bs="$SIZE" count=1 2> /dev/null | cmp -s - "$1"
}

# edit_back PATH NEW: the former bytes, unless somebody else has changed it since
edit_back() {
    KEPT=$STATE/backup$1
    ! cmp -s "$R$1" "$KEPT" || return 0
    { file_is "$1" "$2" || { plain "$1" && { begins "$R$1" "$KEPT.new" || begins "$R$1" "$KEPT"; }; }; } &&
        cat "$KEPT" > "$R$1" && cmp -s "$R$1" "$KEPT" && touch -r "$KEPT" "$R$1" || not_back "cat $KEPT > $1"
}

# remove PATH: only where the backup has its bytes
remove() {
    plain "$1" || return 1
    SEEN="$1 is no longer as its backup"
    cmp -s "$R$1" "$STATE/backup$1" && rm -f "$R$1"
}

# remove_back PATH: what a command half made in its place gives way to what was there
remove_back() {
    KEPT=$STATE/backup$1
    ! { plain "$1" && cmp -s "$R$1" "$KEPT"; } || return 0
    no_link_above "$1" && rm -f "$R$1" && cp -p "$KEPT" "$R$1" && cmp -s "$R$1" "$KEPT" || not_back "cp -p $KEPT $1"
}

# move FROM TO
move() { renamable "$1" "$2" && mv "$R$1" "$R$2"; }

move_back() { anything "$1" || ! anything "$2" || move "$2" "$1" || not_back "mv $2 $1"; }

# half_aside PATH: a half-made tree of an earlier start is renamed before it is made again
half_aside() {
    [ -f "$STATE/tried" ] && anything /ssl_nimsh || return 0
    ASIDE=$1 NUMBER=2
    while anything "$ASIDE"; do ASIDE=$1.$NUMBER NUMBER=$((NUMBER + 1)); done
    move /ssl_nimsh "$ASIDE" && say "the half-made /ssl_nimsh is now $ASIDE"
}

# watched: of the files that commands bring, and their directories, which are there
watched() {
    for FILE in "$R"/ssl_nimsh "$R"/ssl_nimsh/certs "$R"/etc/niminfo "$R"/usr/lib/libssl.so* "$R"/usr/lib/libcrypto.so* "$R"/ssl_nimsh/certs/*; do
        [ ! -e "$FILE" ] || printf '%s\n' "${FILE#"$R"}"
    done
}

# new_gone N PATTERN...: what a command brought since step N began goes; what was there stays
new_gone() {
    THERE=$STATE/there.$1
    shift
    [ -f "$THERE" ] || return 0
    watched > "$WORK/watched"
    while read -r NEW; do
        grep -Fx "$NEW" "$THERE" > /dev/null || for PATTERN in "$@"; do
            # shellcheck disable=SC2254 # a pattern
            case $NEW in
                $PATTERN) [ ! -f "$R$NEW" ] || [ -h "$R$NEW" ] || rm -f "$R$NEW" || not_back "rm $NEW" ;;
            esac
        done
    done < "$WORK/watched"
    for NEW in /ssl_nimsh/certs /ssl_nimsh; do
        grep -Fx "$NEW" "$THERE" > /dev/null || rmdir "$R$NEW" 2> /dev/null
    done
}

# nimsh_as_before: it runs where it ran before the first step, and does not where it did not
nimsh_as_before() {
    fresh
    if [ -f "$STATE/nimsh.ran" ]; then
        subsystem_is nimsh yes || run 60 startsrc -s nimsh || not_back 'startsrc -s nimsh'
    elif subsystem_is nimsh yes; then
        run 60 stopsrc -s nimsh || not_back 'stopsrc -s nimsh'
    fi
}

# stands: how nimsh is left
stands() {
    fresh
    subsystem_is nimsh yes
    crypto_is on
    say "Now: nimsh is active: ${ACTIVE:-not known}; its crypto is ${SEEN:-not known}" >&2
}

# wait_for WORDS: what the other end does in between; whatever the answer, what was opened here is closed again
wait_for() {
    printf '%s' "$1"
    read -r ANSWER || say 'nobody answers'
}

# room KB: as much is free where the state directory is
room() {
    SEEN=$(df -Pk "$STATE" 2> /dev/null | awk '
        NR > 1 { row = row " " $0 }
        END { $0 = row; for (i = 3; i < NF; i++) if ($i ~ /%$/) { kb = $(i - 1); print (kb > 1000000000 ? 1000000000 : kb); exit } }')
    [ "${SEEN:-0}" -ge "$1" ]
}

# -- state and lock

own_state() {
    LISTED=-dil
    [ "$(uname -s)" != AIX ] || LISTED=-dile
    mkdir -p "${BASE%/*}"
    for OWN in "$BASE" "$BASE/changes" "$STATE" "$STATE/work.$$"; do
        [ ! -h "$OWN" ] && { [ -d "$OWN" ] || mkdir -m 700 "$OWN"; } && look "$OWN" && [ "$OWNER" = "$(id -un)" ] || refuse "$OWN is not our own directory"
        case $RIGHTS in ?????w* | ????????w* | *+) refuse "others may write in $OWN ($RIGHTS)" ;; esac
    done
    WORK=$STATE/work.$$
}

# lock: the one that nimdoctor takes too; one whose process is gone is taken over
lock() {
    mkdir -m 700 "$BASE/lock.d" 2> /dev/null || {
        HOLDER=$(cat "$BASE/lock.d/pid" 2> /dev/null)
        { [ -n "$HOLDER" ] && ! kill -0 "$HOLDER" 2> /dev/null; } || refuse "process ${HOLDER:-of no name} holds $BASE/lock.d: wait for its end, or remove that if nothing of nimdoctor runs"
        mv "$BASE/lock.d" "$WORK/stale" 2> /dev/null || refuse "somebody else takes $BASE/lock.d just now"
        [ "$(cat "$WORK/stale/pid")" = "$HOLDER" ] || {
            mv "$WORK/stale" "$BASE/lock.d"
            refuse "somebody else takes $BASE/lock.d just now"
        }
        mkdir -m 700 "$BASE/lock.d" 2> /dev/null || refuse "somebody else takes $BASE/lock.d just now"
    }
    LOCKED=yes
    echo "$$" > "$BASE/lock.d/pid"
}

let_go() {
    [ -z "$LOCKED" ] || rm -rf "$BASE/lock.d"
    [ -z "$WORK" ] || rm -rf "$WORK"
}

# no_open_run: neither of nimdoctor nor of another package
no_open_run() {
    for OTHER in "$BASE"/runs/*/journal.jsonl "$BASE"/scripts/*/state "$BASE"/changes/*/begun; do
        [ -f "$OTHER" ] && [ "$OTHER" != "$STATE/begun" ] || continue
        SEEN="$OTHER is of one that is not at its end: finish it or take it back first (nimdoctor runs)"
        case $(awk '
            BEGIN { state = "running" }
            /^[a-z-]+$/ { state = $0 }
            /^[{]"event":"complete".*[}]$/ { state = "complete"; if (match($0, /"state":"[a-z-]*"/)) state = substr($0, RSTART + 9, RLENGTH - 10) }
            /^[{]"event":"proved".*[}]$/ { state = "complete" }
            /^[{]"event":"stopped".*[}]$/ { state = "stopped" }
            /^[{]"event":"(rollback|undo|undone)".*[}]$/ { state = "rolling-back" }
            /^[{]"event":"(begin|done|resume)".*[}]$/ { state = "running" }
            END { print state }' "$OTHER") in
            complete | applied-unverified | restored | rolled-back | abandoned | refused) ;;
            *) return 1 ;;
        esac
    done
}
