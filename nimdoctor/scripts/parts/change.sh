# The library of a change package. Each script gets what it calls.
# ksh88: a function shares all variables with its caller, but not its traps; those that are ignored stay ignored in it.

say() { printf '%s: %s\n' "$NAME" "$*"; }

refuse() { say "refused, nothing was done: $*" >&2; exit 1; }

arguments() {
    for WORD in "$@"; do
        case $WORD in --check) CHECK=yes ;; --yes) YES=yes ;; --affects) ;; *[!0-9]* | '') refuse "usage: $NAME [--check] [--yes] [--affects N]" ;; *) AFFECTS=$WORD ;; esac
    done
}

guard() { # WHAT CONDITION...: the first that does not hold, or cannot be told, ends the script
    WHAT=$1 SEEN='' && shift
    "$@" || refuse "needs: $WHAT. Seen: ${SEEN:-no answer}"
}

see() { # WHAT CONDITION...: a fresh look, four times, a second apart, since daemons take a moment
    WHAT=$1 TRIES=4 && shift
    until SEEN='' && "$@"; do
        SEEN="not seen: $WHAT, but ${SEEN:-no answer}" TRIES=$((TRIES - 1))
        [ "$TRIES" -gt 0 ] && sleep 1 || return 1
    done
}

never() { SEEN=$1 && return 1; }

ask_yes() {
    [ -z "$CHECK$YES" ] || return 0
    printf '%s Type yes: ' "$1"
    read -r ANSWER && [ "$ANSWER" = yes ] || refuse "it was not confirmed: $1"
}

# -- commands

limited() { # SECONDS COMMAND...: the host's own command; at its deadline it is ended with all that it started, 124 then
    LIMIT=$1 PROGRAM=$R/usr/sbin/$2
    [ -x "$PROGRAM" ] || PROGRAM=$R/usr/bin/$2
    shift 2
    rm -f "$WORK/status"
    [ -z "$BEGUN" ] || trap 'STOPPED=yes' HUP INT TERM # heeded when the block is at its end
    { set -m; } 2> /dev/null # with job control it leads a process group
    (
        { set +m; } 2> /dev/null
        trap - EXIT HUP INT PIPE TERM
        "$PROGRAM" "$@"
        echo "$?" > "$WORK/status"
    ) < /dev/null &
    CHILD=$!
    { set +m; } 2> /dev/null
    [ -z "$ACTING" ] || echo "$CHILD -$CHILD" >> "$LOCKED/pid"
    (
        trap - EXIT
        trap '' HUP INT TERM
        while [ "$LIMIT" -gt 0 ] && kill -0 "$CHILD"; do sleep 1 && LIMIT=$((LIMIT - 1)); done
        kill -0 "$CHILD" && end_tree && end_tree
    ) > /dev/null 2>&1 < /dev/null &
    WATCH=$!
    { while kill -0 "$CHILD"; do wait "$CHILD"; done; } 2> /dev/null
    [ -z "$BEGUN" ] || trap '' HUP INT TERM
    { kill -KILL "$WATCH" && wait "$WATCH"; } 2> /dev/null
    CODE=124
    [ ! -f "$WORK/status" ] || read -r CODE < "$WORK/status"
    return "$CODE"
}

end_tree() { # the process group that the child leads, where the shell made one, and all that descends from it
    kill -KILL $(ps -eo pid,ppid,pgid | awk -v top="$CHILD" '
        { parent[$1] = $2; if ($1 == top || $3 == top) mine[$1] = 1 }
        END {
            do { more = 0; for (pid in parent) if (!(pid in mine) && (parent[pid] in mine)) more = mine[pid] = 1 } while (more)
            print top; for (pid in mine) if (pid != top) print pid
        }')
}

run() { # SECONDS COMMAND...: does it; of one that was ended at its deadline what is seen afterwards decides
    LOG=$STATE/log.$2 ACTING=yes
    limited "$@" >> "$LOG" 2>&1
    CODE=$? ACTING='' SEEN="$2 ended with status $CODE: $(tail -n 1 "$LOG")"
    [ "$CODE" != 124 ] || say "$2 was ended after $1 s"
    [ "$CODE" = 0 ] || [ "$CODE" = 124 ]
}

ask() { # COMMAND...: its output in $OUT and its status in $CODE; false where it did not answer in 30 s
    OUT=$WORK/out
    limited 30 "$@" > "$OUT" 2>&1
    CODE=$? SEEN="no answer of $*"
    [ "$CODE" != 124 ] && [ "$CODE" != 127 ]
}

answered() { ask "$@" && [ "$CODE" = 0 ] && [ -s "$OUT" ]; } # COMMAND...: it ended well and said something

says() { # WORD COMMAND...: that is the first word of its answer
    WANTED=$1 && shift && answered "$@" && SEEN=$(awk 'NF { print $1; exit }' "$OUT") && [ "$SEEN" = "$WANTED" ]
}

# -- marks

begin() { # from here on a start that is cut off is put back; nimdoctor reads the mark as it reads the journal of a run
    echo 0 > "$STATE/at"
    printf '{"event":"begin","step":null,"at":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" > "$STATE/begun.new" && sync &&
        mv -f "$STATE/begun.new" "$STATE/begun" && sync || refuse 'no mark can be written'
}

cut_off() { # an earlier start was; AT is the step that it had reached
    [ -z "$CHECK" ] || refuse 'an earlier start was cut off: without --check it is taken back, or brought to its end'
    AT=$(cat "$STATE/at")
    case $AT in '' | *[!0-9]*) refuse "which step an earlier start had reached is not known ($STATE/at): look at the host, then remove $STATE/begun" ;; esac
    SEEN='an earlier start was cut off'
}

step() { # N WHAT: from here on way back N counts
    AT=$1 SEEN='no mark could be written'
    say "step $1: $2"
    echo "$1" > "$STATE/at.new" && mv -f "$STATE/at.new" "$STATE/at" && sync && SEEN='it could not be done'
}

block_end() { SEEN='a signal came' && [ -z "$STOPPED" ]; } # whether a signal has come meanwhile, which stops the script here

behind() { [ "$AT" -ge "$1" ] && [ "$AT" -le "$2" ]; } # N M: whether step N, or one after it up to the next without undo, M, was reached

not_back() { STAYS=yes; say "NOT PUT BACK, do it by hand: $*" >&2; }

fetch_answers() { niminfo NIM_MASTER_HOSTNAME && tftp_answers "$VALUE" 69; } # the master answers a tftp request of our own

# -- files; R is empty but in a simulation

anything() { [ -e "$R$1" ] || [ -h "$R$1" ]; }

look() { # FILE: RIGHTS, LINKS, OWNER and SIZE; AIX shows an access control list only with -e, as a plus
    set -- $(ls -dle "$1" 2> /dev/null || ls -dl "$1" 2> /dev/null) '' '' '' '' ''
    RIGHTS=$1 LINKS=$2 OWNER=$3 SIZE=$5
    [ -n "$SIZE" ]
}

no_link_above() { # PATH: and every directory on the way is there
    ABOVE=${1%/*}
    while [ -n "$ABOVE" ]; do
        SEEN="$ABOVE is a link, or no directory"
        [ ! -h "$R$ABOVE" ] && [ -d "$R$ABOVE" ] && ABOVE=${ABOVE%/*} || return 1
    done
}

plain() { # PATH: a regular file of one name, reached through no link
    no_link_above "$1" || return 1
    SEEN="$1 is no regular file of one name, or not there"
    [ -f "$R$1" ] && [ ! -h "$R$1" ] && look "$R$1" && [ "$LINKS" = 1 ]
}

sum_of() { set -- $(cksum < "$1") && SUM="$1 $2"; } # FILE: checksum and size in $SUM

keep() { # PATH: its backup
    plain "$1" || refuse "$SEEN"
    case $RIGHTS in *+) refuse "$1 has an access control list, which would be lost" ;; esac
    mkdir -p "$STATE/backup${1%/*}" && cp -p "$R$1" "$STATE/backup$1" && cmp -s "$R$1" "$STATE/backup$1" || refuse "no backup of $1"
}

edit() { # PATH OLD NEW PROGRAM: its lines through awk, and no other byte, owner or mode; OLD and NEW are its sums
    file_is "$1" "$2" || return 1
    FROM=$R$1
    [ -s "$FROM" ] || { FROM=$WORK/line && echo > "$FROM"; } # an empty file has one line without an end
    awk -v ended="$(tail -c 1 "$R$1" | wc -l)" '
        function put(text) { printf "%s%s", between, text; between = "\n" }
        { dropped = 0; cr = /\r$/ ? "\r" : "" }
        '"$4"'
        { put($0) }
        END { if (between && (ended + 0 || dropped)) printf "\n" }' "$FROM" > "$STATE/backup$1.new"
    SEEN="$1 could not be changed as planned"
    sum_of "$STATE/backup$1.new" && [ "$SUM" = "$3" ] && cat "$STATE/backup$1.new" > "$R$1" && file_is "$1" "$3"
}

edit_back() { # PATH NEW: the former bytes, unless somebody else has changed it; of a write that was cut off there is a beginning
    KEPT=$STATE/backup$1
    ! cmp -s "$R$1" "$KEPT" || return 0
    { file_is "$1" "$2" || { plain "$1" && { cmp "$KEPT.new" "$R$1"; cmp "$KEPT" "$R$1"; } 2>&1 | grep -F "EOF on $R$1" > /dev/null; }; } &&
        cat "$KEPT" > "$R$1" && cmp -s "$R$1" "$KEPT" && touch -r "$KEPT" "$R$1" || not_back "cat $KEPT > $1"
}

as_left() { file_is "$1" "$2" || { diff "$STATE/backup$1.new" "$R$1" | sed 1,40p\;d && return 1; }; } # PATH SUM: nobody has changed it since

remove() { plain "$1" && SEEN="$1 is no longer as its backup" && cmp -s "$R$1" "$STATE/backup$1" && rm -f "$R$1"; } # PATH: only where the backup has its bytes

remove_back() { # PATH: what a command half made in its place gives way to what was there
    KEPT=$STATE/backup$1
    ! { plain "$1" && cmp -s "$R$1" "$KEPT"; } || return 0
    no_link_above "$1" && rm -f "$R$1" && cp -p "$KEPT" "$R$1" && cmp -s "$R$1" "$KEPT" || not_back "cp -p $KEPT $1"
}

# move FROM TO
move() { renamable "$1" "$2" && mv "$R$1" "$R$2"; }

move_back() { anything "$1" || ! anything "$2" || move "$2" "$1" || not_back "mv $2 $1"; }

half_aside() { # PATH: a half-made tree of an earlier start is renamed before it is made again
    [ -f "$STATE/tried" ] && anything /ssl_nimsh || return 0
    ASIDE=$1 NUMBER=2
    while anything "$ASIDE"; do ASIDE=$1.$NUMBER NUMBER=$((NUMBER + 1)); done
    move /ssl_nimsh "$ASIDE" && say "the half-made /ssl_nimsh is now $ASIDE"
}

present() { for PATTERN in /ssl_nimsh /ssl_nimsh/certs "$@"; do ls -d "$R"$PATTERN 2> /dev/null; done; } # PATTERN...: which files of these names there are

new_gone() { # N PATTERN...: what a command brought since step N began goes; what was there stays
    THERE=$STATE/there.$1 && shift
    for PATTERN in "$@"; do
        for NEW in "$R"$PATTERN; do
            [ ! -f "$NEW" ] || [ -h "$NEW" ] || grep -Fx "$NEW" "$THERE" > /dev/null || rm -f "$NEW" || not_back "rm $NEW"
        done
    done
    for NEW in "$R/ssl_nimsh/certs" "$R/ssl_nimsh"; do grep -Fx "$NEW" "$THERE" > /dev/null || rmdir "$NEW" 2> /dev/null; done
}

nimsh_ran() { rm -f "$STATE/nimsh.ran" && { ! subsystem_is nimsh yes || : > "$STATE/nimsh.ran"; }; } # marks whether it runs before the first step

nimsh_as_before() { # it runs where it ran before the first step, and does not where it did not
    if [ -f "$STATE/nimsh.ran" ]; then
        subsystem_is nimsh yes || run 60 startsrc -s nimsh || not_back startsrc -s nimsh
    elif subsystem_is nimsh yes; then
        run 60 stopsrc -s nimsh || not_back stopsrc -s nimsh
    fi
    subsystem_is nimsh yes
    crypto_is on
    say "Now: nimsh is active: ${ACTIVE:-not known}; its crypto is ${SEEN:-not known}"
}

wait_for() { # WORDS: what the other end does in between; whatever the answer, what was opened here is closed again
    printf '%s' "$1"
    read -r ANSWER || say 'nobody answers'
}

room() { SEEN=$(df -Pk "$STATE" | awk 'NR == 2 { print ($4 > 999999 ? 999999 : $4) }') && [ "${SEEN:-0}" -ge "$1" ]; } # KB: as much is free where the state directory is

# -- state and lock

own_state() { # marks and backups are ours alone, and behind no link
    MINE=$(id -un)
    mkdir -p "${BASE%/*}"
    for OWN in "$BASE" "$BASE/changes" "$STATE" "$STATE/work.$$"; do
        [ -d "$OWN" ] || mkdir -m 700 "$OWN"
        look "$OWN"
        case $OWNER:$RIGHTS in "$MINE":d????-??-? | "$MINE":d????-??-?[.-]) ;; *) refuse "$OWN is not our own directory, or others may write in it ($OWNER $RIGHTS)" ;; esac
    done
    WORK=$STATE/work.$$
}

lock() { # the one that nimdoctor takes too; one whose process, and the command that it ran, are gone is taken over
    LOCK=$BASE/lock.d
    mkdir -m 700 "$LOCK" 2> /dev/null || {
        HOLDER=$(sed -n '1p;$p' "$LOCK/pid" 2> /dev/null)
        for PID in ${HOLDER:-0}; do
            case $PID in *[!0-9-]*) ! : ;; *) ! kill -0 "$PID" 2> /dev/null ;; esac || refuse "process $PID holds $LOCK (ps -fp $PID): wait for its end, or remove that if nothing of nimdoctor runs"
        done
        mv "$LOCK" "$WORK/stale" 2> /dev/null && [ "$(sed -n '1p;$p' "$WORK/stale/pid")" = "$HOLDER" ] && mkdir -m 700 "$LOCK" 2> /dev/null || {
            [ -d "$LOCK" ] || mv "$WORK/stale" "$LOCK"
            refuse "somebody else takes $LOCK just now"
        }
    }
    LOCKED=$LOCK
    echo "$$" > "$LOCK/pid"
}

no_open_run() { # neither of nimdoctor nor of another package
    for OTHER in "$BASE"/runs/*/journal.jsonl "$BASE"/changes/*/begun; do
        [ -f "$OTHER" ] && [ "$OTHER" != "$STATE/begun" ] || continue
        SEEN="$OTHER is of one that is not at its end: finish it or take it back first (nimdoctor runs)"
        awk '/^[{]"event":".*[}]$/ && !/^[{]"event":"followed"/ { ended = /^[{]"event":"(complete|proved)"/ && !/"state":"(running|stopped|rolling-back)"/ }
            END { exit !ended }' "$OTHER" || return 1
    done
}
